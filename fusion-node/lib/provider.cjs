"use strict";
// Providers of language models: written in JavaScript, opened by name, with the engine's layers over any of them.

const { answer, faultOf, priceOf, requestOf, usd } = require("./chat.cjs");
const { StepContext } = require("./context.cjs");
const { milliseconds } = require("./duration.cjs");
const { Unfit } = require("./errors.cjs");
const { Fault, InputError } = require("./errors.cjs").public;

/** Codes of errors that mean that there is no connection. */
const NO_LINE = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EPIPE", "EHOSTUNREACH", "EAI_AGAIN", "UND_ERR_SOCKET"]);

const length = (value, what) => (value === undefined ? undefined : milliseconds(value, what));

/** Who answers for language models; a subclass writes `complete` or `stream`. */
class Provider {
  constructor(name) {
    this.name = name ?? (new.target === Provider ? "" : new.target.name.toLowerCase());
  }

  withRetry({ attempts, initial, factor, max, jitter, on, notOn, patience } = {}) {
    return new Layered(this, "retry", {
      attempts,
      initial_ms: length(initial, "initial"),
      factor,
      max_ms: length(max, "max"),
      jitter,
      on,
      not_on: notOn,
      patience_ms: length(patience, "patience"),
    });
  }

  withTimeout({ total, idle, connect } = {}) {
    const [total_ms, idle_ms, connect_ms] = [total, idle, connect].map((one) => length(one, "withTimeout"));
    return new Layered(this, "timeout", { total_ms, idle_ms, connect_ms });
  }

  withFallback(others, { on } = {}) {
    return new Layered(this, "fallback", { to: [others].flat(), on });
  }

  withConcurrency(most) {
    return new Layered(this, "concurrency", { most });
  }

  withBreaker({ faults = 5, pause = "30s" } = {}) {
    return new Layered(this, "breaker", { faults, pause_ms: milliseconds(pause, "pause") });
  }

  withBudget({ perRun, perAgent, perProject, perDay, prices = {}, otherModels } = {}) {
    const [per_run, per_agent, per_project, per_day] = [perRun, perAgent, perProject, perDay].map((most) => (most === undefined ? undefined : usd(most)));
    const known = Object.fromEntries(Object.entries(prices).map(([model, price]) => [model, priceOf(price)]));
    const other_models = otherModels === undefined ? undefined : priceOf(otherModels);
    return new Layered(this, "budget", { per_run, per_agent, per_project, per_day, prices: known, other_models });
  }

  withGate(account, { requestsPerMinute, tokensPerMinute } = {}) {
    return new Layered(this, "gate", { account, requests_per_minute: requestsPerMinute, tokens_per_minute: tokensPerMinute });
  }

  withCache({ ttl, version = "" } = {}) {
    return new Layered(this, "cache", { ttl_ms: length(ttl, "ttl"), version });
  }

  /** The engine's description of it. */
  describe(known) {
    const number = known.code((call, asked) => drive(this, known, call, asked), `the answer of the provider \`${this.name}\``);
    return { code: { name: this.name, code: { number, name: this.name } } };
  }
}

/** A provider with a layer over it. */
class Layered extends Provider {
  #inner;
  #layer;
  #data;

  constructor(inner, layer, data) {
    super(inner.name);
    this.#inner = inner;
    this.#layer = layer;
    this.#data = data;
  }

