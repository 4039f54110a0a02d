// Agents with a life, tasks, teams.

import type { Agent, Reply } from "./agent";
import type { Duration } from "./context";

/** Where an agent is in its life. */
export type AgentState = "spawning" | "idle" | "working" | "paused" | "error" | "terminated";
/** Where a task stands. */
export type TaskState = "queued" | "assigned" | "running" | "completed" | "failed" | "cancelled" | "dead";
/** What counts beside an agent that fits. */
export type Aim = "fit" | "speed" | "cost" | "quality";

/** How often something is tried, and after which pauses. */
export interface Backoff {
  /** How often, the first time included. */
  attempts?: number;
  /** The first pause. */
  initial?: Duration;
  /** How much longer each pause is than the one before. */
  factor?: number;
  /** The longest pause. */
  max?: Duration;
  /** How much of a pause is left to chance, from 0 to 1. */
  jitter?: number;
}

/** What an agent is good at, as `fusion agents list` shows it. */
export interface Card {
  /** The version of this form: 1. */
  card: 1;
  /** The agent. */
  name: string;
  /** A sentence about it. */
  about?: string;
  /** What it can do, and how well, from 0 to 1. */
  capabilities: Record<string, number>;
  /** Words that speak for a capability. */
  words?: Record<string, string[]>;
  /** How hard its tasks may be. */
  complexity?: string;
  /** How quick it is. */
  speed?: string;
  /** How dear it is. */
  cost?: string;
}

/** How an agent is spawned. */
export interface SpawnOptions {
  /** Who does its work, as `agent:` says it in a workflow file. Default: whoever is registered under the name. */
  agent?: string | object;
  /** What it is good at. Default: what is known of its name, or its `capabilities`. */
  card?: Card;
  /** How many of it. Several get a number each: `writer-1`, `writer-2`. */
  instances?: number;
  /** How many tasks one of them works at together. Default 1. */
  slots?: number;
  /** The project that it belongs to; one of no project takes the tasks of all. */
  project?: string;
  /** What it shall care about most: words that speak for it when tasks are given out. */
  focus?: string[];
  /** How often it is started again after it crashed or did not answer. */
  restart?: Backoff;
  /** How long it may give no sign of life while it works. Default 10 min. */
  unresponsive?: Duration;
  /** How many tasks it may begin in a minute. */
  tasksPerMinute?: number;
  /** A folder of its own in `.fusion/workspaces`: its tasks are done there, and it goes when the agent is terminated, unless it is to be kept. */
  workspace?: boolean | { bytes?: number; files?: number; keep?: boolean };
}

/** One agent as the store has it. */
export interface AgentInfo {
  /** What it is called. */
  id: string;
  /** What was asked for. */
  spec: Record<string, any>;
  /** What it is good at. */
  card: Card;
  /** Where it is in its life. */
  state: AgentState;
  /** Since when, in milliseconds since 1970. */
  since: number;
  /** The tasks that it works at. */
  tasks?: string[];
  /** What it did, by kind of task. */
  record?: Record<string, { done: number; failed: number }>;
  /** What all its tasks took. */
  usage: { busyMs: number; calls: number; inputTokens: number; outputTokens: number; cost: string };
  /** Why it is in the state `error`. */
  error?: string;
  /** When it is started again, in milliseconds since 1970. */
  restartAt?: number;
}

/** Something that happened to an agent or a task. */
export interface PastEvent {
  /** Its place, from 1. */
  seq: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** `agent.spawned`, `task.assigned` … */
  name: string;
  /** More about it. */
  data: any;
}

/** Which part of what happened. */
export interface Page {
  /** After this place. */
  after?: number;
  /** So many at the most. */
  limit?: number;
}

/** The agents of a store: what they are, and where they are in their lives, any process can see and change. */
export interface Agents {
  /** Spawns an agent, in all its instances: one of this program, or whoever is registered under the name, here or elsewhere. */
  spawn(who: string | Agent, options?: SpawnOptions): Promise<AgentInfo[]>;
  /** Finds one. */
  get(id: string): Promise<AgentInfo>;
  /** Lists all, or those in one state. */
  list(options?: { state?: AgentState }): Promise<AgentInfo[]>;
  /** What happened to one. */
  history(id: string, page?: Page): Promise<PastEvent[]>;
  /** Lets one rest: no new task, and those in work stand still at their next memo, which is saved. */
  pause(id: string): Promise<AgentInfo>;
  /** Lets one go on that is paused or in trouble. */
  resume(id: string): Promise<AgentInfo>;
  /** Ends one; its tasks go to others. */
  terminate(id: string): Promise<AgentInfo>;
  /** Forgets those that were terminated so long ago, and gives their ids; with `dryRun` none is forgotten. */
  prune(older: Duration, options?: { dryRun?: boolean }): Promise<string[]>;
}

