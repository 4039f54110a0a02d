"use strict";
// The async context in which a run was started: its bodies find there what `AsyncLocalStorage` held.

const { AsyncLocalStorage, AsyncResource } = require("node:async_hooks");

/** Nobody needs to hear of its end: the collector is spared that. */
const UNTRACKED = { requireManualDestroy: true };
/** How many contexts are kept before those of runs that are not driven here any more are let go. */
const FEW = 128;

/** Whether what is in a context can be seen from outside; asked when it is first needed. */
let isSeen;

/** Gives the async context of the caller; `undefined` where nothing is in it, so that runs without one cost nothing. */
function here() {
  isSeen ??= probe();
  const scope = new AsyncResource("fusion-kit.run", UNTRACKED);
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
  const seen = storage.run({}, () => holds(new AsyncResource("fusion-kit.probe", UNTRACKED)));
  storage.disable();
  return seen;
}

/** Where nothing is in the context, unless this package is first loaded where something is. */
const outside = new AsyncResource("fusion-kit", UNTRACKED);
/** An empty context, entered for one body after the other; `undefined` when the last one left something in it. */
let empty;
/** Whether what is put into a context stays in it. */
let stays;

/** Calls something in an empty async context: what it puts there is seen by nothing that comes after it. */
function inEmpty(call, self, ...given) {
  stays ??= outside.runInAsyncScope(probeStay);
  empty ??= outside.runInAsyncScope(() => new AsyncResource("fusion-kit.body", UNTRACKED));
  try {
    return empty.runInAsyncScope(call, self, ...given);
  } finally {
    if (stays && (!isSeen || holds(empty))) empty = undefined;
  }
}

/** Tells whether what is put into a context is there when it is entered again: in newer Nodes it is not. */
function probeStay() {
  isSeen ??= probe();
  const storage = new AsyncLocalStorage();
  const entered = new AsyncResource("fusion-kit.probe", UNTRACKED);
  entered.runInAsyncScope(() => storage.enterWith({}));
  const found = entered.runInAsyncScope(() => storage.getStore());
  storage.disable();
  return found !== undefined;
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

module.exports = { inEmpty, outside, Scopes, here };
