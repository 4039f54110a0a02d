"use strict";
// Values as they are recorded: JSON, with a tag for what JSON has no word for. A tagged value is an object with one key.

const { Unfit } = require("./errors.cjs");

/** As deep as the engine reads. */
const DEPTH = 100;
const TAGS = new Set(["$args", "$bigint", "$bytes", "$date", "$map", "$number", "$plain", "$set"]);
const TAG = '"$';

/** Writes a value as JSON text. `what` is named in the error if it cannot be. */
function encode(value, what) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "undefined":
      return "null";
    case "number":
      if (Number.isFinite(value)) return String(value === 0 ? 0 : value);
      break;
    default:
      if (value === null) return "null";
  }
  return JSON.stringify(pure(value, what));
}

/** Gives the value with tags in it; the value itself where it needs none. */
function pure(value, what) {
  return walk(value, { what, path: [], above: [] });
}

function unfit(at, why) {
  const path = at.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  throw new Unfit(at.what, `$${path}`, why);
}

function walk(value, at) {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : { $number: String(value) };
    case "undefined":
      return null;
    case "bigint":
      return { $bigint: String(value) };
    case "object":
      return value === null ? null : container(value, at);
    default:
      return unfit(at, `is a ${typeof value}`);
  }
}

function container(value, at) {
  if (at.above.includes(value)) unfit(at, "contains itself");
  if (at.above.length >= DEPTH) unfit(at, `is nested deeper than ${DEPTH} levels`);
  at.above.push(value);
  const result = Array.isArray(value) ? list(value, at) : object(value, at);
  at.above.pop();
  return result;
}

function inside(value, key, at) {
  if (typeof value === "string" || value === null || typeof value === "boolean") return value;
  at.path.push(key);
  const result = walk(value, at);
  at.path.pop();
  return result;
}

function list(value, at) {
  let copy = null;
  for (let index = 0; index < value.length; index++) {
    const item = value[index];
    const result = inside(item, index, at);
    if (copy === null && result !== item) copy = value.slice(0, index);
    if (copy !== null) copy.push(result);
  }
  return copy ?? value;
}

function object(value, at) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const special = other(value, at);
    if (special !== undefined) return special.value;
  }
  const keys = Object.keys(value);
  const wraps = keys.length === 1 && TAGS.has(keys[0]);
  let copy = prototype === Object.prototype || prototype === null ? null : {};
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const before = value[key];
    const result = before === undefined ? undefined : inside(before, key, at);
    if (copy === null && (result !== before || before === undefined)) {
      copy = {};
      for (const earlier of keys.slice(0, index)) put(copy, earlier, value[earlier]);
    }
    if (copy !== null && result !== undefined) put(copy, key, result);
  }
  const done = copy ?? value;
  return wraps ? { $plain: done } : done;
}

function put(object, key, value) {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/** What is no plain object: its tagged form, or `undefined` for the instance of a class, which is recorded by its fields. */
function other(value, at) {
  if (value instanceof Date) {
    return { value: { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() } };
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, item], index) => [inside(key, `key ${index}`, at), inside(item, index, at)]);
    return { value: { $map: entries } };
  }
  if (value instanceof Set) {
    return { value: { $set: [...value].map((item, index) => inside(item, index, at)) } };
  }
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    const bytes = value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return { value: { $bytes: bytes.toString("base64") } };
  }
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return { value: walk(value.valueOf(), at) };
  }
  if (typeof value.toJSON === "function") {
    return { value: walk(value.toJSON(), at) };
  }
  if (typeof value.then === "function") unfit(at, "is a promise: await it");
  if (value instanceof Error) unfit(at, "is an error: throw it, or give its message");
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (name !== "Object" || ArrayBuffer.isView(value)) unfit(at, `is a ${value.constructor?.name ?? name}`);
  return undefined;
}

/** Reads JSON text that `encode` wrote, or that came from elsewhere. */
function decode(json) {
  const value = JSON.parse(json);
  return json.includes(TAG) ? revive(value) : value;
}

/** Gives the value that a recorded one stands for; changes it in place where it can. */
function revive(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = revive(value[index]);
    return value;
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0][0] === "$") return untag(value, keys[0]);
  for (const key of keys) put(value, key, revive(value[key]));
  return value;
}

function untag(value, tag) {
  const inner = value[tag];
  switch (tag) {
    case "$bigint":
      return typeof inner === "string" && /^-?\d+$/.test(inner) ? BigInt(inner) : value;
    case "$date":
      return new Date(inner ?? Number.NaN);
    case "$number":
      return Number(inner);
    case "$bytes":
      return Buffer.from(String(inner), "base64");
    case "$map":
      return new Map(revive(inner));
    case "$set":
      return new Set(revive(inner));
    case "$plain":
      for (const key of Object.keys(inner)) put(inner, key, revive(inner[key]));
      return inner;
    default:
      value[tag] = revive(inner);
      return value;
  }
}

module.exports = { TAG, decode, encode, pure, revive };
