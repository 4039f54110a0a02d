// The engine.

/// <reference lib="esnext.disposable" />

import type { Agent, Reply } from "./agent";
import type { DurableContext, Duration, StepContext } from "./context";
import type { ContextStep, Durable, Graph, Output, Startable, Step, StepOptions, Workflow, WorkflowOptions } from "./graph";
import type { Draft, Messages, Sent, Services } from "./mail";
import type { Memory } from "./memory";
import type { Workspaces } from "./workspace";
import type { ObjectDefinition, ObjectKind, Objects, Turn } from "./object";
import type { Providers } from "./provider";
import type { Run, RunStatus } from "./run";
import type { BuildOptions, InitOptions, ProjectMade, Proved, Tested, TestOptions } from "./specs";
import type { Agents, DelegateOptions, Delegation, Swarms, Tasks } from "./team";

/** A workflow file that was read and checked. */
export interface WorkflowFile {
  /** The workflow's name. */
  readonly name: string;
  /** The workflow's version. */
  readonly version: number;
  /** The definition, in the engine's words. */
  readonly graph: unknown;
  /** What is allowed and probably not meant. */
  readonly warnings: string[];
}

/** How a run is started. */
export interface StartOptions {
  /** Your own id: starting it twice with the same input gives the same run. */
  id?: string;
  /** Cancels the run when it is aborted. */
  signal?: AbortSignal;
  /** Only records the run: a worker drives it. */
  detached?: boolean;
}

/** How an engine is opened. */
export interface FusionOptions {
  /** What `{{ secrets.NAME }}` gives. Default: the environment. */
  secrets?: Record<string, string>;
  /** What commands find in their environment. Default: `PATH`, `HOME`, the locale and the like. */
  commandEnv?: Record<string, string>;
  /** The folder in which commands run. Default: that of the process. */
  commandCwd?: string;
  /** How many runs are driven at once. */
  concurrency?: number;
  /** Whether runs of others that are due are taken over. Default true. */
  work?: boolean;
  /** How long this process may be silent until others take its runs over. */
  lease?: Duration;
}

/** A run in a list. */
export interface RunRow {
  /** The id. */
  id: string;
  /** The workflow's name. */
  workflow: string;
  /** The workflow's version. */
  version: number;
  /** How far it is. */
  status: RunStatus;
  /** When it began, in milliseconds since 1970. */
  started: number;
}