  describe(known) {
    const data = { ...this.#data };
    if (this.#layer === "fallback") data.to = data.to.map((one) => other(known, one));
    return { over: known.number(this.#inner), layer: { [this.#layer]: data } };
  }
}

function other(known, one) {
  const isPair = typeof one === "object" && !(one instanceof Provider);
  const { provider, model } = isPair ? one : { provider: one };
  return [provider === undefined ? null : known.number(provider), model ?? null];
}

class Opened extends Provider {
  #settings;

  constructor(name, settings) {
    super(name);
    this.#settings = settings;
  }

  describe() {
    return { open: { name: this.name, ...this.#settings } };
  }
}

/** Opens a provider by its name, or by the URL of a server that speaks OpenAI's protocol. */
function provider(name, { key, baseUrl = "", headers = {} } = {}) {
  return new Opened(String(name), { key, base_url: baseUrl, headers: Object.entries(headers) });
}

/** A provider that says what a script says. */
class Scripted extends Provider {
  #script;

  constructor(script, name = "scripted") {
    super(name);
    this.#script = [...script];
  }

  describe() {
    const exchanges = this.#script.map((one) => ({ asked: "any", said: saidOf(one) }));
    return { scripted: { name: this.name, exchanges } };
  }
}

function saidOf(one) {
  if (typeof one === "string") return { answer: answer(one) };
  if (one instanceof Fault) return { fault: { kind: one.kind, message: one.message, retry_after_ms: one.retryAfterMs, status: one.status } };
  if (!Array.isArray(one)) return { answer: one };
  const chunks = one.map((chunk) => (typeof chunk === "string" ? { type: "text", text: chunk } : chunk));
  if (chunks.at(-1)?.type !== "end") {
    chunks.push({ type: "end", finish: chunks.some((chunk) => chunk.type === "call") ? "tool_calls" : "stop" });
  }
  return { stream: [chunks.map((chunk) => ({ chunk })), null] };
}

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
        return Array.isArray(made) ? { model: asked.request.model ?? "", vectors: made } : made;
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

/** The providers of an engine. */
class Providers {
  #numbers = new WeakMap();
  #names = new Map();
  #staff;
  #add;

  constructor(bridge, staff, add) {
    Object.defineProperty(this, "bridge", { value: bridge });
    this.#staff = staff;
    this.#add = add;
  }

  /** Lets a provider be found by its name, or another one. */
  add(provider, name = provider?.name) {
    this.#staff().nameProvider(String(name), this.number(provider));
    return provider;
  }

  /** Asks for an answer. */
  async complete(provider, request) {
    return this.#ask(provider, "complete", requestOf(request));
  }

  /** Asks for an answer as it comes. */
  async *stream(provider, request) {
    const chunks = this.#staff().stream(this.number(provider), JSON.stringify(requestOf(request)));
    try {
      for (;;) {
        const [batch, fault] = await this.bridge.ask((ticket) => chunks.next(ticket));
        yield* batch;
        if (fault !== null) throw faultOf(fault);
        if (batch.length === 0) return;
      }
    } finally {
      chunks.close();
    }
  }

  /** Turns texts into vectors. */
  async embed(provider, inputs, { model = "", dimensions } = {}) {
    const made = await this.#ask(provider, "embed", { model, inputs, dimensions });
    return made.vectors;
  }

  /** Lists the models of a provider. */
  async models(provider) {
    return this.#ask(provider, "models", null);
  }

  async #ask(provider, op, asked) {
    const number = this.number(provider);
    const staff = this.#staff();
    const [told, fault] = await this.bridge.ask((ticket) => staff.ask(ticket, number, op, JSON.stringify(asked)));
    if (fault !== null) throw faultOf(fault);
    return told;
  }

  /** Gives the number of a provider, which is made when it is needed first. */
  number(provider) {
    if (typeof provider === "string") {
      let number = this.#names.get(provider);
      if (number === undefined) {
        number = this.#staff().addProvider(JSON.stringify({ named: provider }));
        this.#names.set(provider, number);
      }
      return number;
    }
    if (!(provider instanceof Provider)) throw new InputError("a provider is a `Provider` or its name", { code: "FU0101" });
    let number = this.#numbers.get(provider);
    if (number === undefined) {
      number = this.#staff().addProvider(JSON.stringify(provider.describe(this)));
      this.#numbers.set(provider, number);
    }
    return number;
  }

  /** Keeps code that the engine enters; gives its number. */
  code(invoke, what) {
    return this.#add(invoke, what);
  }
}

module.exports = { Provider, Providers, Scripted, provider };
