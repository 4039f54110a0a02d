"use strict";
// Enters the methods of providers in JavaScript, for the engine.

const { StepContext } = require("./context.cjs");
const { Unfit } = require("./errors.cjs");
const { Fault } = require("./errors.cjs").public;

/** Codes of errors that mean that there is no connection. */
const NO_LINE = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EPIPE", "EHOSTUNREACH", "EAI_AGAIN", "UND_ERR_SOCKET"]);

/** What goes along with a call of a provider. */
class ModelCall {
  #context;
  #known;

  constructor(known, call, told) {
    this.#context = new StepContext(known.bridge, call);
    this.#known = known;
    this.key = told.key;
    this.run = told.run ?? undefined;
    this.node = told.node ?? undefined;
    this.agent = told.agent ?? undefined;
    this.project = told.project ?? undefined;
    this.remainingMs = told.remaining_ms;
  }

  get signal() {
    return this.#context.signal;
  }

  /** Asks another provider, on behalf of this one. */
  ask(provider, request) {
    return this.#known.complete(provider, request);
  }
}

/** Answers one question of the engine's. */
async function drive(one, known, call, asked) {
  const about = new ModelCall(known, call, asked.call);
  try {
    switch (asked.op) {
      case "embed": {
        const made = await offered(one, "embed", "embeddings").call(one, asked.request, about);
        const whole = Array.isArray(made) ? { vectors: made } : made;
        return typeof whole === "object" && whole !== null ? { model: asked.request.model ?? "", ...whole } : whole;
      }
      case "models": {
        const made = await offered(one, "models", "list of models").call(one, about);
        return made.map((model) => (typeof model === "string" ? { id: model } : model));
      }
      default: {
        const streams = typeof one.stream === "function";
        const completes = typeof one.complete === "function";
        if (streams && (asked.stream || !completes)) return await spoken(await one.stream(asked.request, about), known.bridge, call, about.signal);
        return await offered(one, "complete", "answers: it has neither `complete` nor `stream`").call(one, asked.request, about);
      }
    }
  } catch (thrown) {
    throw meant(thrown);
  }
}

function offered(one, method, what) {
  if (typeof one[method] !== "function") throw new Fault("unsupported", `it offers no ${what}`);
  return one[method];
}

/** Gives the fault that an error of the network or of the time stands for; others as they are. */
function meant(thrown) {
  if (thrown instanceof Fault || typeof thrown !== "object" || thrown === null) return thrown;
  if (thrown.name === "TimeoutError") return new Fault("timeout", thrown.message, { cause: thrown });
  if (NO_LINE.has(thrown.code) || NO_LINE.has(thrown.cause?.code)) {
    const why = thrown.cause?.message ? `${thrown.message}: ${thrown.cause.message}` : thrown.message;
    return new Fault("transport", why, { cause: thrown });
  }
  return thrown;
}

/** Hands chunks on as they come, until nobody wants more. */
async function spoken(made, bridge, call, signal) {
  const iterator = made?.[Symbol.asyncIterator]?.() ?? made?.[Symbol.iterator]?.();
  if (iterator === undefined) throw new Unfit("the answer of `stream`", "$", "is no generator and no iterable");
  const end = () => Promise.resolve(iterator.return?.()).catch(() => {});
  signal.addEventListener("abort", end, { once: true });
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || signal.aborted) return null;
      if (typeof value !== "string" && (typeof value !== "object" || value === null)) {
        throw new Unfit("a chunk of an answer", "$", "is no text and no object");
      }
      bridge.native.beat(call, JSON.stringify(value));
    }
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

module.exports = { drive };
