"use strict";
// What a body knows of its attempt, and what a durable function may do.

const { decode, encode } = require("./codec.cjs");
const { milliseconds } = require("./duration.cjs");
const { KINDS, causeOf } = require("./errors.cjs");
const { Fault, InputError } = require("./errors.cjs").public;

/** What a step with `{ context: true }` gets as its first argument. */
class StepContext {
  #bridge;
  #call;
  #about;
  #controller;
  #staff;
  #outer;
  #part;
  #parts = new Map();

  /** With `outer`, it is the context of a part: what it saves is under a name of its own. */
  constructor(bridge, call, staff, outer, part = "") {
    this.#bridge = bridge;
    this.#call = call;
    this.#staff = staff;
    this.#outer = outer;
    this.#part = part;
    if (outer === undefined) bridge.contexts.set(call, this);
  }

  get #known() {
    this.#about ??= JSON.parse(this.#bridge.native.about(this.#call) ?? "{}");
    return this.#about;
  }

  get run() {
    return this.#known.run;
  }

  get node() {
    return this.#known.node;
  }

  get attempt() {
    return this.#known.attempt;
  }

  get epoch() {
    return this.#known.epoch;
  }

  get idempotencyKey() {
    return this.#outer === undefined ? this.#known.idempotencyKey : `${this.#outer.idempotencyKey}/${this.#part}`;
  }

  get feedback() {
    return this.#known.feedback ?? undefined;
  }

  get signal() {
    if (this.#outer !== undefined) return this.#outer.signal;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#bridge.native.listen(this.#call);
    }
    return this.#controller.signal;
  }

  async memo(name, work) {
    const saved = this.recalled(name);
    if (saved !== null) return decode(saved);
    const json = encode(await work(), `the result of \`${name}\``);
    await this.#bridge.ask((ticket) => this.#bridge.native.save(ticket, this.#call, this.named(name), json));
    // What a later attempt would get, so that the first one sees no difference.
    return decode(json);
  }

  progress(value) {
    this.#bridge.native.beat(this.#call, encode(value, "the progress"));
  }

  heartbeat() {
    this.#bridge.native.beat(this.#call, null);
  }

  /** The engine does not wait for the body any more. */
  giveUp() {
    this.#controller?.abort(new DOMException("the run does not wait for this body any more", "AbortError"));
  }

  /** Lets an agent work on a task as a part of this body. */
  async work(agent, prompt, { name, ...more } = {}) {
    const made = this.#staff.find(agent);
    const part = name ?? this.#numbered(`agent ${made.name}`);
    if (!this.#staff.asksModel(made)) {
      const inner = new StepContext(this.#bridge, this.#call, this.#staff, this, part);
      return inner.memo("result", () => made.run(inner, prompt, more));
    }
    const [reply, failure] = await this.#staff.work(this.#call, made, { prompt, ...more, part: this.named(part) });
    if (failure === null) return reply;
    const { class: kind, message, retry_after_ms: retryAfter, detail } = failure;
    throw KINDS.includes(kind) ? new Fault(kind, message, { retryAfter, detail }) : causeOf(failure);
  }

  #numbered(what) {
    const count = (this.#parts.get(what) ?? 0) + 1;
    this.#parts.set(what, count);
    return `${what} ${count}`;
  }

  /** The name under which a part of a body saves something. */
  named(name) {
    return this.#outer === undefined ? name : `${this.#outer.named(this.#part)}/${name}`;
  }

  recalled(name) {
    return this.#bridge.native.recall(this.#call, this.named(name));
  }

  rest(resting) {
    this.#bridge.push("resting", this.#call, JSON.stringify(resting));
  }
}

/** What a durable function gets as its first argument. */
class DurableContext extends StepContext {
  #names = new Map();
  #busy = 0;
  #waiting;

  /** Runs a part once for all attempts; its result is recorded before it is returned. */
  step(name, work, ...args) {
    const body = typeof work === "function" ? (work.body ?? work) : work?.body;
    if (typeof body !== "function") {
      throw new InputError(`ctx.step("${name}"): the second argument must be a function or a step`, { code: "FU0101" });
    }
    return this.#run(() => super.memo(this.#unique(name), () => body(...args)));
  }

  memo(name, work) {
    return this.#run(() => super.memo(this.#unique(name), work));
  }

  work(agent, prompt, options) {
    return this.#run(() => super.work(agent, prompt, options));
  }

  sleep(length) {
    return this.sleepUntil(Date.now() + milliseconds(length, "ctx.sleep"));
  }

  sleepUntil(moment) {
    const until = moment instanceof Date ? moment.getTime() : Number(moment);
    if (!Number.isFinite(until)) throw new InputError("ctx.sleepUntil: this is no moment", { code: "FU0101" });
    return this.#rest("sleep", { until: Math.ceil(until) });
  }

  waitSignal(name, { timeout } = {}) {
    return this.#rest(`signal ${name}`, { signal: name, until: this.#limit(timeout, "ctx.waitSignal") });
  }

  waitApproval(message, { role = "", timeout } = {}) {
    return this.#rest("approval", { approval: [role, message], until: this.#limit(timeout, "ctx.waitApproval") });
  }

  #limit(timeout, what) {
    return timeout === undefined ? undefined : Date.now() + milliseconds(timeout, what);
  }

  /** The same name again gets a number: the order of calls is what tells them apart. */
  #unique(name) {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  }

  async #run(work) {
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
      this.#suspend();
    }
  }

  /**
   * Waits, or gives what came of it when the function is entered again. Waiting ends this attempt: its promise is never
   * settled, and nothing keeps it, so it is collected with all that hangs on it.
   */
  async #rest(kind, resting) {
    const name = this.#unique(kind);
    const found = this.recalled(name);
    if (found !== null) return found === "" ? undefined : (decode(found) ?? undefined);
    this.#waiting ??= { name, ...resting };
    this.#suspend();
    return new Promise(() => {});
  }

  /** Ends the attempt once nothing else of it is under way: what runs beside a wait is recorded first. */
  #suspend() {
    if (this.#waiting === undefined || this.#busy > 0) return;
    setImmediate(() => {
      if (this.#waiting !== undefined && this.#busy === 0) {
        const resting = this.#waiting;
        this.#waiting = undefined;
        this.rest(resting);
      }
    });
  }
}

module.exports = { DurableContext, StepContext };
