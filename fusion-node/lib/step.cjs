"use strict";
// What can be called while a graph is built: steps, durable functions, workflows, commands, waits.

const { building, build, closed } = require("./builder.cjs");
const { DurableContext, StepContext } = require("./context.cjs");
const { milliseconds } = require("./duration.cjs");
const { DefinitionError } = require("./errors.cjs").public;
const { Expression, inline } = require("./node.cjs");
const { check } = require("./policy.cjs");

/** Makes a function that adds nodes, with the methods of its kind. */
function callable(fields) {
  const self = (...args) => building(`\`${fields.name}\``).call(self, args);
  Object.setPrototypeOf(self, Callable);
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(self, key, { value, enumerable: true, configurable: true });
  }
  return self;
}

const Callable = Object.create(Function.prototype, {
  map: {
    value(over, ...rest) {
      return building(`\`${this.name}.map\``).map(this, over, rest);
    },
  },
  with: {
    value(options) {
      check(options, `\`${this.name}.with\``);
      const { name, body, kind, definition, action } = this;
      return callable({ name, body, kind, definition, action, options: { ...this.options, ...options } });
    },
  },
  until: {
    value(condition, { max = 100, pause } = {}) {
      return this.with({ until: condition, max, pause });
    },
  },
});

/** Makes a step; with the kind `durable`, a durable function. */
function makeStep(name, body, options, kind = "step") {
  const isStep = kind === "step";
  check(options, `${isStep ? "step" : "durable function"} \`${name}\``, isStep ? ["context"] : []);
  return callable({ name, body, options, kind, action: () => ({ step: name }) });
}

/** Makes a step whose code another process has. */
function elsewhere(name, options) {
  check(options, `step \`${name}\``, ["elsewhere"]);
  const body = () => {
    throw new DefinitionError(`the code of step \`${name}\` is elsewhere`, {
      code: "FU0205",
      hint: "use it in a workflow: the run goes on in a process that has the code",
    });
  };
  return callable({ name, body, options, kind: "step", action: () => ({ step: name }) });
}

/** Makes a workflow. */
function makeWorkflow(name, body, options) {
  return callable({ name, body, options: {}, kind: "workflow", definition: options, action: () => ({ workflow: name }) });
}

/** Makes a command: a program and its arguments. */
function command(argv, { stdin, cwd, env, ...options } = {}) {
  const builder = building("command");
  check(options, "command");
  const program = { argv: argv.map(text) };
  if (stdin !== undefined) program.stdin = text(stdin);
  if (cwd !== undefined) program.cwd = text(cwd);
  if (env !== undefined) program.env = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, text(value)]));
  return builder.add(String(argv[0]).replaceAll(/[^\w.-]+/g, "-").replace(/^-+/, "") || "command", { run: { action: { command: program } } }, options);
}

function waiting(name, spec) {
  return building(`wait.${name}`).add(name, { wait: spec });
}

function text(value) {
  return value instanceof Expression ? `{{ ${value.expression} }}` : inline(String(value));
}

/** Nodes that wait. */
const wait = Object.freeze({
  sleep: (length) =>
    waiting("sleep", { duration: length instanceof Expression ? text(length) : `${milliseconds(length, "wait.sleep")}ms` }),
  until: (moment) => waiting("until", { until: moment instanceof Date ? String(moment.getTime()) : text(moment) }),
  signal: (name, { timeout } = {}) =>
    waiting(`signal-${String(name).replaceAll(/[^\w.-]+/g, "-")}`, {
      signal: { name: text(name), ...limit(timeout, "wait.signal") },
    }),
  approval: (message, { role = "", timeout } = {}) =>
    waiting("approval", { approval: { role, message: text(message), ...limit(timeout, "wait.approval") } }),
});

function limit(timeout, what) {
  return timeout === undefined ? {} : { timeout_ms: milliseconds(timeout, what) };
}

/** An expression over inputs and nodes, in the words of templates. */
function expr(expression) {
  return new Expression(String(expression));
}

/** Takes what the engine hands to a body apart. */
function argumentsOf(input) {
  if (input === null) return [];
  if (typeof input === "object" && Array.isArray(input.$args)) return input.$args;
  return [input];
}

/** What the bridge calls for one step, or for a workflow whose graph is made here. */
function invocable(made, bridge, staff) {
  const { name, body, kind, options, definition } = made;
  const what = `the result of step \`${name}\``;
  if (kind === "workflow") {
    const invoke = (_call, input) => {
      const graph = build(name, body, definition, argumentsOf(input));
      for (const one of graph.agents) staff.add(one);
      return JSON.stringify(closed(graph));
    };
    return { invoke, what, givesGraph: true };
  }
  if (kind === "durable") {
    return { what, invoke: (call, input) => body(new DurableContext(bridge, call, staff), ...argumentsOf(input)) };
  }
  if (options.context) {
    return { what, invoke: (call, input) => body(new StepContext(bridge, call, staff), ...argumentsOf(input)) };
  }
  return {
    what,
    invoke: (_call, input) => {
      if (input === null) return body();
      return typeof input === "object" && Array.isArray(input.$args) ? body(...input.$args) : body(input);
    },
  };
}

module.exports = { command, elsewhere, expr, invocable, makeStep, makeWorkflow, wait };
