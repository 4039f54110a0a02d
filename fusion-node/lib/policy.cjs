"use strict";
// The options of steps and nodes, in the engine's words.

const { milliseconds } = require("./duration.cjs");
const { InputError } = require("./errors.cjs").public;

const KNOWN = new Set([
  "retries", "retry", "timeout", "heartbeat", "cache", "concurrency", "priority", "atMostOnce", "onUnknown", "validate",
  "fallback", "compensate", "maxParallel", "onItemFailure", "until", "max", "pause",
]);
/** What is said where a step is made, and nowhere else. */
const MAKING = {
  context: "it is said where a step is made: app.step(name, body, { context: true })",
  elsewhere: "it stands in the place of a step's function: app.step(name, { elsewhere: true })",
};

/** Refuses options that do not exist, or not here: a misspelt one would silently do nothing. */
function check(options, what, making = []) {
  for (const key of Object.keys(options)) {
    if (KNOWN.has(key) || making.includes(key)) continue;
    if (Object.hasOwn(MAKING, key)) {
      throw new InputError(`${what} cannot have the option \`${key}\``, { code: "FU0101", hint: MAKING[key] });
    }
    throw new InputError(`${what} has no option \`${key}\``, { code: "FU0203", hint: `there are ${[...KNOWN].join(", ")}` });
  }
  return options;
}

function retryOf({ retries, retry }) {
  if (retries === undefined && retry === undefined) return undefined;
  const backoff = { attempts: 1 + count(retries ?? (retry.attempts ?? 1) - 1, "retries") };
  if (retry === undefined) return backoff;
  if (retry.initial !== undefined) backoff.initial_ms = milliseconds(retry.initial, "retry.initial");
  if (retry.max !== undefined) backoff.max_ms = milliseconds(retry.max, "retry.max");
  for (const key of ["factor", "jitter", "on"]) {
    if (retry[key] !== undefined) backoff[key] = retry[key];
  }
  if (retry.notOn !== undefined) backoff.not_on = retry.notOn;
  return backoff;
}

function count(number, what) {
  if (!Number.isInteger(number) || number < 0) {
    throw new InputError(`${what} must be a whole number from 0 on, not ${String(number)}`, { code: "FU0101" });
  }
  return number;
}

function timeoutOf(timeout) {
  if (typeof timeout !== "object") return { fixed: milliseconds(timeout, "timeout") };
  const { factor = 3, floor = "1s", ceiling } = timeout;
  if (ceiling === undefined) throw new InputError("a learned timeout needs a ceiling", { code: "FU0107" });
  return { learned: { factor, floor_ms: milliseconds(floor, "timeout.floor"), ceiling_ms: milliseconds(ceiling, "timeout.ceiling") } };
}

/** Gives the policy of options; `undefined` when they ask for nothing. */
function policyOf(options) {
  const policy = {};
  const retry = retryOf(options);
  if (retry !== undefined) policy.retry = retry;
  if (options.timeout !== undefined) policy.timeout = timeoutOf(options.timeout);
  if (options.heartbeat !== undefined) policy.heartbeat_ms = milliseconds(options.heartbeat, "heartbeat");
  if (options.cache) {
    const { ttl, version = "" } = options.cache === true ? {} : options.cache;
    policy.cache = { ttl_ms: ttl === undefined ? null : milliseconds(ttl, "cache.ttl"), version };
  }
  if (options.concurrency !== undefined) policy.concurrency = { key: options.concurrency.key, limit: options.concurrency.limit };
  if (options.priority !== undefined) policy.priority = options.priority;
  if (options.atMostOnce) policy.at_most_once = true;
  if (options.onUnknown !== undefined) policy.on_unknown = options.onUnknown;
  return Object.keys(policy).length > 0 ? policy : undefined;
}

const CHECKS = {
  minChars: "min_chars",
  maxChars: "max_chars",
  contains: "contains",
  matches: "matches",
  notMatches: "not_matches",
  json: "json",
  that: "that",
};

/** Gives what an output must satisfy, in the engine's words. */
function checksOf(list) {
  return list.map((one) => {
    const [[key, value]] = Object.entries(one);
    if (CHECKS[key] === undefined) {
      throw new InputError(`there is no check \`${key}\``, { code: "FU0203", hint: `there are ${Object.keys(CHECKS).join(", ")}` });
    }
    return { [CHECKS[key]]: value instanceof RegExp ? value.source : value };
  });
}

module.exports = { check, checksOf, policyOf };
