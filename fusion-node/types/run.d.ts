// Runs: what is known of them, and what can be said to them.

import type { Duration, Failure } from "./context";
import type { Startable } from "./graph";

/** How far a run is. */
export type RunStatus = "pending" | "running" | "waiting" | "paused" | "succeeded" | "failed" | "cancelled";

/** How far a node is. */
export type NodeStatus =
  | "pending" | "ready" | "running" | "waiting" | "retrying"
  | "succeeded" | "failed" | "skipped" | "cancelled" | "in_doubt";

/** One change of state of a run. */
export interface RunEvent {
  /** The place in the run's journal; several events may share it. */
  seq: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** `noun.verb` in the past tense, such as `node.succeeded`. */
  name: string;
  /** How much it matters. */
  severity: "debug" | "info" | "warning" | "error" | "critical";
  /** The run. */
  run: string;
  /** The node, if it is about one: `fetch` or `fetch[3]`. */
  node?: string;
  /** The attempt, if it is about one. */
  attempt?: number;
  /** The rest, by name. */
  data?: Record<string, unknown>;
}

/** What is known of a node. */
export interface NodeReport {
  /** How far it is. */
  status: NodeStatus;
  /** How many attempts have ended. */
  attempts: number;
  /** What came out. */
  output?: unknown;
  /** Why it has not succeeded. */
  error?: Failure;
  /** When it began, in milliseconds since 1970. */
  started: number | null;
  /** When it ended. */
  finished: number | null;
}

/** What is known of a run. */
export interface RunReport {
  /** The id. */
  run: string;
  /** The workflow's name. */
  workflow: string;
  /** The workflow's version. */
  version: number;
  /** How far it is. */
  status: RunStatus;
  /** What came out. */
  outputs: unknown;
  /** Why it failed. */
  error?: Failure;
  /** The nodes by name. */
  nodes: Record<string, NodeReport>;
  /** When it began, in milliseconds since 1970. */
  started: number;
  /** When it ended. */
  finished: number | null;
}

/** One run in the store, wherever it is driven. Made by {@link Fusion.start} and {@link Fusion.find}. */
export declare class Run<R = unknown> implements AsyncIterable<RunEvent> {
  private constructor();
  /** The id. */
  readonly id: string;
  /** How far it is. */
  status(): Promise<RunStatus>;
  /**
   * Waits for the end and gives what came out.
   * @throws {RunFailed} @throws {RunCancelled} @throws {WaitTimeout} when it takes longer than `timeout`: the run goes on.
   * An aborted `signal` ends the waiting with its reason, not the run.
   */
  result(options?: { timeout?: Duration; signal?: AbortSignal }): Promise<R>;
  /** Follows the run: its events from the first (or after a place) to the last. */
  events(options?: { after?: number; signal?: AbortSignal }): AsyncGenerator<RunEvent, void, undefined>;
  /** The same as `events()`. */
  [Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, undefined>;
  /** Everything that is known of it. */
  show(): Promise<RunReport>;
  /** Why it does not move, and why the runs that it waits for do not. */
  why(): Promise<{ sentence: string; chain: string[]; hint: string | null; child: string | null }[]>;
  /** How far the bodies in this process are that said so, by node. */
  progress(): Promise<Record<string, unknown>>;
  /** Asks for its end. */
  cancel(why?: string): Promise<void>;
  /** Lets nothing new start. */
  pause(): Promise<void>;
  /** Lets a paused run go on. */
  resume(): Promise<void>;
  /** Sends a signal; it is kept until somebody waits for it. */
  signal(name: string, payload?: unknown): Promise<void>;
  /** Says yes to an approval: the one of this node, or the only one that is asked for. */
  approve(options?: { node?: string; by?: string; comment?: string }): Promise<void>;
  /** Says no. */
  reject(options?: { node?: string; by?: string; comment?: string }): Promise<void>;
  /** Says how an in-doubt node really ended. */
  resolve(node: string, verdict: { done: unknown } | { failed: string } | { notDone: true }): Promise<void>;
  /** Takes it up again after its end: what failed, the named nodes, and all that depends on them. */
  retry(options?: { nodes?: string[]; again?: string[] }): Promise<void>;
  /** Begins another run with its outcomes, but for the named nodes (all when there are none) and what depends on them. */
  fork(options?: ForkOptions): Promise<Run<R>>;
  /** Its id, for logs. */
  toJSON(): { id: string };
}

/** How a run is forked. */
export interface ForkOptions {
  /** Nodes that run again. */
  nodes?: string[];
  /** At-most-once nodes whose body may be entered by the new run although the old one entered it. */
  again?: string[];
  /** The id of the new run. */
  id?: string;
  /** Another definition, or the same for other arguments. */
  workflow?: Startable<any, unknown>;
  /** The arguments of that workflow. */
  args?: unknown[];
  /** Other inputs by name, for a graph or a file. */
  input?: Record<string, unknown>;
}
