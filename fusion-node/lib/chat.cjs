"use strict";
// The words between a program and a language model. All are plain data, in the engine's own form.

const { Fault, InputError } = require("./errors.cjs").public;

/** Makes a request of a prompt; a request stays as it is. */
function requestOf(asked) {
  if (typeof asked === "string") return { model: "", messages: [message("user", asked)] };
  if (typeof asked === "object" && asked !== null && Array.isArray(asked.messages)) return asked;
  throw new InputError("a request is a text, or an object with `messages`", { code: "FU0101" });
}

function message(role, text) {
  return { role, parts: [{ type: "text", text }] };
}

/** Gives all text of a message, of an answer, or of the last message of a request. */
function textOf(said) {
  if (Array.isArray(said.messages)) return textOf(said.messages.at(-1) ?? {});
  return (said.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** Makes an answer: a text, calls of tools, the tokens that were read and written, what it cost. */
function answer(text, { calls = [], model = "", usage, cost, finish } = {}) {
  const parts = text ? [{ type: "text", text }] : [];
  for (const [name, given] of calls) parts.push({ type: "call", id: "", name, arguments: JSON.stringify(given ?? {}) });
  const made = { model, parts, finish: finish ?? (calls.length > 0 ? "tool_calls" : "stop") };
  if (usage !== undefined) made.usage = usage;
  if (cost !== undefined) made.cost = usd(cost);
  return made;
}

/** Gives an amount of US dollars as the decimal text that the engine reads. */
function usd(amount) {
  return typeof amount === "number" ? amount.toFixed(9).replace(/\.?0+$/, "") : String(amount);
}

/** Gives a price in the engine's form. */
function priceOf(price) {
  const { input, output, cachedRead, cachedWrite, request } = price;
  const all = { input, output, cached_read: cachedRead, cached_write: cachedWrite, request: request ?? 0 };
  return Object.fromEntries(Object.entries(all).filter(([, amount]) => amount !== undefined).map(([name, amount]) => [name, usd(amount)]));
}

/** Makes the error of a fault that the engine tells of. */
function faultOf(told) {
  const { kind, message, retry_after_ms: retryAfter, status, provider, detail } = told;
  return new Fault(kind, message, { retryAfter, status, provider, detail });
}

module.exports = { answer, faultOf, priceOf, requestOf, textOf, usd };
