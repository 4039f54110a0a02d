"use strict";
// One run in the store, wherever it is driven.

const { bounded } = require("./bounded.cjs");
const { encode, pure } = require("./codec.cjs");
const { milliseconds } = require("./duration.cjs");
const { InputError, RunCancelled, RunFailed } = require("./errors.cjs").public;

class Run {
  #app;
  #bridge;

  constructor(app, bridge, id) {
    this.#app = app;
    this.#bridge = bridge;
    this.id = id;
  }

  async status() {
    return this.#ask("status");
  }

  /** Waits for the end of the run and gives what came out. */
  async result({ timeout, signal } = {}) {
    const limit = timeout === undefined ? undefined : milliseconds(timeout, "result");
    signal?.throwIfAborted();
    const asked = this.#bridge.asked((ticket) => this.#native.ask(ticket, "wait", JSON.stringify({ run: this.id })), this.id);
    const ended = await this.#bounded(asked, limit, signal);
    if (ended.status === "succeeded") return valueOf(ended.outputs);
    const { failure, node, attempt } = ended;
    if (ended.status === "cancelled") {
      throw new RunCancelled(`run \`${this.id}\` was ${failure?.message ?? "cancelled"}`, { code: "FU0402", run: this.id });
    }
    const where = node ? ` at \`${node}\`` : "";
    throw new RunFailed(`run \`${this.id}\` failed${where}: ${failure?.class}: ${failure?.message}`, {
      code: "FU0401",
      hint: `\`npx fusion-kit runs show ${this.id}\` shows all nodes`,
      run: this.id,
      node,
      attempt,
      failure,
    });
  }

  #bounded(asked, limit, signal) {
    return bounded(asked, { limit, signal, late: `run \`${this.id}\` has not ended` });
  }

  /** Follows the run: its events from the first (or from `after`) to the last. */
  async *events({ after = 0, signal } = {}) {
    let stream;
    await this.#bridge.ask((ticket) => {
      stream = this.#native.events(ticket, this.id, after);
    }, this.id);
    while (!signal?.aborted) {
      const asked = this.#bridge.asked((ticket) => stream.next(ticket), this.id);
      let events;
      try {
        events = await this.#bounded(asked, undefined, signal);
      } catch (thrown) {
        if (signal?.aborted) return;
        throw thrown;
      }
      if (events === null) return;
      yield* events;
    }
  }

  [Symbol.asyncIterator]() {
    return this.events();
  }

  /** Everything that is known of the run: its nodes with statuses, attempts, outputs, errors. */
  async show() {
    return this.#ask("show");
  }

  /** Why the run does not move, and why the runs that it waits for do not. */
  async why() {
    return this.#ask("why");
  }

  /** How far the bodies are that said so, by node; only of bodies in this process. */
  async progress() {
    return this.#ask("progress");
  }

  async cancel(why = "") {
    await this.#ask("cancel", { why });
  }

  async pause() {
    await this.#ask("pause");
  }

  async resume() {
    await this.#ask("resume");
    this.#app.watch();
  }

  async signal(name, payload) {
    const json = encode(payload, `the payload of the signal \`${name}\``);
    await this.#ask("signal", { name, payload: JSON.parse(json) });
    this.#app.watch();
  }

  async approve({ node, by, comment } = {}) {
    await this.#ask("answer", { node, by, comment, approved: true });
    this.#app.watch();
  }

  async reject({ node, by, comment } = {}) {
    await this.#ask("answer", { node, by, comment, approved: false });
    this.#app.watch();
  }

  /** Says how an in-doubt node really ended. */
  async resolve(node, verdict) {
    const given = { done: "done" in verdict, failed: "failed" in verdict, not_done: verdict.notDone === true };
    const word = Object.keys(given).find((key) => given[key]);
    if (word === undefined) throw new InputError("a verdict is { done: output }, { failed: why } or { notDone: true }", { code: "FU0101" });
    const payload = word === "done" ? pure(verdict.done, "the output") : null;
    await this.#ask("resolve", { name: node, verdict: word, payload, why: String(verdict.failed ?? "") });
    this.#app.watch();
  }

  /** Takes the run up again after its end: what failed, the named nodes, and all that depends on them. */
  async retry({ nodes = [], again = [] } = {}) {
    await this.#ask("retry", { nodes, again });
    this.#app.watch();
  }

  /** Begins another run with the outcomes of this one, but for the named nodes and all that depends on them. */
  async fork({ nodes = [], again = [], id, workflow, args, input } = {}) {
    const changed = this.#app.forked(workflow, args, input);
    const forked = await this.#ask("fork", { nodes, again, id, ...changed });
    this.#app.watch();
    return new Run(this.#app, this.#bridge, forked);
  }

  toJSON() {
    return { id: this.id };
  }

  get #native() {
    return this.#app.native();
  }

  #ask(what, args) {
    const all = JSON.stringify({ by: "node", run: this.id, ...args });
    return this.#bridge.ask((ticket) => this.#native.ask(ticket, what, all), this.id);
  }
}

/** What a run gives: its only output if that is named `result`, as in graphs from calls; else its outputs by name. */
function valueOf(outputs) {
  if (typeof outputs !== "object" || outputs === null) return outputs;
  const names = Object.keys(outputs);
  if (names.length === 0) return undefined;
  return names.length === 1 && names[0] === "result" ? outputs.result : outputs;
}

module.exports = { Run };
