"use strict";
// Durable objects: a state that outlives every process, and one message at a time.

const { pure } = require("./codec.cjs");
const { milliseconds } = require("./duration.cjs");
const { InputError, PermanentError } = require("./errors.cjs").public;
const { time } = require("./words.cjs");

const FIELDS = ["version", "state", "on", "handle", "upcast", "activate", "deactivate"];

/** The durable objects of an engine. */
class Objects {
  #ask;
  #code;
  #ready = Promise.resolve();

  constructor(ask, code) {
    this.#ask = ask;
    this.#code = code;
  }

  /** Registers the code of a kind; from now on this process takes up such objects. */
  define(kind, definition) {
    const made = checked(kind, definition);
    const number = this.#code((_call, input) => entered(made, input), `what the object \`${kind}\` gave`);
    const { version = 1 } = definition;
    const form = { kind, version, code: { number, name: kind }, deactivates: definition.deactivate !== undefined };
    const registered = this.#ready.then(() => this.#ask("objects.register", form));
    this.#ready = registered;
    // Whoever uses an object next is told.
    registered.catch(() => {});
    return Object.freeze({ kind, get: (id) => this.get(kind, id), list: (page) => this.list(kind, page) });
  }

  /** Names an object; the first message makes it. */
  get(kind, id) {
    return new ObjectRef(kind, id, (verb, given) => this.#asked(verb, { kind, id, ...given }));
  }

  /** Lists the ids of objects of a kind that were ever written, newest first. */
  async list(kind, { after, limit } = {}) {
    return this.#asked("list", { kind, after, limit });
  }

  /** Sets how long an object without messages stays in memory. */
  async setIdle(length) {
    await this.#asked("idle", milliseconds(length, "idle"));
  }

  /** How many objects are at work in this process. */
  async active() {
    return this.#asked("active", null);
  }

  async #asked(verb, given) {
    await this.#ready;
    return this.#ask(`objects.${verb}`, given);
  }
}

/** One object. */
class ObjectRef {
  #ask;

  constructor(kind, id, ask) {
    this.kind = kind;
    this.id = id;
    this.#ask = ask;
  }

  /** Asks it and waits for its answer; with `expect`, only if its last event has that place. */
  async call(name, content, { timeout = "30s", expect } = {}) {
    const given = { name, content: contentOf(content), timeout_ms: milliseconds(timeout, "timeout"), expect };
    const [reply] = await this.#ask("call", given);
    return reply;
  }

  /** Says something without waiting: durable when this resolves, handled once. */
  async tell(name, content) {
    await this.#ask("tell", { name, content: contentOf(content) });
  }

  /** Reads its state, without waking it; with `at`, as it was after that event. */
  async state({ at } = {}) {
    const [state] = await this.#ask("state", { at });
    return state;
  }

  /** Reads its state and the place of its last event. */
  async look() {
    const [state, seq] = await this.#ask("state", {});
    return { state, seq };
  }

  /** Reads what happened to it. */
  async history({ after, limit } = {}) {
    return this.#ask("history", { after, limit });
  }
}

function contentOf(content) {
  return pure(content, "the message to the object");
}

function checked(kind, definition) {
  const wrong = Object.keys(definition ?? {}).find((name) => !FIELDS.includes(name));
  if (wrong !== undefined) {
    throw new InputError(`a kind of objects has no \`${wrong}\``, { code: "FU0203", hint: `there are ${FIELDS.join(", ")}` });
  }
  const { on, handle } = definition ?? {};
  if ((on === undefined) === (handle === undefined)) {
    throw new InputError(`the objects \`${kind}\` need either \`on\`, functions by the names of messages, or one \`handle\``, { code: "FU0101" });
  }
  return { kind, state: () => null, version: 1, ...definition };
}

/** What a handler gets: the state, which it changes, and what it may say besides. */
class Turn {
  #events = [];
  #timers = [];

  constructor(made, { id, seq, name, content, timer, now }, state) {
    this.kind = made.kind;
    this.id = id;
    this.seq = seq;
    this.name = name;
    this.content = content;
    this.isTimer = timer;
    this.now = new Date(now);
    this.state = state;
  }

  /** Tells a fact, for the object's history. */
  event(name, data = null) {
    this.#events.push([String(name), data]);
  }

  /** Sets a timer: at a time, or after a length of it, the object handles a message of this name. */
  timer(name, when, content = null) {
    const at = when instanceof Date ? time(when, "timer") : this.now.getTime() + milliseconds(when, "timer");
    this.#timers.push([String(name), at, content]);
  }

  /** Stops a timer. */
  stop(name) {
    this.#timers.push([String(name), null, null]);
  }

  /** Gives what is recorded. */
  done(reply) {
    return { state: this.state ?? null, events: this.#events, reply: reply ?? null, timers: this.#timers };
  }
}

/** Enters the code of a kind. */
async function entered(made, input) {
  if (input.hook === "deactivate") {
    await made.deactivate(new Turn(made, { now: Date.now(), name: "", content: null, timer: false, ...input }, input.state));
    return null;
  }
  const turn = new Turn(made, input, await raised(made, input));
  if (input.begins) await made.activate?.(turn);
  const handler = made.on === undefined ? made.handle : own(made.on, turn.name);
  if (handler === undefined) {
    throw new PermanentError(`\`${made.kind}\` has no message \`${turn.name}\`; there are ${Object.keys(made.on).sort().join(", ")}`);
  }
  return turn.done(await handler.call(made.on ?? made, turn, turn.content));
}

function own(handlers, name) {
  return Object.hasOwn(handlers, name) ? handlers[name] : undefined;
}

/** Gives the state of the code's version: a new one, or an older one raised version by version. */
async function raised(made, { id, state, written }) {
  if (written === null) return state;
  if (written === 0) return made.state(id);
  let raising = state;
  for (let from = written; from < made.version; from++) {
    if (made.upcast === undefined) throw new PermanentError(`\`${made.kind}\` has no \`upcast\` from version ${from} to ${from + 1}`);
    raising = await made.upcast(from, raising);
  }
  return raising;
}

module.exports = { Objects };
