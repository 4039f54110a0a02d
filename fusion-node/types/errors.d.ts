// Errors.

import type { Duration, Failure } from "./context";
import type { FaultKind } from "./provider";

/** A place in a file. */
export interface Place {
  /** The file. */
  file: string;
  /** The line, from 1. */
  line: number;
  /** The column, from 1. */
  column: number;
}

/** Anything that goes wrong, with a stable `code` that `npx fusion-kit explain CODE` tells more about. */
export declare class FusionError extends Error {
  constructor(message: string, details?: { code?: string; hint?: string; place?: Place; others?: FusionError[] });
  /** The stable code: `FU0101`. */
  readonly code: string;
  /** What to do about it, if anything is known to help. */
  readonly hint: string | undefined;
  /** Where it is, for errors in files. */
  readonly place: Place | undefined;
  /** What else is wrong. */
  readonly others: FusionError[];
}

/** What was given does not fit: an input, an id, a name, a state (`FU01xx`). */
export declare class InputError extends FusionError {}

/** A workflow is wrong (`FU02xx`). */
export declare class DefinitionError extends FusionError {}

/** The store cannot be opened, read or written (`FU03xx`). */
export declare class StoreError extends FusionError {}

/** A run failed (`FU0401`). `cause` is the error that its body threw. */
export declare class RunFailed extends FusionError {
  private constructor();
  /** The run. */
  readonly run: string;
  /** The node that failed. */
  readonly node: string | undefined;
  /** The attempt that failed. */
  readonly attempt: number | undefined;
  /** How the failure is recorded. */
  readonly failure: Failure | undefined;
}

/** A run was cancelled (`FU0402`). */
export declare class RunCancelled extends FusionError {
  private constructor();
  /** The run. */
  readonly run: string;
}

/** The result did not come in time (`FU0404`). The run goes on. */
export declare class WaitTimeout extends FusionError {}

/** The engine was closed (`FU0501`). */
export declare class ClosedError extends FusionError {}

/** A bug in Fusion (`FU0502`). */
export declare class InternalError extends FusionError {}

/** Throw it, or a subclass, in a body to say that trying again cannot help. */
export declare class PermanentError extends Error {
  constructor(message?: string, options?: { cause?: unknown });
  /** Always `false`. */
  readonly retryable: false;
}

/**
 * How a call of a provider failed. Throw it in a provider, so that retries, fallbacks and policies know what to do; any other
 * error of a provider is `overloaded`, as if a service had trouble of its own.
 */
export declare class Fault extends Error {
  constructor(kind: FaultKind, message: string, details?: { retryAfter?: Duration; status?: number; provider?: string; detail?: string; cause?: unknown });
  /** Which kind it is. */
  readonly kind: FaultKind;
  /** The least pause before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The HTTP status. */
  readonly status: number | undefined;
  /** Who failed. */
  readonly provider: string | undefined;
  /** What does not fit in a sentence. */
  readonly detail: string | undefined;
}
