"use strict";
// Providers of language models: written in JavaScript, opened by name, with the engine's layers over any of them.

const { answer, priceOf, usd } = require("./chat.cjs");
const { drive } = require("./driver.cjs");
const { milliseconds } = require("./duration.cjs");
const { Fault, InputError } = require("./errors.cjs").public;

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

  withRedact(names = [], { values = [] } = {}) {
    return new Layered(this, "redact", { names: [names].flat(), values });
  }

  withBatch({ texts = 100, bytes } = {}) {
    return new Layered(this, "batch", { texts, bytes });
  }

  withObserve(name = "") {
    return new Layered(this, "observe", { name });
  }

  withRecord(path) {
    return new Layered(this, "record", { to: String(path) });
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

/** Providers that are the same but for their key: each call goes to the next one that does not rest. */
class Rotation extends Provider {
  #keys;

  constructor(keys) {
    if (!Array.isArray(keys) || keys.length === 0) {
      throw new InputError("a rotation needs providers", { code: "FU0101", hint: 'write new Rotation([provider("openai", { key: … }), …])' });
    }
    super(typeof keys[0] === "string" ? keys[0].split(":")[0] : keys[0].name);
    this.#keys = [...keys];
  }

  describe(known) {
    return { rotation: this.#keys.map((key) => known.number(key)) };
  }
}

/** A provider in a shared library. */
class Library extends Provider {
  #data;

  constructor(name, data) {
    super(name);
    this.#data = data;
  }

  describe() {
    return { plugin: this.#data };
  }
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

module.exports = { Library, Provider, Rotation, Scripted, provider };