/** A task as somebody submits it. */
export interface TaskFields {
  /** Your own id: submitted twice, it is one task. */
  id?: string;
  /** What is to be done, in a sentence: what agents are chosen by. */
  title: string;
  /** All that the agent is told. Default: the title. */
  prompt?: string;
  /** What sort of task it is: how well agents do is learned by it. */
  kind?: string;
  /** The agent that shall do it. */
  agent?: string;
  /** The tasks that must be completed first. */
  needs?: string[];
  /** What the agent must be able to do. */
  capabilities?: string[];
  /** The files that it is about. */
  files?: string[];
  /** What counts beside an agent that fits. */
  optimizeFor?: Aim;
  /** Higher comes first, from -1,000 to 1,000. */
  priority?: number;
  /** Not begun before this time. */
  notBefore?: Date | number;
  /** The project that it belongs to. */
  project?: string;
  /** Words of your own, to find it again. */
  tags?: string[];
  /** Tasks that have to do with it, without an order. */
  relatedTasks?: string[];
  /** Files that must be among those that the agent made or changed. */
  expectedArtifacts?: string[];
  /** What it takes. */
  resourceRequirements?: { cpu?: number; memoryMb?: number };
  /** What follows a failure. Default: four attempts, 5, 15 and 30 s apart, another agent after two. */
  retryPolicy?: Backoff & { perAgent?: number };
  /** The longest that an attempt may take. */
  timeout?: Duration;
}

/** One task as the store has it. */
export interface TaskInfo<R = any> {
  /** Its id. */
  id: string;
  /** What was asked for. */
  spec: Record<string, any>;
  /** Where it stands. */
  state: TaskState;
  /** When it was submitted, in milliseconds since 1970. */
  submitted: number;
  /** Since when it stands there, in milliseconds since 1970. */
  since: number;
  /** The agent that has it. */
  agent?: string;
  /** Why that agent, or why none yet, in a sentence. */
  reason?: string;
  /** The run of the latest attempt. */
  run?: string;
  /** How many attempts were begun. */
  attempts: number;
  /** When it is tried again, in milliseconds since 1970. */
  retryAt?: number;
  /** Why the latest attempt failed. */
  failure?: { class: string; message: string };
  /** What came of it. */
  reply?: Reply<R>;
}

/** Who would get a task. */
export interface Proposal {
  /** The task. */
  task: string;
  /** What is to be done. */
  title: string;
  /** The agent; nobody when absent. */
  agent: string | null;
  /** Why, in a sentence. */
  reason: string;
}

/** The tasks of a store. */
export interface Tasks {
  /** Submits a task, a text or more; durable when this resolves. */
  submit(task: string | TaskFields): Promise<TaskInfo>;
  /** Submits tasks that may need one another, in any order. */
  submit(tasks: (string | TaskFields)[]): Promise<TaskInfo[]>;
  /** Finds one. */
  get(task: string | TaskInfo): Promise<TaskInfo>;
  /** Lists all, the newest first, or those in one state. */
  list(options?: { state?: TaskState }): Promise<TaskInfo[]>;
  /** Counts them by state. */
  counts(): Promise<Record<TaskState, number>>;
  /** What happened to one. */
  history(task: string | TaskInfo, page?: Page): Promise<PastEvent[]>;
  /** Waits until one is over: completed, cancelled or dead. @throws {WaitTimeout} when the time is over; it goes on. */
  wait(task: string | TaskInfo, options?: { timeout?: Duration; signal?: AbortSignal }): Promise<TaskInfo>;
  /** Cancels one; whoever works at it is asked to end. */
  cancel(task: string | TaskInfo, why?: string): Promise<TaskInfo>;
  /** Queues a dead or cancelled one anew, with all its attempts. */
  requeue(task: string | TaskInfo): Promise<TaskInfo>;
  /** Forgets those that are over for so long and that no other one waits for, and gives their ids; with `dryRun` none is forgotten. */
  prune(older: Duration, options?: { dryRun?: boolean }): Promise<string[]>;
  /** Says who would get the tasks that are ready now, and why; gives out none. */
  propose(options?: { optimizeFor?: Aim }): Promise<Proposal[]>;
  /** Gives out the tasks that are ready, once, for a program that does not stay; tells how many were looked at. */
  assign(options?: { optimizeFor?: Aim }): Promise<number>;
  /** Moves what waits, until agents that can do the same have equally much to do. */
  balance(): Promise<{ task: string; from: string; to: string }[]>;
}

/** How a process takes part in the tasks of a store. */
export interface DelegateOptions {
  /** How many tasks it works at together. Default 64. */
  concurrency?: number;
  /** Gives out tasks to agents. Default true. */
  assign?: boolean;
  /** Works at what agents were given. Default true. */
  work?: boolean;
  /** What its tasks may take together. */
  resources?: { cpu?: number; memoryMb?: number };
  /** What counts beside an agent that fits. */
  optimizeFor?: Aim;
}

/** A process's part in the tasks of a store; it keeps the program alive until it is stopped, or the engine closed. */
export interface Delegation {
  /** Ends it; what is in work comes to its end. */
  stop(): Promise<void>;
}

/** For what a team is deployed. */
export interface DeployOptions {
  /** The project: the beginning of the ids of its agents and tasks. Default: the team's name. */
  project?: string;
  /** The workflow of the team. Default: its first. */
  workflow?: string;
  /** What the tasks are about, told to every agent. */
  about?: string;
  /** What agents that are programs may do. Default `edit`. */
  mode?: "read_only" | "edit" | "full";
}

/** Teams: agents and workflows of stages. A team is the name of one that comes along, or a whole one as in docs/teams.md. */
export interface Swarms {
  /** Lists the teams that come along. */
  list(): Promise<Record<string, any>[]>;
  /** Says which agents and tasks a team would be. */
  plan(team: string | object, options?: DeployOptions): Promise<{ agents: Record<string, any>[]; tasks: Record<string, any>[] }>;
  /** Spawns the agents of a team and submits the tasks of its workflow; done twice, it is done once. */
  deploy(team: string | object, options?: DeployOptions): Promise<{ agents: AgentInfo[]; tasks: TaskInfo[] }>;
}
