"use strict";
// `app.memory(owner)`: what an agent knows beyond one task.

const { pure } = require("./codec.cjs");
const { InputError } = require("./errors.cjs").public;

const fact = ({ key, value, at, score }) => ({ key, value, at: new Date(at), ...(score === undefined ? {} : { score }) });

/** What one owner knows beyond one task: facts by key, and its saved state. */
class Memory {
  #ask;

  constructor(ask, owner) {
    this.owner = owner;
    this.#ask = (verb, given) => ask(`memory.${verb}`, { owner, ...given });
  }

  /** Remembers a fact; what was under its key is forgotten. */
  async remember(key, value) {
    await this.#ask("remember", { key, value: pure(value, "the fact") ?? null });
  }

  /** Recalls what is remembered under a key; `undefined` when nothing is. */
  async recall(key) {
    return (await this.#ask("recall", { key }))[0];
  }

  /** Finds the facts that speak of a text, the best first. */
  async search(text, { limit = 5 } = {}) {
    return (await this.#ask("search", { text, limit })).map(fact);
  }

  /** Lists all facts, by key. */
  async facts() {
    return (await this.#ask("facts", {})).map(fact);
  }

  /** Forgets a fact. Tells whether there was one. */
  async forget(key) {
    return this.#ask("forget", { key });
  }

  /** Saves the owner's state, in the form of a version. */
  async saveState(state, { version = 1 } = {}) {
    await this.#ask("save", { version, state: pure(state, "the state") ?? null });
  }

  /** Loads the owner's state in the form of a version; `undefined` when none was saved. */
  async loadState({ version = 1, upcast } = {}) {
    const saved = await this.#ask("saved", {});
    if (saved === null) return undefined;
    const refused = (message, hint) => new InputError(message, { code: "FU0303", hint });
    const state = `the state of \`${this.owner}\``;
    if (saved.version > version) {
      throw refused(`${state} was saved in version ${saved.version}; this program knows version ${version}`, "load it by the newer program");
    }
    if (saved.version < version && upcast === undefined) {
      throw refused(`${state} is of version ${saved.version}`, `give an \`upcast\` to version ${version}`);
    }
    let raised = saved.state;
    for (let from = saved.version; from < version; from += 1) raised = await upcast(from, raised);
    return raised;
  }
}

module.exports = { Memory };
