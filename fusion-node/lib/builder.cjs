"use strict";
// Graphs from calls: while a workflow's function runs, every call of a step adds a node.

const { pure } = require("./codec.cjs");
const { milliseconds } = require("./duration.cjs");
const { DefinitionError } = require("./errors.cjs").public;
const { Node, bundle, inline, isTemplate, itemBundle, taskOf, template } = require("./node.cjs");
const { checksOf, policyOf } = require("./policy.cjs");

/** The graph that is built now, if one is. */
let current;

/** Gives the graph that is built now. */
function building(what) {
  if (current === undefined) {
    throw new DefinitionError(`${what} was called outside of a workflow`, {
      code: "FU0205",
      hint: "inside app.workflow(…) a call adds a node to the graph; to run the plain function, call its `.body(…)`",
    });
  }
  return current;
}

class Builder {
  constructor(name, { version = 1, description, onFailure } = {}) {
    this.graph = { name, version, nodes: [], inputs: {}, outputs: {} };
    if (description !== undefined) this.graph.description = description;
    if (onFailure !== undefined) this.graph.on_failure = onFailure;
    this.ids = new Set();
    this.counts = new Map();
    this.agents = new Set();
  }

  /** Adds a node; a name that is taken gets a number. */
  add(name, kind, options = {}) {
    let count = (this.counts.get(name) ?? 0) + 1;
    let id = count === 1 ? name : `${name}-${count}`;
    while (this.ids.has(id)) id = `${name}-${++count}`;
    this.counts.set(name, count);
    this.ids.add(id);
    const spec = { id, kind };
    const more = {};
    const policy = policyOf(options);
    if (policy !== undefined) more.policy = policy;
    if (options.validate !== undefined) more.validate = checksOf(options.validate);
    if (Object.keys(more).length > 0) spec.more = more;
    this.graph.nodes.push(spec);
    const node = new Node(this, spec);
    if (options.fallback !== undefined) node.fallback(options.fallback);
    if (options.compensate !== undefined) node.undo(options.compensate);
    return node;
  }

  rename(node, id) {
    if (this.ids.has(id)) throw new DefinitionError(`there are two nodes \`${id}\``, { code: "FU0208" });
    this.ids.delete(node.spec.id);
    this.ids.add(id);
    node.spec.id = id;
  }

  /** Adds a node that runs what can be called. */
  call(callable, args) {
    return this.run(callable.name, callable, this.arguments(args));
  }

  /** Adds a node that runs what can be called for each item of a list. */
  map(callable, over, rest) {
    const write = (value) => this.value(value);
    return this.run(callable.name, callable, itemBundle(rest, write), template(over, write));
  }

  /** Adds a node that runs an action; with `over`, for each item of that list. */
  run(name, { action, kind, options }, given, over) {
    const node = this.add(name, kindOf(taskOf(action(), given), over, options), options);
    if (kind === "workflow") node.gives = over === undefined ? "result" : "results";
    return node;
  }

  arguments(args) {
    return bundle(args, (value) => this.value(value));
  }

  /** Writes a value without nodes into the graph. */
  value(value) {
    return inline(value);
  }
}

/** A graph that a workflow's function builds from arguments: values stay outside, so that the graph stays the same. */
class Built extends Builder {
  constructor(name, options, args) {
    super(name, options);
    this.args = args;
    this.given = pure(args, `the arguments of workflow \`${name}\``);
    this.values = [];
    this.isFrom = false;
  }

  value(value) {
    const place = typeof value === "boolean" || value === null ? -1 : this.args.indexOf(value);
    if (place >= 0) {
      this.isFrom = true;
      return `{{ inputs.args[${place}] }}`;
    }
    const plain = pure(value, "an argument");
    if (typeof plain === "object" ? plain !== null : typeof plain === "string" && isTemplate(plain)) {
      this.values.push(plain);
      return `{{ inputs.values[${this.values.length - 1}] }}`;
    }
    return plain;
  }

  finish(result) {
    this.graph.outputs.result = result === undefined ? null : template(result, (value) => this.value(value));
    this.graph.inputs.args = { type: "array" };
    if (this.values.length > 0) this.graph.inputs.values = { type: "array" };
    const input = { args: this.given };
    if (this.values.length > 0) input.values = this.values;
    return { graph: this.graph, input, agents: this.agents };
  }
}

/** The kind of a node that runs a task: once, until a condition holds, or for each item of a list. */
function kindOf(task, over, { until, max = 100, pause, maxParallel = 16, onItemFailure }) {
  if (over === undefined) {
    if (until === undefined) return { run: task };
    return { repeat: { task, until, max, pause_ms: pause === undefined ? 0 : milliseconds(pause, "pause") } };
  }
  if (until !== undefined) {
    throw new DefinitionError("a node cannot run for each item and until a condition holds at once", {
      code: "FU0204",
      hint: "put the loop into a workflow of its own, and map over that",
    });
  }
  const map = { over, task, max_parallel: maxParallel };
  if (onItemFailure !== undefined) map.on_item_failure = onItemFailure;
  return { map };
}

/** Builds the graph of a workflow: `{ graph, input }`. */
function build(name, body, options, args) {
  const builder = new Built(name, options, args);
  const before = current;
  current = builder;
  let result;
  try {
    result = body(...args);
  } finally {
    current = before;
  }
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new DefinitionError(`the function of workflow \`${name}\` must not be async: it only builds the graph`, {
      code: "FU0204",
      hint: "what has to be awaited belongs into a step; for code that awaits steps there is app.durable(…)",
    });
  }
  return builder.finish(result);
}

/** A graph whose inputs have their values with them, for a run that has no input of its own. */
function closed({ graph, input }) {
  const inputs = Object.entries(graph.inputs).map(([name, declared]) => [name, { ...declared, default: input[name] }]);
  return { ...graph, inputs: Object.fromEntries(inputs) };
}

module.exports = { Builder, build, building, closed };
