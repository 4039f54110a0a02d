"use strict";
// `app.services`: who offers what, which of them a request goes to, several as one.

const { pure } = require("./codec.cjs");
const { milliseconds } = require("./duration.cjs");
const { engine, form, length, same, told } = require("./words.cjs");

const SERVICE = form({ id: same, name: same, version: same, target: same, capabilities: same, metadata: same, load: same, ttl: length });
const CRITERIA = form({ name: same, version: same, capabilities: same, metadata: same });
const PART = form({ name: same, service: same, strategy: same, ask: same, otherwise: same });
/** Fields whose names belong to the program. */
const OWN = new Set(["metadata"]);

/** The services of a store. */
class Services {
  #ask;

  constructor(ask) {
    this.#ask = ask;
  }

  /** Registers an instance, or sets it anew. */
  async register(service) {
    await this.#ask("services.register", engine(service, SERVICE, "a service"));
  }

  /** Changes an instance; it counts as a sign of life. */
  async update(id, change) {
    return told(await this.#ask("services.update", engine({ id, ...change }, SERVICE, "a service")), OWN);
  }

  /** Gives a sign of life of an instance. */
  async beat(id) {
    await this.#ask("services.beat", id);
  }

  /** Takes an instance out. */
  async deregister(id) {
    await this.#ask("services.deregister", id);
  }

  /** Finds the instances that are well and fit; all without criteria. */
  async discover(criteria = {}) {
    return told(await this.#ask("services.discover", criteriaOf(criteria)), OWN);
  }

  /** Asks one of those that fit, and the next one when it fails. */
  async call(criteria, ask, content, { timeout = "30s", strategy } = {}) {
    const given = { criteria: criteriaOf(criteria), strategy: strategyOf(strategy), ask, content: pure(content, "the question") };
    return this.#ask("services.call", { ...given, timeout_ms: milliseconds(timeout, "timeout") });
  }

  /** Asks several services as one: in a chain, or at the same time. */
  async compose(parts, content, { chain = false, rule = "all", timeout = "30s" } = {}) {
    const made = parts.map((part) => {
      const { service, strategy, ...rest } = engine(part, PART, "a part");
      return { ...rest, criteria: criteriaOf(service), strategy: strategyOf(strategy) };
    });
    const atLeast = typeof rule === "number" ? { at_least: rule } : rule === "bestEffort" ? "best_effort" : rule;
    const composition = { parts: made, chain, rule: atLeast };
    return this.#ask("services.compose", { composition, content: pure(content, "the question"), timeout_ms: milliseconds(timeout, "timeout") });
  }
}

function criteriaOf(criteria) {
  return engine(typeof criteria === "string" ? { name: criteria } : criteria, CRITERIA, "what is looked for");
}

function strategyOf(strategy) {
  return { roundRobin: "round_robin", leastLoaded: "least_loaded" }[strategy] ?? strategy;
}

module.exports = { Services };
