"use strict";
// `app.providers`: asks providers outside of any run, adds them by name, loads them from shared libraries, tells what was observed.

const { resolve } = require("node:path");
const native = require("./native.cjs");
const { faultOf, requestOf } = require("./chat.cjs");
const { milliseconds } = require("./duration.cjs");
const errors = require("./errors.cjs");
const { Library, Provider } = require("./provider.cjs");

const { InputError } = errors.public;

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

  /** Loads a shared library as a provider, which is added under its own name, or another one. */
  load(path, { config = {}, model = "", secrets, name } = {}) {
    const whole = resolve(String(path));
    const own = errors.native(() => native.loadPlugin(whole));
    return this.add(new Library(own, { path: whole, config, model, secrets }), name);
  }

  /** Tells what `withObserve(name)` has counted so far. */
  metrics(name = "") {
    return JSON.parse(this.#staff().observed("metrics", String(name)));
  }

  /** Takes the spans of the calls that `withObserve(name)` has seen since this was asked last. */
  spans(name = "") {
    return JSON.parse(this.#staff().observed("spans", String(name)));
  }

  /** Forgets what layers keep and nobody has used for so long. */
  async prune(older, { dryRun = false } = {}) {
    const staff = this.#staff();
    const given = JSON.stringify({ older_ms: milliseconds(older, "older"), dry_run: dryRun });
    return this.bridge.ask((ticket) => staff.team(ticket, "providers.prune", given));
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
    if (!(provider instanceof Provider)) {
      const hint = typeof provider === "function" ? `make one: new ${provider.name}()` : undefined;
      throw new InputError("a provider is a `Provider` or its name", { code: "FU0101", hint });
    }
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

module.exports = { Providers };
