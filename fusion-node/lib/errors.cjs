"use strict";
// The errors of the package: every one has a stable code, and most say what to do.

/** Anything that goes wrong, with a stable `code` that `npx fusion-kit explain CODE` tells more about. */
class FusionError extends Error {
  constructor(message, { code = "FU0502", hint, place, others } = {}) {
    super(message);
    this.code = code;
    this.hint = hint ?? undefined;
    this.place = place ?? undefined;
    this.others = others ?? [];
  }

  get name() {
    return this.constructor.name;
  }
}

/** What was given does not fit: an input, an id, a name, a state (`FU01xx`). */
class InputError extends FusionError {}

/** A workflow is wrong (`FU02xx`). `others` holds what else is wrong with it. */
class DefinitionError extends FusionError {}

/** The store cannot be opened, read or written (`FU03xx`). */
class StoreError extends FusionError {}

/** A run failed (`FU0401`): `node` and `attempt` tell where, `cause` is the error that its body threw. */
class RunFailed extends FusionError {
  constructor(message, details) {
    super(message, details);
    this.run = details.run;
    this.node = details.node ?? undefined;
    this.attempt = details.attempt ?? undefined;
    this.failure = details.failure ?? undefined;
    if (details.failure) {
      this.cause = causeOf(details.failure);
    }
  }
}

/** A run was cancelled (`FU0402`). */
class RunCancelled extends FusionError {
  constructor(message, details) {
    super(message, details);
    this.run = details.run;
  }
}

/** The result did not come in time (`FU0404`). The run goes on. */
class WaitTimeout extends FusionError {}

/** The engine was closed (`FU0501`). */
class ClosedError extends FusionError {}

/** A bug in Fusion (`FU0502`). */
class InternalError extends FusionError {}

/** Throw it, or a subclass, in a body to say that trying again cannot help. */
class PermanentError extends Error {
  constructor(message, options) {
    super(message, options);
    this.retryable = false;
  }

  get name() {
    return this.constructor.name;
  }
}

const KINDS = [
  "auth",
  "rate_limit",
  "overloaded",
  "context_too_long",
  "content_refused",
  "invalid_request",
  "timeout",
  "transport",
  "malformed",
  "unsupported",
  "budget",
  "cancelled",
];

/** How a call of a provider failed. */
class Fault extends Error {
  constructor(kind, message, { retryAfter, status, provider, detail, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    if (!KINDS.includes(kind)) throw new InputError(`there is no fault \`${kind}\``, { code: "FU0101", hint: `there are ${KINDS.join(", ")}` });
    this.kind = kind;
    this.status = status ?? undefined;
    this.provider = provider ?? undefined;
    this.detail = detail ?? undefined;
    // Late, because lengths of time have errors.
    this.retryAfterMs = retryAfter == null ? undefined : require("./duration.cjs").milliseconds(retryAfter, "retryAfter");
  }

  get name() {
    return "Fault";
  }
}

const BUILT_IN = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** Makes the error again that a body threw, of the same class where that is one of the language's own. */
function causeOf(failure) {
  const Kind = Object.hasOwn(BUILT_IN, failure.class) ? BUILT_IN[failure.class] : Error;
  const error = new Kind(failure.message);
  if (error.name !== failure.class) {
    Object.defineProperty(error, "name", { value: failure.class, configurable: true, writable: true });
  }
  error.stack = failure.detail ?? `${failure.class}: ${failure.message}`;
  return error;
}

const EXACT = { FU0401: RunFailed, FU0402: RunCancelled, FU0404: WaitTimeout, FU0501: ClosedError, FU0502: InternalError };
const FAMILIES = { FU01: InputError, FU02: DefinitionError, FU03: StoreError };

/** Makes an error of what the native side says of it. */
function errorOf(said, run) {
  const Kind = EXACT[said.code] ?? FAMILIES[said.code.slice(0, 4)] ?? FusionError;
  const place = said.place ? `${said.place.file}:${said.place.line}:${said.place.column}: ` : "";
  const others = (said.others ?? []).map((other) => errorOf(other, run));
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  return new Kind(`${place}${said.message}${more}`, { ...said, others, run });
}

/** What the native side threw, as an error of ours. */
function caught(thrown) {
  let said;
  try {
    said = JSON.parse(thrown.message);
  } catch {
    return thrown;
  }
  return errorOf(said);
}

/** Calls the native side; what it throws becomes an error of ours. */
function native(work) {
  try {
    return work();
  } catch (thrown) {
    throw caught(thrown);
  }
}

/** Tells the engine how a body failed: by the error's name, its message and its stack. */
function failureOf(thrown) {
  if (thrown instanceof Unfit) {
    return { class: "decode", message: thrown.message };
  }
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    return { class: "error", message: text(thrown) };
  }
  let stack = typeof thrown.stack === "string" ? thrown.stack : undefined;
  for (let cause = thrown.cause, depth = 0; cause !== undefined && stack && depth < 8; cause = cause?.cause, depth++) {
    stack += `\ncaused by ${cause?.stack ?? text(cause)}`;
  }
  const kind = thrown instanceof Fault ? thrown.kind : thrown.name;
  const failure = { class: String(kind || "Error").slice(0, 200), message: String(thrown.message) };
  if (stack !== undefined) failure.detail = stack.slice(0, 16_000);
  if (typeof thrown.retryable === "boolean") failure.retryable = thrown.retryable;
  if (Number.isFinite(thrown.retryAfterMs) && thrown.retryAfterMs >= 0) {
    failure.retry_after_ms = Math.round(thrown.retryAfterMs);
  }
  return failure;
}

function isErrorLike(thrown) {
  return typeof thrown === "object" && thrown !== null && typeof thrown.message === "string" && typeof thrown.name === "string";
}

function text(thrown) {
  try {
    return typeof thrown === "object" && thrown !== null ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** A value that cannot be recorded. */
class Unfit extends Error {
  constructor(what, path, why) {
    super(`${what} cannot be recorded: ${path} ${why}`);
  }

  get name() {
    return "Unfit";
  }
}

module.exports = {
  public: {
    FusionError,
    InputError,
    DefinitionError,
    StoreError,
    RunFailed,
    RunCancelled,
    WaitTimeout,
    ClosedError,
    InternalError,
    PermanentError,
    Fault,
  },
  KINDS,
  Unfit,
  causeOf,
  caught,
  errorOf,
  failureOf,
  native,
};