/** The engine in a program: a store, the code that is registered, and the runs that are driven here. */
export declare class Fusion {
  /**
   * Opens an engine on a store: `memory://` (default), `sqlite://path/file.db`, or a bare path.
   * @throws {StoreError} when it cannot be opened.
   */
  constructor(url?: string, options?: FusionOptions);
  /** The store's URL. */
  readonly url: string;
  /** How many runs are driven here. */
  readonly driven: number;
  /** The providers of language models. */
  readonly providers: Providers;
  /** Agents with a life. */
  readonly agents: Agents;
  /** What is to be done by some agent. */
  readonly tasks: Tasks;
  /** Teams: agents and workflows of stages. */
  readonly swarms: Swarms;
  /** Messages between agents. */
  readonly messages: Messages;
  /** Who offers what. */
  readonly services: Services;
  /** Durable objects. */
  readonly objects: Objects;
  /** The folders of agents. */
  readonly workspaces: Workspaces;
  /** Gives what an agent, or a team that shares it, knows beyond one task. */
  memory(owner: string): Memory;
  /** Takes part in the tasks of the store: gives them out to agents, and works at them. */
  delegate(options?: DelegateOptions): Promise<Delegation>;
  /** Registers the code of a kind of durable objects; from now on this process takes up such objects. */
  object<S, H extends Record<string, (turn: Turn<S>, content: any) => unknown>>(kind: string, definition: ObjectDefinition<S, H>): ObjectKind<S, H>;
  /** Sends a message: when this resolves, it is recorded and lies in the mailboxes. */
  send(message: Draft): Promise<Sent>;
  /** Sends messages together: all of them or none. */
  send(messages: Draft[]): Promise<Sent[]>;
  /** Lets an agent take tasks: those that name it, and those that ask for what it can do. */
  addAgent<T extends Agent>(agent: T): T;
  /** Starts a run that gives one task to an agent: itself, by its name, or to whoever can do all of a list. */
  ask<R = Reply>(who: string | Agent | string[], prompt: string, options?: StartOptions & { messages?: unknown; [field: string]: unknown }): Promise<Run<R>>;
  /** Registers a function as a step; with `context: true` it gets its context first. */
  step<A extends unknown[], R>(name: string, body: (...args: A) => R | Promise<R>, options?: StepOptions & { context?: false }): Step<A, Awaited<R>>;
  step<A extends unknown[], R>(
    name: string,
    body: (ctx: StepContext, ...args: A) => R | Promise<R>,
    options: StepOptions & { context: true },
  ): ContextStep<A, Awaited<R>>;
  /**
   * Declares a step whose code another process has, in any language: `app.step<[{ words: string[] }], number>("count", { elsewhere: true })`.
   * A run rests until a process that works on the same store has a step of that name.
   */
  step<A extends unknown[] = any[], R = any>(name: string, options: StepOptions & { elsewhere: true }): Step<A, R>;
  /** Registers a durable function: what it does by `ctx` is recorded, and found again after a crash. */
  durable<A extends unknown[], R>(name: string, body: (ctx: DurableContext, ...args: A) => Promise<R>, options?: StepOptions): Durable<A, Awaited<R>>;
  /** Registers a function that builds a graph: it is called when a run starts, and calls on steps give nodes. */
  workflow<A extends unknown[], T>(name: string, body: (...args: A) => T, options?: WorkflowOptions): Workflow<A, Output<T>>;
  /** Reads a workflow file, YAML or JSON. @throws {DefinitionError} with all that is wrong, each with its place. */
  load(path: string): WorkflowFile;
  /** Reads the text of a workflow file. */
  parse(text: string, name?: string): WorkflowFile;
  /** Registers the plain functions of a graph, so that this process can finish its runs. */
  register(graph: Graph): Graph;
  /** Starts a run, or finds the one that has the id. The first start also takes over what dead processes left. */
  start<A extends unknown[], R>(what: Startable<A, R>, args: A, options?: StartOptions): Promise<Run<R>>;
  start<R>(what: Startable<[], R>, args?: [], options?: StartOptions): Promise<Run<R>>;
  start(what: Agent, prompt: string | [string], options?: StartOptions): Promise<Run<any>>;
  start(what: Graph | WorkflowFile, inputs?: Record<string, unknown>, options?: StartOptions): Promise<Run<Record<string, unknown>>>;
  /** Starts a run and waits for its result. */
  run<A extends unknown[], R>(what: Startable<A, R>, args: A, options?: StartOptions & { timeout?: Duration }): Promise<R>;
  run<R>(what: Startable<[], R>, args?: [], options?: StartOptions & { timeout?: Duration }): Promise<R>;
  run(what: Agent, prompt: string | [string], options?: StartOptions & { timeout?: Duration }): Promise<any>;
  run(what: Graph | WorkflowFile, inputs?: Record<string, unknown>, options?: StartOptions & { timeout?: Duration }): Promise<Record<string, unknown>>;
  /** Finds a run by its id. */
  find<R = unknown>(id: string): Promise<Run<R>>;
  /**
   * Builds what a specification asks for, or goes on with it, as `fusion build` does; gives its run. Its result has what became of each
   * task; `coverage` says what is proved.
   */
  build(folder: string | URL, options?: BuildOptions): Promise<Run<Record<string, unknown>>>;
  /**
   * Makes a project, or brings one up to its mode, as `fusion init` does: what is missing is added, and nothing else is touched. The agents of
   * the mode whose programs are installed are spawned here.
   */
  init(folder?: string | URL, options?: InitOptions): Promise<ProjectMade>;
  /**
   * Runs the tests of a project, or goes on with them, as `fusion test` does; gives their run. Its result has the status, the numbers and the
   * paths of the report.
   */
  test(folder?: string | URL, options?: TestOptions): Promise<Run<Tested>>;
  /** Says what of a specification is proved, also while it is built. */
  coverage(folder: string | URL, options?: Pick<BuildOptions, "workspace">): Promise<Proved>;
  /** Lists runs, the newest first; `next` is the `after` of the next page. */
  list(options?: { status?: RunStatus; after?: string; limit?: number }): Promise<{ items: RunRow[]; next: string | null }>;
  /** Finishes what dead processes left, in the background. Gives how many runs were taken. */
  recover(): Promise<number>;
  /** Waits until nothing is driven here any more: every run has ended or rests. */
  settled(): Promise<void>;
  /** Describes the store; with `deep`, reads all of it and checks it. */
  check(options?: { deep?: boolean }): Promise<{ url: string; durability: string; facts: Record<string, string>; problems: string[] }>;
  /** Deletes a run that has ended. */
  prune(id: string): Promise<void>;
  /** Draws a graph. */
  draw<A extends unknown[]>(what: Startable<A, unknown>, args: A, format?: "mermaid" | "dot" | "svg" | "json"): string;
  draw(what: Graph | WorkflowFile, inputs?: Record<string, unknown>, format?: "mermaid" | "dot" | "svg" | "json"): string;
  /** Lets go of everything: bodies are given up, runs go on where they were when someone recovers them. */
  close(): Promise<void>;
  /** Closes it at the end of `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Closes it at the end of `using`, without waiting. */
  [Symbol.dispose](): void;
}

/** The version of the package. */
export declare const version: string;
