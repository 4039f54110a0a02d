// Graphs: nodes, and what adds them.

import type { Approval, DurableContext, Duration, StepContext } from "./context";

declare const value: unique symbol;

/** What stands for a value that is not there yet, while a graph is built. */
export interface Expression<out T> {
  /** The type of the value; nothing is there at run time. */
  readonly [value]?: T;
  /** The expression, in the words of templates: `nodes["fetch"].title`. */
  readonly expression: string;
  /** Gives what stands for a field of the value. */
  get<K extends keyof NonNullable<T> & string>(key: K): Expression<NonNullable<T>[K]>;
  /** Gives what stands for an element of a list. */
  at(index: number): Expression<T extends readonly (infer U)[] ? U : unknown>;
}

/** A vertex of a graph that is built; it stands for the output that it will have. */
export interface Node<out T> extends Expression<T> {
  /** The name, unique in the graph. */
  readonly id: string;
  /** Gives the node another name; before anything uses it. */
  named(id: string): Node<T>;
  /** Starts the node after others whose outputs it does not use. */
  after(...nodes: (Node<unknown> | Node<unknown>[])[]): Node<T>;
  /** Skips the node unless a condition holds. What needs only skipped nodes is skipped too; a skipped output is `null`. */
  when(condition: Condition): Node<T>;
  /** Skips the node if a condition holds. */
  unless(condition: Condition): Node<T>;
  /** Runs a step when all attempts have failed; without arguments it gets those of the node. */
  fallback<A extends unknown[]>(step: Callable<A, T>, ...args: Given<A> | []): Node<T>;
  /** Runs a step when the run fails later; without arguments it gets the node's output. */
  undo<A extends unknown[]>(step: Callable<A, unknown>, ...args: Given<A> | []): Node<T>;
}

/** A condition: a node or a part of its output (empty, 0 and null count as false), an expression as text, or a constant. */
export type Condition = Expression<unknown> | string | boolean;

/** A value, or nodes in the place of it or of its parts. */
export type Arg<T> =
  | T
  | Expression<T>
  | (T extends readonly (infer U)[] ? readonly Arg<U>[]
    : T extends Date | Uint8Array | Map<unknown, unknown> | Set<unknown> ? never
    : T extends object ? { [K in keyof T]: Arg<T[K]> }
    : never);

/** Arguments, with nodes in any place. */
export type Given<A extends unknown[]> = { [K in keyof A]: Arg<A[K]> };

/** All but the first of some arguments. */
export type Rest<A extends unknown[]> = A extends [unknown, ...infer R] ? R : [];

/** Pauses between attempts: `initial * factor^(n-1)`, at most `max`, spread by `jitter`. */
export interface Retry {
  /** How many attempts there are at the most, the first one counted. Default 1. */
  attempts?: number;
  /** The pause after the first failure. Default 1 s. */
  initial?: Duration;
  /** What each pause is multiplied by to get the next one. Default 2. */
  factor?: number;
  /** The longest pause. Default 1 min. */
  max?: Duration;
  /** The share of each pause that is drawn at random, 0 to 1. Default 0. */
  jitter?: number;
  /** The only error names that are tried again; all when there are none. */
  on?: string[];
  /** Error names that are never tried again. */
  notOn?: string[];
}

/** Something that an output must satisfy; else the attempt fails with class `validation`. */
export type Check =
  | { minChars: number } | { maxChars: number } | { contains: string } | { json: true }
  | { matches: string | RegExp } | { notMatches: string | RegExp } | { that: string };

/** What may be asked of a step, or of one of its nodes by `step.with(…)`. */
export interface StepOptions {
  /** How often a failed attempt is tried again. */
  retries?: number;
  /** The pauses between attempts. */
  retry?: Retry;
  /** How long one attempt may take: fixed, or learned from earlier ones. */
  timeout?: Duration | { factor?: number; floor?: Duration; ceiling: Duration };
  /** The longest silence between two `ctx.heartbeat()`. */
  heartbeat?: Duration;
  /** Takes the outcome of an earlier run of the step with the same input. */
  cache?: boolean | { ttl?: Duration; version?: string };
  /** Slots that all runs on the store share: at most `limit` bodies with this key at once. */
  concurrency?: { key: string; limit: number };
  /** Higher starts first among the nodes that are ready. */
  priority?: number;
  /** Records the start first and never enters the body a second time. */
  atMostOnce?: boolean;
  /** What becomes of an at-most-once node that is in doubt. Default `fail`. */
  onUnknown?: "fail" | "wait_human";
  /** What the output must satisfy. */
  validate?: Check[];
  /** Runs with the same arguments when all attempts have failed. */
  fallback?: Callable<any, unknown>;
  /** Runs with the output when the run fails later. */
  compensate?: Callable<any, unknown>;
  /** For `map`: how many items run at once. Default 16. */
  maxParallel?: number;
  /** For `map`: what a failed item does. Default `stop`. */
  onItemFailure?: "stop" | "finish" | "collect";
}

