// Agents.

import type { Duration, StepContext } from "./context";
import type { Node } from "./graph";
import type { Chunk, Message, Price, Provider, Sampling, Usage, Usd } from "./provider";

/** What the model is told of a tool. */
export interface ToolFields {
  /** Its name: 1 to 64 of `A-Za-z0-9_-`. */
  name: string;
  /** What it does, for the model. */
  description?: string;
  /** The JSON Schema of its argument, an object; arguments that do not fit are told to the model. */
  parameters?: object;
  /** The provider shall hold the model to the schema exactly, if it can. */
  strict?: boolean;
}

/** A tool that gets its argument alone. */
export interface PlainTool<A> extends ToolFields {
  /** It gets no context. */
  context?: false;
  /** Does it. What it throws is told to the model. */
  run(given: A): unknown;
}

/** A tool that gets its context first. */
export interface ContextTool<A> extends ToolFields {
  /** It gets a context. */
  context: true;
  /** Does it. What it throws is told to the model. */
  run(ctx: StepContext, given: A): unknown;
}

/** What a model may use: a function with a description and the JSON Schema of its argument. */
export type Tool<A = any> = PlainTool<A> | ContextTool<A>;

/** A set of the engine's own tools, or those of a server of the Model Context Protocol: a program, or a URL with its key. */
export type BuiltInTools =
  | { workspace: string; write?: boolean; name?: string }
  | { command: string[]; folder?: string; timeout?: string; env?: Record<string, string> }
  | { http: string[]; post?: boolean; private?: boolean; timeout?: string }
  | { mcp: string[]; name: string; allow: string[]; env?: Record<string, string> }
  | { mcp: string; name: string; allow: string[]; key?: string }
  | { memory: string };

/** Gives a tool as it is, with the type of its argument. */
export declare function tool<A>(made: Tool<A>): Tool<A>;

/** How much an agent may do for one task, over crashes and hand-offs. */
export interface Limits {
  /** How often models are asked for a turn. Default 32. */
  turns?: number;
  /** What may be spent in US dollars: no further turn is asked for once it is reached, or when nobody says what the last one did cost. */
  cost?: Usd;
  /** How long it may take by the wall clock. Default an hour. */
  time?: Duration;
  /** How many calls of tools may be under way at once. Default 8. */
  toolsAtOnce?: number;
  /** How long a call of a tool may take. Default 5 min. */
  toolTime?: Duration;
  /** What a model gets to see of a tool's result, in bytes. Default 64 KiB. */
  resultBytes?: number;
}

/** What an agent may be told; a subclass may set the same as fields. */
export interface AgentFields {
  /** Who answers: a provider or its name, `"openai:gpt-4o-mini"`. */
  model?: string | Provider;
  /** The provider's word for the model, where `model` does not say it. */
  modelName?: string;
  /** Its instructions. */
  system?: string;
  /** What it may use. */
  tools?: (Tool | BuiltInTools)[];
  /** Other agents that may go on with the conversation, within the limits of this one. */
  handOffs?: Agent[];
  /** The JSON Schema of its result. */
  result?: object;
  /** Throws for a result that will not do: what it says is told to the model once, for a better one. */
  check?: (value: any) => unknown;
  /** How much it may do for one task. */
  limits?: Limits;
  /** How words are chosen. */
  sampling?: Sampling;
  /** What the model costs, for answers that do not say it. */
  price?: Price;
  /** How many tokens the model holds in mind: a conversation that comes near it is summarised. */
  window?: number;
  /** The reply has what was said, so that a later task can go on from there. */
  keepMessages?: boolean;
  /** Sees every piece of an answer as it comes. What was recorded before a crash does not come again; what it throws is logged, and stops nothing. */
  watch?(piece: Piece): unknown;
  /** What it can do, and how well: a task for several goes to whoever has the largest sum. */
  capabilities?: Record<string, number>;
}

/** A piece of a model's answer as it comes. */
export interface Piece {
  /** Who speaks: the agent, or one that it handed over to. */
  agent: string;
  /** In which turn, from 0 on. */
  turn: number;
  /** What: `{ type: "text", text }`, `reasoning`, `call`, …, `end`. */
  chunk: Exclude<Chunk, string>;
}

/** What an agent that asks a model, or is a program on the command line, says in the end. */
export interface Reply<R = unknown> {
  /** Its words. */
  text: string;
  /** Its result, when a form was asked for. */
  result?: R;
  /** Why it stopped; anything but `done` is a part of what was asked. */
  ended: "done" | "turns" | "cost" | "time" | "length" | "refused";
  /** Who spoke last: another agent after a hand-off. */
  agent: string;
  /** How often models were asked for a turn. */
  turns: number;
  /** The tokens of all its calls. */
  usage: Usage;
  /** What they cost in US dollars, as far as prices are known. */
  cost: string;
  /** What was said, for an agent with `keepMessages`. */
  messages?: Message[];
  /** The files that a program on the command line made, changed or removed; paths in its workspace. */
  files?: string[];
  /** The folder in which a program worked. */
  workspace?: string;
  /** What a program calls the conversation, for another task that goes on with it. */
  session?: string;
}

export interface Agent extends AgentFields {}

/**
 * Something that works on tasks. With a `model` it asks that and uses its `tools` until it has said all: every answer and every
 * result of a tool is recorded once, so that no token is paid for twice, whatever crashes; its result is a `Reply`. A
 * subclass that writes `run` works by its own judgement.
 */
export declare class Agent {
  /** Makes an agent; without a name it is called as its class in lower case. */
  constructor(name?: string, fields?: AgentFields);
  /** Under which name it is asked. */
  name: string;
  /** Works on a task and gives its result. */
  run(ctx: StepContext, prompt: string, more?: Record<string, any>): Promise<any>;
}

/** What an agent that is a program on the command line may be told; a subclass may set the same as fields. */
export interface CommandAgentFields {
  /** The program, with its model after a colon: `"claude"`, `"codex:gpt-5"`, or the line of any other one, `"command:./work.sh"`. */
  program?: string;
  /** What it may do: read (the default), change files, or what it likes, with the rights of the user. */
  mode?: "read_only" | "edit" | "full";
  /** The folder in which it works; without it one is made for the task, which stays. */
  workspace?: string;
  /** The conversation with which it goes on: the `session` of a reply. */
  session?: string;
  /** Its instructions. */
  system?: string;
  /** How long it may take. Default an hour; then the reply says `ended: "time"`. */
  time?: Duration;
  /** How long it may be silent. Default 10 min; then the attempt fails with class `timeout`. */
  idle?: Duration;
  /** What it can do, and how well. */
  capabilities?: Record<string, number>;
}

export interface CommandAgent extends CommandAgentFields {}

/**
 * An agent that is a program on the command line: it works in a folder, with tools of its own. Its outcome, a `Reply` with its words,
 * `files`, `workspace`, `session`, tokens and cost, is recorded once. As a node it is what `agent: { program: … }` of a file is.
 */
export declare class CommandAgent extends Agent {
  /** Makes an agent of a program; without a name it is called as its class in lower case. */
  constructor(name?: string, fields?: CommandAgentFields);
}

/**
 * In a workflow: adds a node that gives a task to an agent, by its name, or to whoever can do all that is in `needs`. A program on the
 * command line may be given another `workspace` and `session`.
 */
export declare function agent(
  who: string | Agent | { needs: string[] },
  prompt: unknown,
  more?: { id?: string; messages?: unknown; workspace?: unknown; session?: unknown; [field: string]: unknown },
): Node<any>;
