"use strict";
// Messages between agents: sending, mailboxes, history and followers.

const { pure } = require("./codec.cjs");
const { milliseconds } = require("./duration.cjs");
const { engine, form, kept, keptMoment, length, same, told } = require("./words.cjs");

/** The form is the one of ADR-1, in which names are as in JavaScript. */
const MESSAGE = form({
  messageId: kept, sender: kept, recipient: kept, messageType: kept, content: kept, replyTo: kept, metadata: kept, attachments: kept,
  priority: kept, notBefore: keptMoment, expires: keptMoment,
});
const OPTIONS = form({ capacity: same, attempts: same, hold: length, capabilities: same });
/** Fields whose names are not the engine's. */
const OWN = new Set(["message", "content", "metadata", "attachments"]);

/** Gives a message in its form. */
function draft(message) {
  const { content, ...fields } = message;
  return { ...engine(fields, MESSAGE, "a message"), content: pure(content, "the content of the message") };
}

/** The messages of a store. */
class Messages {
  #ask;
  #bound;

  constructor(ask, bound) {
    this.#ask = ask;
    this.#bound = bound;
  }

  /** Sends a message, or several together: when this resolves, they are recorded and lie in the mailboxes. */
  async send(message) {
    const all = Array.isArray(message) ? message : [message];
    const sent = told(await this.#ask("messages.send", all.map(draft)), OWN);
    return Array.isArray(message) ? sent : sent[0];
  }

  /** Sends a message and waits for its answer. */
  async request(message, { timeout = "30s" } = {}) {
    return this.#ask("messages.request", { message: draft(message), timeout_ms: milliseconds(timeout, "request") });
  }

  /** Opens an agent's mailbox; the first time, it is made. */
  async mailbox(name, options) {
    const set = options === undefined ? undefined : engine(options, OPTIONS, "a mailbox");
    const number = await this.#ask("mailbox.open", { name, options: set });
    return new Mailbox(name, number, this.#ask, this.#bound);
  }

  /** Lists the mailboxes with their settings. */
  async mailboxes() {
    return told(await this.#ask("messages.mailboxes", null), OWN);
  }

  /** Removes a mailbox with all that lies in it; what was said stays in its history. */
  async remove(name) {
    await this.#ask("messages.remove", name);
  }

  /** Reads what was said to a recipient, after a place, and what became of it. */
  async history(recipient, { after, limit } = {}) {
    return told(await this.#ask("messages.history", { recipient, after, limit }), OWN);
  }

  /** Gives a message with all that answers it, out of the channels of these recipients. */
  async thread(id, recipients) {
    return this.#ask("messages.thread", { id, recipients });
  }

  /** Follows a topic, or all that a pattern takes, from a place on: what was published, then what is. */
  async *follow(topic, { after = 0, signal } = {}) {
    const number = await this.#ask("follow.open", { topic, after });
    try {
      while (!signal?.aborted) {
        let said;
        try {
          said = await this.#bound("follow.next", number, { signal });
        } catch (thrown) {
          if (signal?.aborted) return;
          throw thrown;
        }
        yield told(said, OWN);
      }
    } finally {
      await this.#ask("follow.close", number).catch(() => {});
    }
  }
}

/** An agent's mailbox. */
class Mailbox {
  #ask;
  #bound;
  #number;

  constructor(name, number, ask, bound) {
    this.name = name;
    this.#number = number;
    this.#ask = ask;
    this.#bound = bound;
  }

  /** Waits for messages and gives those that are there; none when `wait` is over. */
  async receive({ most = 32, wait, signal } = {}) {
    const wait_ms = wait === undefined ? undefined : milliseconds(wait, "wait");
    const come = await this.#bound("mailbox.receive", { number: this.#number, most, wait_ms }, { signal });
    return come.map((one) => new Delivery(one, (verb, given) => this.#settle(verb, given)));
  }

  /** Messages one by one, for as long as somebody wants them. */
  async *[Symbol.asyncIterator]() {
    for (;;) yield* await this.receive({ most: 1 });
  }

  /** Acknowledges messages together. */
  async acknowledge(deliveries) {
    await this.#settle("acknowledge", { deliveries: deliveries.map((one) => one.taken()) });
  }

  /** Subscribes to a topic, or to all that a pattern takes. */
  async subscribe(topic) {
    await this.#settle("subscribe", { topic });
  }

  /** Ends a subscription. */
  async unsubscribe(topic) {
    await this.#settle("unsubscribe", { topic });
  }

  /** Counts what lies in it, up to `most`. */
  async waiting(most = 1_000) {
    return this.#settle("waiting", { most });
  }

  /** Lists the messages that were delivered too often. */
  async dead(most = 1_000) {
    return this.#settle("dead", { most });
  }

  /** Puts those back into the mailbox; tells how many. */
  async revive(most = 1_000) {
    return this.#settle("revive", { most });
  }

  /** Deletes those. */
  async forgetDead() {
    await this.#settle("forget_dead", {});
  }

  /** Lets go of it; what lies in it stays there. */
  async close() {
    await this.#settle("close", {});
  }

  #settle(verb, given) {
    return this.#ask(`mailbox.${verb}`, { number: this.#number, ...given });
  }
}

/** A message that was received. */
class Delivery {
  #number;
  #settle;

  constructor({ message, attempt, number }, settle) {
    Object.assign(this, message);
    this.attempt = attempt;
    this.#number = number;
    this.#settle = settle;
  }

  /** Gives the number, for whoever settles it. */
  taken() {
    return this.#number;
  }

  /** Says that it is done: it is never delivered again. */
  async acknowledge() {
    await this.#settle("acknowledge", { deliveries: [this.#number] });
  }

  /** Gives it back: it is delivered again, at once or after a pause. */
  async release({ pause = 0 } = {}) {
    await this.#settle("release", { deliveries: [this.#number], pause_ms: milliseconds(pause, "pause") });
  }

  /** Answers and acknowledges it, both or none of both. */
  async reply(messageType, content) {
    const given = { deliveries: [this.#number], message_type: messageType, content: pure(content, "the content of the answer") };
    return told(await this.#settle("reply", given), OWN);
  }
}

module.exports = { Messages };