/** What can be called in a workflow's function, and started by itself. */
export interface Callable<A extends unknown[], R> {
  /** Adds a node that runs it. Arguments may be nodes, or hold nodes. */
  (...args: Given<A>): Node<R>;
  /** The name that runs know it by. */
  readonly name: string;
  /** Adds a node that runs it for each item of a list, which is the first argument. */
  map(over: Arg<A[0][]>, ...rest: Given<Rest<A>>): Node<R[]>;
  /** Gives the same with other options. */
  with(options: StepOptions): this;
  /** Runs until a condition over `output` and `round` holds, at most `max` times (default 100). */
  until(condition: string, options?: { max?: number; pause?: Duration }): this;
}

/** A function that is registered as a step. */
export interface Step<A extends unknown[], R> extends Callable<A, R> {
  /** The plain function. */
  readonly body: (...args: A) => R | Promise<R>;
}

/** A step whose function gets its context first. */
export interface ContextStep<A extends unknown[], R> extends Callable<A, R> {
  /** The plain function. */
  readonly body: (ctx: StepContext, ...args: A) => R | Promise<R>;
}

/** A durable function. */
export interface Durable<A extends unknown[], R> extends Callable<A, R> {
  /** The plain function. */
  readonly body: (ctx: DurableContext, ...args: A) => Promise<R>;
}

/** A function that builds a graph. In another workflow it runs as a run of its own. */
export interface Workflow<A extends unknown[], R> {
  /** Adds a node that runs it as a sub-workflow. */
  (...args: Given<A>): Node<R>;
  /** The name that runs know it by. */
  readonly name: string;
  /** Adds a node that runs it for each item of a list. */
  map(over: Arg<A[0][]>, ...rest: Given<Rest<A>>): Node<R[]>;
  /** Gives the same with other options. */
  with(options: StepOptions): this;
}

/** What is left of a value once the nodes in it have run. */
export type Output<T> =
  T extends Expression<infer U> ? U
  : T extends void ? null
  : T extends readonly unknown[] ? { -readonly [K in keyof T]: Output<T[K]> }
  : T extends Date | Uint8Array | Map<unknown, unknown> | Set<unknown> ? T
  : T extends object ? { [K in keyof T]: Output<T[K]> }
  : T;

/** What can be started. */
export type Startable<A extends unknown[], R> = Workflow<A, R> | Callable<A, R>;

/** A declared input: its type, or more. */
export type InputSpec =
  | "string" | "integer" | "number" | "boolean" | "array" | "object" | "any"
  | { type?: string; default?: unknown; description?: string; choices?: unknown[] };

/** How a workflow is made. */
export interface WorkflowOptions {
  /** The author's version number. Default 1. */
  version?: number;
  /** What it is for. */
  description?: string;
  /** What a failed node does to the rest. Default `stop`. */
  onFailure?: "stop" | "finish_branches";
}

/** How a node of a {@link Graph} is made. */
export interface AddOptions extends StepOptions {
  /** The arguments; nodes may stand in any place. */
  args?: unknown[];
  /** Nodes that must be settled first; those among the arguments are implied. */
  needs?: (Node<unknown> | string)[];
  /** Skips the node unless this holds. */
  when?: Condition;
  /** Runs it for each item of this list, which is the first argument. */
  map?: unknown[] | Expression<unknown>;
}

/** A graph that is put together from data, node by node. */
export declare class Graph {
  constructor(name: string, options?: WorkflowOptions & { inputs?: Record<string, InputSpec> });
  /** The workflow's name. */
  readonly name: string;
  /** The definition, in the engine's words. */
  readonly json: unknown;
  /** The plain functions among its nodes, by the names of their steps. */
  readonly steps: ReadonlyMap<string, (...args: any[]) => unknown>;
  /** Gives what stands for an input. */
  input<T = unknown>(name: string): Expression<T>;
  /** Adds a node that runs a step, a workflow, a plain function, or a step by its name. */
  add<R = unknown>(
    id: string,
    what: Callable<any, R> | Workflow<any, R> | ((...args: any[]) => R | Promise<R>) | string,
    options?: AddOptions,
  ): Node<R>;
  /** Names an output of the run. */
  output(name: string, value: unknown): this;
}

/** What a command gives. */
export interface CommandOutput {
  /** What it wrote. */
  stdout: string;
  /** What it complained. */
  stderr: string;
  /** What it wrote, by lines. */
  lines: string[];
  /** What it wrote, if that is JSON. */
  json?: unknown;
  /** Its exit code: 0. */
  exit_code: number;
  /** How long it took, in milliseconds. */
  duration_ms: number;
}

/** Adds a node that runs a program; no shell is between. */
export declare function command(
  argv: readonly Arg<string>[],
  options?: StepOptions & { stdin?: Arg<string>; cwd?: Arg<string>; env?: Record<string, Arg<string>> },
): Node<CommandOutput>;

/** Gives an expression over `inputs` and `nodes`, in the words of templates. */
export declare function expr<T = unknown>(expression: string): Expression<T>;

/** Nodes that wait. */
export declare const wait: {
  /** Waits for a while. */
  sleep(length: Duration | Expression<string>): Node<null>;
  /** Waits until a moment. */
  until(moment: Date | string | Expression<unknown>): Node<null>;
  /** Waits for a signal; its payload is the output. */
  signal<T = unknown>(name: Arg<string>, options?: { timeout?: Duration }): Node<T>;
  /** Waits for a person's yes or no. */
  approval(message: Arg<string>, options?: { role?: string; timeout?: Duration }): Node<Approval>;
};
export {};
