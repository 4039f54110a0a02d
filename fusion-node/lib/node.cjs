"use strict";
// Nodes of a graph while it is built, and the templates that stand for them.

const { pure } = require("./codec.cjs");
const { InputError } = require("./errors.cjs").public;

/** What has a template for a value that is not there yet. */
class Expression {
  constructor(text) {
    this.expression = text;
  }

  get(key) {
    return new Expression(`${this.whole()}[${JSON.stringify(String(key))}]`);
  }

  at(index) {
    return new Expression(`${this.whole()}[${Number(index)}]`);
  }

  whole() {
    return this.expression.includes(" ") ? `(${this.expression})` : this.expression;
  }

  [Symbol.toPrimitive]() {
    throw new InputError("a node has no value while the graph is built: give it to a step, which gets its output", {
      code: "FU0101",
      hint: "what depends on an output belongs into a step, a condition is `node.when(other)`",
    });
  }

  then(resolve, reject) {
    reject?.(new InputError("a node cannot be awaited: a workflow builds a graph, and the run's result is awaited", { code: "FU0101" }));
  }
}

/** A vertex of a graph that is built. */
class Node extends Expression {
  #owner;

  constructor(owner, spec) {
    super("");
    this.#owner = owner;
    this.spec = spec;
    this.isUsed = false;
    // What of the output is the value: a workflow's is in the map of its outputs.
    this.gives = "output";
  }

  get id() {
    return this.spec.id;
  }

  get expression() {
    this.isUsed = true;
    const output = `nodes[${JSON.stringify(this.spec.id)}]`;
    switch (this.gives) {
      case "result":
        return `${output}.result`;
      case "results":
        return `${output} | map(attribute="result") | list`;
      default:
        return output;
    }
  }

  set expression(_) {
    // The name of a node may change until somebody uses it.
  }

  /** Gives the node another name. */
  named(id) {
    if (this.isUsed) throw new InputError(`the node \`${this.id}\` has been used already: name it where it is made`, { code: "FU0101" });
    this.#owner.rename(this, id);
    return this;
  }

  /** Starts the node after others whose outputs it does not use. */
  after(...nodes) {
    const needs = new Set(this.spec.needs);
    for (const node of nodes.flat()) {
      if (!(node instanceof Node)) throw new InputError("`after` takes nodes", { code: "FU0101" });
      node.isUsed = true;
      needs.add(node.id);
    }
    this.spec.needs = [...needs];
    return this;
  }

  /** Skips the node unless a condition holds. */
  when(condition) {
    const text = conditionOf(condition);
    const before = this.more().when;
    this.more().when = before === undefined ? text : `(${before}) and (${text})`;
    return this;
  }

  /** Skips the node if a condition holds. */
  unless(condition) {
    return this.when(`not (${conditionOf(condition)})`);
  }

  /** Runs a step when all attempts have failed; without arguments the engine gives it those of the node. */
  fallback(step, ...args) {
    this.more().fallback = taskOf(actionOf(step), this.#owner.arguments(args));
    return this;
  }

  /** Runs a step when the run fails later; without arguments it gets the node's output. */
  undo(step, ...args) {
    this.more().compensate = taskOf(actionOf(step), args.length > 0 ? this.#owner.arguments(args) : "{{ output }}");
    return this;
  }

  more() {
    this.spec.more ??= {};
    return this.spec.more;
  }
}

function actionOf(step) {
  if (typeof step?.action !== "function") throw new InputError("this is no step", { code: "FU0101" });
  return step.action();
}

/** Gives the task that runs an action; `given` is `null` where it gets nothing. */
function taskOf(action, given) {
  return given === null ? { action } : { action, with: given };
}

function conditionOf(condition) {
  if (condition instanceof Expression) return condition.expression;
  if (typeof condition === "string") return condition;
  if (typeof condition === "boolean") return condition ? "true" : "false";
  throw new InputError("a condition is a node, an expression as text, or true or false", { code: "FU0101" });
}

/** Tells whether a text would be taken for a template. */
function isTemplate(text) {
  return text.includes("{{") || text.includes("{%") || text.includes("{#");
}

/** Writes a text so that templates leave it as it is. */
function verbatim(text) {
  return isTemplate(text) ? `{{ ${JSON.stringify(text)} }}` : text;
}

function holdsNode(value, depth = 0) {
  if (typeof value !== "object" || value === null || depth > 20) return false;
  if (value instanceof Expression) return true;
  if (Array.isArray(value)) return value.some((item) => holdsNode(item, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).some((item) => holdsNode(item, depth + 1));
}

/** Writes a value as data with templates for the nodes in it; `whole` writes what has none. */
function template(value, whole) {
  if (value instanceof Expression) return `{{ ${value.expression} }}`;
  if (!holdsNode(value)) return whole(value);
  if (Array.isArray(value)) return value.map((item) => template(item, whole));
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, template(item, whole)]));
}

/** Writes a value without nodes so that no text in it is taken for a template. */
function inline(value) {
  const safe = (item) => {
    if (typeof item === "string") return verbatim(item);
    if (Array.isArray(item)) return item.map(safe);
    if (typeof item === "object" && item !== null) {
      return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, safe(inner)]));
    }
    return item;
  };
  return safe(pure(value, "an argument"));
}

/** Puts the arguments of a call into one value: one argument is itself, several are a list with a mark. */
function bundle(args, write) {
  const given = args.slice();
  while (given.length > 0 && given.at(-1) === undefined) given.pop();
  if (given.length === 0) return null;
  if (given.length === 1 && given[0] !== null && given[0] !== undefined) return template(given[0], write);
  return { $args: given.map((argument) => template(argument, write)) };
}

/** The arguments of a call for each item of a list: the item, and what all calls get. */
function itemBundle(rest, write) {
  return rest.length === 0 ? null : { $args: ["{{ item }}", ...rest.map((one) => template(one, write))] };
}

module.exports = { Expression, Node, bundle, inline, isTemplate, itemBundle, taskOf, template };
