// What bodies know and may do.

import type { Agent } from "./agent";
import type { Step } from "./graph";

/** A length of time: milliseconds, or a text such as `"500ms"`, `"30s"`, `"1h30m"`, `"2d"`. */
export type Duration = number | string;

/** How a failed attempt is recorded: plain data that every language can read. */
export interface Failure {
  /** The error's name, or a word of the engine's: `timeout`, `cancelled`, `validation`, `decode`, … */
  class: string;
  /** One sentence. */
  message: string;
  /** The stack. */
  detail?: string;
  /** Whether the body said that trying again can help. */
  retryable?: boolean;
  /** The least pause that the body asked for, in milliseconds. */
  retry_after_ms?: number;
}

/** What a body knows of its attempt. */
export interface StepContext {
  /** The id of the run. */
  readonly run: string;
  /** The node, or its item: `fetch` or `fetch[3]`. */
  readonly node: string;
  /** The attempt, from 1. */
  readonly attempt: number;
  /** The fence number of the run's owner: an outside system can refuse smaller ones. */
  readonly epoch: number;
  /** The same for all attempts of this node, over crashes too; different from all others. */
  readonly idempotencyKey: string;
  /** Why the attempt before failed. */
  readonly feedback: Failure | undefined;
  /** Aborted when nobody waits for the body any more. Reading it asks for 5 s to end in. */
  readonly signal: AbortSignal;
  /** Runs a part once for all attempts: its result is recorded under the name before it is returned. */
  memo<T>(name: string, work: () => T | Promise<T>): Promise<T>;
  /**
   * Lets an agent work on a task as a part of this body: what it says and does is recorded as it goes. Several need a `name`
   * each, where the order of the calls is not always the same.
   */
  work(agent: string | Agent, prompt: string, options?: { name?: string; messages?: unknown; [field: string]: unknown }): Promise<any>;
  /** Says that the body is alive and how far it is. */
  progress(value: unknown): void;
  /** Says that the body is alive. */
  heartbeat(): void;
}

/** A person's answer to an approval. */
export interface Approval {
  /** Yes or no. */
  approved: boolean;
  /** Who said it. */
  by: string;
  /** What they added. */
  comment: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** What a durable function may do. What it did is recorded, and found again when it is entered anew after a crash. */
export interface DurableContext extends StepContext {
  /** Runs a function or a step once; its result is recorded before it is returned. The same name again gets a number. */
  step<A extends unknown[], R>(name: string, work: ((...args: A) => R | Promise<R>) | Step<A, R>, ...args: A): Promise<R>;
  /** Rests for a while, without a process that has to live so long. */
  sleep(length: Duration): Promise<void>;
  /** Rests until a moment. */
  sleepUntil(moment: Date | number): Promise<void>;
  /** Rests until a signal comes, and gives its payload; `undefined` when the time is up. */
  waitSignal<T = unknown>(name: string, options?: { timeout?: Duration }): Promise<T | undefined>;
  /** Rests until a person has answered; `undefined` when the time is up. */
  waitApproval(message: string, options?: { role?: string; timeout?: Duration }): Promise<Approval | undefined>;
}
