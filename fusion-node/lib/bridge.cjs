"use strict";
// The border to the engine. What crosses it is text, a batch at a time: see fusion-node/src/bridge.rs.

const native = require("./native.cjs");
const { TAG, encode, revive } = require("./codec.cjs");
const { inEmpty, outside } = require("./scope.cjs");
const { Unfit, errorOf, failureOf } = require("./errors.cjs");

const BODY = 0;
const GIVEN_UP = 1;
const RESOLVED = 2;
/** How many bodies begin before timers and I/O of the program get a turn. */
const SLICE = 256;

/** The ends of bodies that the engine was not told of yet. */
class Ends {
  constructor() {
    this.clear();
  }

  clear() {
    this.ok = "";
    this.failed = "";
    this.graphs = "";
    this.resting = "";
  }

  take() {
    const text = `{"ok":[${this.ok}],"failed":[${this.failed}],"graphs":[${this.graphs}],"resting":[${this.resting}]}`;
    this.clear();
    return text;
  }
}

class Bridge {
  constructor() {
    this.steps = [];
    this.free = [];
    this.tickets = new Map();
    this.contexts = new Map();
    this.ends = new Ends();
    this.isFlushing = false;
    this.ticket = 0;
    this.pending = 0;
    /** How many bodies gave a promise that has not ended. */
    this.promised = 0;
    /** How many messages wait for a later turn. */
    this.later = 0;
    this.flush = this.flush.bind(this);
    this.native = new native.Bridge(this.wake.bind(this), 1);
    // Keeps the program alive while something is asked for, and only then.
    this.alive = setInterval(() => {}, 0x7fff_ffff);
    this.alive.unref();
  }

  /** Keeps a step's body; gives its number. */
  add(step) {
    const number = this.free.pop() ?? this.steps.length;
    this.steps[number] = step;
    return number;
  }

  /** Forgets a step's body. */
  remove(number) {
    this.steps[number] = undefined;
    this.free.push(number);
  }

  /** Asks the engine for something: `begin` gets the number under which the answer comes. */
  ask(begin, run) {
    return this.asked(begin, run).promise;
  }

  /** As `ask`; the answer can be given up. */
  asked(begin, run) {
    const ticket = ++this.ticket;
    const promise = new Promise((resolve, reject) => {
      this.tickets.set(ticket, { resolve, reject, run });
      if (this.pending++ === 0) this.alive.ref();
      begin(ticket);
    });
    const abandon = () => {
      if (this.settle(ticket)) this.native.abandon(ticket);
    };
    return { promise, abandon };
  }

  settle(ticket) {
    const waiting = this.tickets.get(ticket);
    if (waiting !== undefined) {
      this.tickets.delete(ticket);
      if (--this.pending === 0) this.alive.unref();
    }
    return waiting;
  }

  /** Takes what the engine has to say; it rings once for all that gathers meanwhile. */
  wake() {
    this.take(this.native.take());
  }

  take(text) {
    if (text === "") return;
    let messages = JSON.parse(`[${text}]`);
    if (text.includes(TAG)) messages = messages.map((message) => message.map(revive));
    this.hear(messages, 0);
  }

  hear(messages, from) {
    const to = Math.min(messages.length, from + SLICE);
    for (let index = from; index < to; index++) {
      const message = messages[index];
      switch (message[0]) {
        case BODY:
          this.run(message[1], message[2], message[3], message[4]);
          break;
        case GIVEN_UP:
          this.contexts.get(message[1])?.giveUp();
          this.contexts.delete(message[1]);
          break;
        default:
          this.answer(message);
      }
    }
    if (to === messages.length) return;
    this.later++;
    setImmediate(() => {
      this.later--;
      this.hear(messages, to);
    });
  }

  answer([kind, ticket, value]) {
    const waiting = this.settle(ticket);
    if (kind === RESOLVED) {
      waiting?.resolve(value);
    } else {
      waiting?.reject(errorOf(value, waiting.run));
    }
  }

  /**
   * Runs a body, in the async context that its run was started in, or in an empty one of its own: what it enters there is
   * seen by no other body. `run` is only told where there are some.
   */
  run(call, number, input, run) {
    const step = this.steps[number];
    if (step === undefined) {
      this.fail(call, { class: "error", message: "the engine that has this step was closed" });
      return;
    }
    const scope = run === undefined ? undefined : step.scopes.of(run);
    if (scope === undefined) inEmpty(this.enter, this, step, call, input);
    else scope.runInAsyncScope(this.enter, this, step, call, input);
  }

  enter(step, call, input) {
    let result;
    try {
      result = step.invoke(call, input);
    } catch (thrown) {
      this.fail(call, failureOf(thrown));
      return;
    }
    if (typeof result === "object" && result !== null && typeof result.then === "function") {
      // What is no promise of the language's own may throw in its `then`, or call back twice.
      this.promised++;
      (result instanceof Promise ? result : Promise.resolve(result)).then(
        (value) => {
          this.promised--;
          this.succeed(call, step, value);
        },
        (thrown) => {
          this.promised--;
          this.fail(call, failureOf(thrown));
        },
      );
    } else {
      this.succeed(call, step, result);
    }
  }

  succeed(call, step, value) {
    if (step.givesGraph) {
      this.push("graphs", call, value);
      return;
    }
    let json;
    try {
      json = encode(value, step.what);
    } catch (thrown) {
      this.fail(call, failureOf(thrown instanceof RangeError ? new Unfit(step.what, "$", `is too large: ${thrown.message}`) : thrown));
      return;
    }
    this.push("ok", call, json);
  }

  fail(call, failure) {
    this.push("failed", call, JSON.stringify(failure));
  }

  push(how, call, json) {
    if (this.contexts.size > 0) this.contexts.delete(call);
    const before = this.ends[how];
    this.ends[how] = before === "" ? `[${call},${json}]` : `${before},[${call},${json}]`;
    if (!this.isFlushing) {
      this.isFlushing = true;
      queueMicrotask(this.flush);
    }
  }

  flush() {
    this.isFlushing = false;
    this.native.done(this.ends.take());
    // Looks for what follows while nothing of ours needs this thread; bodies inherit nothing from the one that ended.
    if (this.promised === 0 && this.later === 0) outside.runInAsyncScope(this.take, this, this.native.takeMore());
  }
}

let bridge;

/** Gives the bridge of this thread, made when it is first needed; bodies inherit nothing from who needed it first. */
function theBridge() {
  bridge ??= outside.runInAsyncScope(() => new Bridge());
  return bridge;
}

module.exports = { theBridge };
