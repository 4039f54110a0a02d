"use strict";
// Fields of JavaScript and of the engine: `notBefore` here is `not_before` there.

const { milliseconds } = require("./duration.cjs");
const { InputError } = require("./errors.cjs").public;

const snake = (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name) => name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** A field as it is. */
const same = (name) => (value) => ({ [snake(name)]: value });
/** A field under the name that it has here. */
const kept = (name) => (value) => ({ [name]: value });
/** A point in time, under the name that it has here. */
const keptMoment = (name) => (value) => ({ [name]: time(value, name) });
/** A length of time. */
const length = (name) => (value) => ({ [`${snake(name)}_ms`]: milliseconds(value, name) });
/** A point in time: a `Date`, or milliseconds since 1970. */
const moment = (name) => (value) => ({ [snake(name)]: time(value, name) });
/** An object with fields of its own. */
const inner = (name, form) => (value) => ({ [snake(name)]: engine(value, form, name) });

function time(value, what) {
  const at = value instanceof Date ? value.getTime() : value;
  if (Number.isSafeInteger(at)) return at;
  throw new InputError(`${what}: ${String(value)} is no time`, { code: "FU0101", hint: "give a Date, or milliseconds since 1970" });
}

/** The function of what is registered. */
function bodyOf(body, name) {
  if (typeof body !== "function") throw new InputError(`\`${name}\` needs a function`, { code: "FU0101" });
  return body;
}

/** A name of what is registered. */
function nameOf(name) {
  if (typeof name !== "string" || !/^[\w.:-]{1,128}$/.test(name)) {
    throw new InputError(`${JSON.stringify(name)} is no name`, { code: "FU0102", hint: "1 to 128 of A-Z a-z 0-9 . _ : -" });
  }
  return name;
}

/** Makes the form of an object: what becomes of each of its fields. */
function form(fields) {
  return new Map(Object.entries(fields).map(([name, how]) => [name, how(name)]));
}

/** Gives an object in the engine's words; what nobody knows is an error, for it would silently do nothing. */
function engine(given, known, what) {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new InputError(`${what} is an object, not ${JSON.stringify(given)}`, { code: "FU0101" });
  }
  const made = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const put = known.get(name);
    if (put === undefined) {
      throw new InputError(`${what} has no field \`${name}\``, { code: "FU0203", hint: `there are ${[...known.keys()].join(", ")}` });
    }
    Object.assign(made, put(value));
  }
  return made;
}

/** Gives what the engine told in words of JavaScript; the fields in `own` hold names that are not ours. */
function told(value, own) {
  if (Array.isArray(value)) return value.map((one) => told(one, own));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [camel(name), own.has(name) ? one : told(one, own)]));
}

module.exports = { bodyOf, engine, form, inner, kept, keptMoment, length, moment, nameOf, same, time, told };
