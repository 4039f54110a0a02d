"use strict";
// Graphs that are put together from data, node by node.

const { Builder } = require("./builder.cjs");
const { Expression, Node, bundle, inline, itemBundle, template } = require("./node.cjs");
const { DefinitionError, InputError } = require("./errors.cjs").public;
const { check } = require("./policy.cjs");

/** A graph that is put together node by node. Its inputs are declared, and given by name when a run starts. */
class Graph {
  #builder;
  #steps = new Map();

  constructor(name, { inputs = {}, ...options } = {}) {
    this.#builder = new Builder(name, options);
    const declared = Object.entries(inputs).map(([key, input]) => [key, typeof input === "string" ? { type: input } : input]);
    this.#builder.graph.inputs = Object.fromEntries(declared);
  }

  get name() {
    return this.#builder.graph.name;
  }

  /** The definition, in the engine's words. */
  get json() {
    return this.#builder.graph;
  }

  /** The plain functions among the nodes, which a process that runs the graph needs: by the names of their steps. */
  get steps() {
    return this.#steps;
  }

  /** Gives what stands for an input. */
  input(name) {
    if (this.#builder.graph.inputs[name] === undefined) {
      throw new InputError(`the graph \`${this.name}\` declares no input \`${name}\``, { code: "FU0205" });
    }
    return new Expression(`inputs[${JSON.stringify(name)}]`);
  }

  /** Adds a node that runs a step, a workflow or a plain function. */
  add(id, what, { args = [], needs = [], when, map, ...options } = {}) {
    check(options, `node \`${id}\``);
    if (this.#builder.ids.has(id)) throw new DefinitionError(`there are two nodes \`${id}\``, { code: "FU0208" });
    const action = this.#action(id, what);
    const asked = { action: () => action, kind: what.kind, options: { ...what.options, ...options } };
    const node =
      map === undefined
        ? this.#builder.run(id, asked, bundle(args, inline))
        : this.#builder.run(id, asked, itemBundle(args, inline), template(map, inline));
    this.#after(node, needs);
    return when === undefined ? node : node.when(when);
  }

  #after(node, needs) {
    const names = needs.map((need) => (need instanceof Node ? need.id : String(need)));
    if (names.length > 0) node.spec.needs = names;
  }

  #action(id, what) {
    if (typeof what?.action === "function") return what.action();
    if (typeof what === "string") return { step: what };
    if (typeof what === "function") {
      const name = `${this.name}.${id}`;
      this.#steps.set(name, what);
      return { step: name };
    }
    throw new InputError(`node \`${id}\`: give a step, a workflow, a function, or the name of a step`, { code: "FU0101" });
  }

  /** Names an output of the run. */
  output(name, value) {
    this.#builder.graph.outputs[name] = template(value, inline);
    return this;
  }
}

module.exports = { Graph };
