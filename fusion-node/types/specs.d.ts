// Specifications, and the components of a project. Answers are those of `fusion spec` and `fusion components` with `--json`.

import type { Duration } from "./context";

/** A line that says something. */
export interface Evidence {
  /** The file, within the folder. */
  file: string;
  /** The line, from 1. */
  line: number;
  /** Its words. */
  text: string;
}

/** What a specification needs. */
export interface Analysis {
  /** Languages, frameworks, databases, infrastructure. */
  stack: { languages: string[]; frameworks: string[]; database: string[]; infrastructure: string[] };
  /** The components that it needs. */
  components: { id: string; required: boolean; confidence: number; evidence: Evidence[] }[];
  /** Who would do the work. */
  agents: { agent: string; score: number; reason: string }[];
}

/** Something that is wrong with a specification. */
export interface Issue {
  /** The file, within the folder. */
  file: string;
  /** The line, from 1. */
  line: number;
  /** An error, or something that somebody should look at. */
  severity: "error" | "warning";
  /** What is wrong. */
  message: string;
  /** What to do. */
  hint?: string;
}

/** A task of a plan. */
export interface PlannedTask {
  /** Its id: `T001`. */
  id: string;
  /** Its line, from 1. */
  line: number;
  /** What is to be done. */
  title: string;
  /** The key of its phase. */
  phase: string | null;
  /** Whether it is marked with `[P]`. */
  parallel: boolean;
  /** What its box says. */
  state: "open" | "done" | "deferred" | "cancelled";
  /** Who is to do it, where its line says so. */
  agent?: string;
  /** The stories that it serves. */
  stories: string[];
  /** The requirements that it names. */
  requirements: string[];
  /** The files that it names. */
  files: string[];
  /** The tasks that come first, and why. */
  needs: { id: string; why: "stated" | "phase" | "file" | "story"; line?: number }[];
}

/** The tasks of a specification, in their order. */
export interface TaskPlan {
  /** The tasks. */
  tasks: PlannedTask[];
  /** The phases. */
  phases: { key: string | null; name: string; needs: string[] }[];
  /** What cannot be as it is written. */
  problems: { line: number; message: string }[];
}

/** What a `spec.md` says. */
export interface SpecPage {
  /** The title of the page. */
  title: string;
  /** The requirements, in the order of the page. */
  requirements: { id: string; line: number; kind: "functional" | "quality" | "success"; text: string }[];
  /** The user stories. */
  stories: {
    id: string; line: number; title: string; priority?: string; requirements: string[];
    scenarios: { line: number; given: string; when: string; then: string }[];
  }[];
  /** The things that data is kept about. */
  entities: { line: number; text: string }[];
  /** What is taken for granted. */
  assumptions: { line: number; text: string }[];
  /** What is not to be done. */
  outOfScope: { line: number; text: string }[];
  /** What nobody has decided. */
  clarifications: { line: number; text: string }[];
}

/**
 * The folder of a specification: `spec.md`, `plan.md`, `tasks.md`, in the form of spec-kit, or `spec.yaml`. Its methods read the files as
 * they are then, away from the loop, and write none.
 */
export class Spec {
  /** Names the folder. */
  constructor(folder: string | URL);
  /** The folder. */
  readonly folder: string;
  /** Reads `spec.md`: requirements, stories, entities, what is out of scope, what is open. */
  read(): Promise<SpecPage>;
  /** Says what is wrong, with lines. */
  validate(): Promise<Issue[]>;
  /** Says which stack, components and agents it needs, each with the lines that say so. */
  analyze(): Promise<Analysis>;
  /** Gives the tasks in their order; made of the requirements where nobody has written any. */
  plan(): Promise<TaskPlan>;
  /** Gives the workflow file of the open tasks, which `app.load` takes; nothing when all are done. */
  workflow(): Promise<string | undefined>;
}

/** How a specification is built. */
export interface BuildOptions {
  /** The folder that is worked in; this one if none. */
  workspace?: string | URL;
  /** Programs that do the tasks: `claude`, `./work.sh`; the next one takes over when one fails. */
  agents?: string[];
  /** Models that do the tasks, with the files of the workspace as their tools. */
  models?: string[];
  /** A recording that does the tasks. */
  recordings?: string | URL;
  /** How many tasks are worked at together; 1 if nothing else is said. */
  jobs?: number;
  /** Nobody is there to ask: a task that no agent can do fails. */
  unattended?: boolean;
}

/** How much a project has. */
export type Mode = "prototype" | "mvp" | "production" | "scale";

/** How a project is begun, or brought up. */
export interface InitOptions {
  /** How much it has: its mode unless it is said, else `prototype`. */
  mode?: Mode;
  /** The folder of a specification; one outside of the project is copied into its `specs`. */
  fromSpec?: string | URL;
  /** Only say what would be done. */
  dryRun?: boolean;
}

/** What was made of a project. */
export interface ProjectMade {
  /** Its folder. */
  project: string;
  /** How much it has now. */
  mode: Mode;
  /** How much it had before. */
  before: Mode | null;
  /** The folder of its specification, within the project. */
  spec: string;
  /** The files that were made. */
  made: string[];
  /** The agents of the mode. */
  agents: { agent: string; installed: boolean; spawned: boolean }[];
  /** Whether something was changed. */
  changed: boolean;
}

