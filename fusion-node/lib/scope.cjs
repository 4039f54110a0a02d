"use strict";
// The async context in which a run was started: its bodies find there what `AsyncLocalStorage` held.

const { AsyncLocalStorage, AsyncResource } = require("node:async_hooks");

/** How many contexts are kept before those of runs that are not driven here any more are let go. */
const FEW = 128;

/** Whether what is in a context can be seen from outside; asked when it is first needed. */
let isSeen;

/** Gives the async context of the caller; `undefined` where nothing is in it, so that runs without one cost nothing. */
function here() {
  isSeen ??= probe();
  const scope = new AsyncResource("fusion-kit.run", { requireManualDestroy: true });
  return isSeen && !holds(scope) ? undefined : scope;
}

/** Tells whether anything is in the context: Node keeps it under symbols of the resource, beside the resource's ids. */
function holds(scope) {
  const symbols = Object.getOwnPropertySymbols(scope);
  return symbols.some((symbol) => scope[symbol] !== undefined && !/async_?id/i.test(symbol.description));
}

/** Tells whether `holds` is true in this Node where something is in the context. */
function probe() {
  const storage = new AsyncLocalStorage();
  const seen = storage.run({}, () => holds(new AsyncResource("fusion-kit.probe", { requireManualDestroy: true })));
  storage.disable();
  return seen;
}

/** The contexts of the runs of one engine. */
class Scopes {
  #runs = new Map();
  #starting = new Set();
  #most = FEW;

  /** Keeps the context of a run that is about to be started, as long as it is driven. */
  keep(run, scope, drives) {
    this.#runs.set(run, scope);
    this.#starting.add(run);
    if (this.#runs.size <= this.#most) return;
    const driven = new Set(drives());
    for (const known of this.#runs.keys()) {
      if (!driven.has(known) && !this.#starting.has(known)) this.#runs.delete(known);
    }
    this.#most = Math.max(FEW, 2 * this.#runs.size);
  }

  /** Notes that a run was started, or could not be. */
  started(run) {
    this.#starting.delete(run);
  }

  /** Gives the context of a run, or of the one that it is a part of. */
  of(run) {
    for (let name = run; ; name = name.slice(0, name.lastIndexOf("."))) {
      const scope = this.#runs.get(name);
      if (scope !== undefined || !name.includes(".")) return scope;
    }
  }
}

module.exports = { Scopes, here };
