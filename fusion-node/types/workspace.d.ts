// The folders of agents.

import type { Duration } from "./context";

/** What a workspace is and holds. */
export interface WorkspaceInfo {
  /** Whose it is. */
  agent: string;
  /** Where it is. */
  path: string;
  /** The folder in it to work in. */
  projects: string;
  /** The lengths of its files in all. */
  bytes: number;
  /** Its files, folders and links in all. */
  files: number;
  /** What it may hold. */
  quota: { bytes: number; files: number };
  /** The numbers of its snapshots. */
  snapshots: number[];
}

/** How a command in a workspace ended. */
export interface Ran {
  /** Its exit code; `null` when a signal ended it. */
  code: number | null;
  /** The signal that ended it. */
  signal: number | null;
  /** What it wrote; the beginning of more than its policy allows. */
  stdout: string;
  /** What it complained of. */
  stderr: string;
  /** How much it wrote. */
  stdoutBytes: number;
  /** How much it complained. */
  stderrBytes: number;
  /** Why it was ended, if it did not end by itself. */
  ended: string | null;
  /** How it was isolated: `strict`, or what there was. */
  level: string;
  /** How long it took. */
  durationMs: number;
}

/** What a command in a workspace may do. */
export interface CommandOptions {
  /** The only programs that it may be. */
  programs?: string[];
  /** How long it may take. */
  timeout?: Duration;
  /** `strict`: all layers, or it is refused. */
  isolation?: "strict" | "available" | "off";
  /** What it reaches of the network. */
  network?: "none" | "own" | "host";
  /** Further limits in the engine's form: `memory_bytes`, `processes`, … */
  policy?: Record<string, unknown>;
}

/** What is different, by path. */
export type Changes = Record<string, "added" | "removed" | "content" | "mode">;

/** The folder of one agent, 0700: `projects` to work in, `logs`, `.agent`. No path, link or race leads out of it. */
export interface Workspace {
  /** Whose it is. */
  readonly agent: string;
  /** Tells where it is, what it holds, and what it may hold. */
  info(): Promise<WorkspaceInfo>;
  /** Lists a folder of it, `projects` by default. */
  files(path?: string): Promise<{ name: string; kind: "file" | "folder" | "link" | "other"; bytes: number }[]>;
  /** Reads a file of at most 64 MiB: `projects/plan.md`. */
  read(path: string): Promise<Buffer>;
  /** Writes a file as a whole, within its quota; the folders above it are made. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** Removes a file, or a folder with all in it. Tells whether there was something. */
  remove(path: string): Promise<boolean>;
  /** Runs a command in `projects`, which is all that it may change. No shell reads it, and it sees no network. */
  run(argv: string[], options?: CommandOptions): Promise<Ran>;
  /** Keeps what it holds now, and gives the snapshot's number. */
  snapshot(): Promise<number>;
  /** Says what is different from a snapshot, the last one by default: now, or in a later one. */
  diff(options?: { from?: number; to?: number }): Promise<Changes>;
  /** Makes it what it was in a snapshot, the last one by default. Gives what changed. */
  restore(snapshot?: number): Promise<Changes>;
  /** Writes it into a tar file that is not there yet. */
  pack(file: string): Promise<void>;
  /** Reads a tar file into it, and tells what it holds then. */
  unpack(file: string): Promise<{ bytes: number; files: number }>;
  /** Removes it with its snapshots. Nobody may be at work in it. */
  destroy(): Promise<void>;
}

/** The workspaces of the project, in `.fusion/workspaces`. */
export interface Workspaces {
  /** Lists the agents that have one. */
  list(): Promise<string[]>;
  /** Makes a workspace if it is not there, and says what it may hold: 1 GiB and 100,000 files by default. */
  create(agent: string, options?: { bytes?: number; files?: number }): Promise<Workspace>;
  /** Gives the workspace of an agent; whether it is there shows when it is asked for something. */
  get(agent: string): Workspace;
}