/** How tests are run. */
export interface TestOptions {
  /** Only these suites, by the names of `fusion test --list`. */
  suites?: string[];
  /** The task that they are run for: the report is kept with it. */
  task?: string;
  /** How many suites run at once: 2 unless it is said. */
  jobs?: number;
  /** How often what failed is run again: what passes then is flaky. */
  retries?: number;
  /** How long a suite may take: half an hour unless it is said. */
  timeout?: Duration;
}

/** What came of tests. */
export interface Tested {
  /** What came of the tests, and where the whole report is. */
  report: {
    /** The worst of the suites; `empty` when one of them ran no test or skipped all, and none failed: that proves nothing. */
    status: "empty" | "passed" | "failed" | "error";
    /** Which suites prove nothing, and why; null where all of them prove something. */
    unproved: string | null;
    counts: { tests: number; passed: number; failed: number; errors: number; skipped: number; flaky: number };
    /** The path of the report, as JSON. */
    json: string;
    /** The path of the report, as JUnit XML. */
    junit: string;
  };
}

/** What of a specification is proved. */
export interface Proved {
  /** Requirements and stories, with their tasks and checks. */
  coverage: {
    /** `component` names the component that brings it; the specification's own have none. */
    requirements: { id: string; component?: string; line: number; text: string; standing: "uncovered" | "open" | "running" | "failed" | "unproved" | "done" }[];
    stories: { id: string; title: string; share: number }[];
    proved: [number, number];
    /** Requirements of components that are proved, and all of them. */
    of_components: [number, number];
    share: number;
  };
  /** The gates that are not reached. */
  refused: { gate: string; message: string }[];
  /** Whether all gates are reached. */
  good: boolean;
}

/** What a component is and brings. */
export interface ComponentAbout {
  /** Lower case letters, digits and hyphens. */
  name: string;
  /** Which version it is, after semver; `0.1.0` if nothing else is said. */
  version?: string;
  /** What it is, in a sentence. */
  description?: string;
  /** What kind of thing it is: `authentication`, `legal`. */
  category?: string;
  /** The components that it needs, with ranges of versions: `{ database: "^1" }`. */
  requires?: Record<string, string>;
  /** The components that it cannot be together with. */
  conflicts?: Record<string, string>;
  /** The files that it brings: paths within the project, and their texts. */
  files?: Record<string, string>;
  /** All else that a `component.toml` may say (`templates`, `blocks`, `specs`, `checks`); what it names stands in `package`. */
  manifest?: Record<string, unknown>;
  /** Files of the package that the `manifest` names: paths within the package, and their texts. */
  package?: Record<string, string>;
}

/** A component that a program holds itself: a part of a project that comes, changes and goes as a whole. */
export class Component {
  /** Makes one; what nobody knows is an error. */
  constructor(about: ComponentAbout);
}

/** A component that there is. */
export interface ComponentListed {
  /** Its name. */
  name: string;
  /** Its newest version. */
  version: string;
  /** What kind of thing it is. */
  category: string;
  /** What it is, in a sentence. */
  description: string;
  /** Where it comes from: `built-in`, `program`, or a folder. */
  source: string;
  /** The version that is here. */
  installed: string | null;
}

/** What was changed, or would be. */
export interface ComponentChange {
  /** The components that come, go or change their version. */
  components: { name: string; from: string | null; to: string | null }[];
  /** The files that change. */
  changes: { action: "create" | "update" | "restore" | "remove"; path: string; component: string }[];
  /** What was edited here or stood in the way, and is kept as it is. */
  conflicts: { path: string; component: string; why: string }[];
  /** Whether something was changed. */
  changed: boolean;
}

/** How components are changed. */
export interface ChangeOptions {
  /** The folder, within the project, of the specification whose `tasks.md` gets the tasks. */
  spec?: string;
  /** Words for the project's stack: `python`, `react`. */
  stack?: string[];
  /** Replace files that are in the way; removing the component brings them back. */
  overwrite?: boolean;
  /** Only say what would be done. */
  dryRun?: boolean;
}

/**
 * The components of a project's folder. Changes are made as a whole or not at all: a failure, or a crash, leaves the folder as it was.
 * Hooks and checks that are commands are not run.
 */
export class Project {
  /** Names the folder, this one if none; `components` are those of the program, `registries` folders with packages. */
  constructor(folder?: string | URL, options?: { components?: (Component | ComponentAbout)[]; registries?: (string | URL)[] });
  /** The folder. */
  readonly folder: string;
  /** Lists the components that there are. */
  components(options?: { category?: string }): Promise<ComponentListed[]>;
  /** Gives what `fusion.lock` says of the components of the project, by their names. */
  installed(): Promise<Record<string, { version: string }>>;
  /** Adds components, `"auth"` or `"auth@^1"`, with all that they need. */
  add(names: string | string[], options?: ChangeOptions): Promise<ComponentChange>;
  /** Removes components, and what only they needed; what was edited here is kept. */
  remove(names: string | string[], options?: Pick<ChangeOptions, "dryRun">): Promise<ComponentChange>;
  /** Brings components to their newest versions; all of them without names. */
  upgrade(names?: string | string[], options?: Pick<ChangeOptions, "dryRun" | "overwrite">): Promise<ComponentChange>;
  /** Says whether what components brought is unchanged, and what is not. */
  verify(): Promise<{ ok: boolean; files: number; problems: { path: string; component: string; kind: string }[] }>;
}
