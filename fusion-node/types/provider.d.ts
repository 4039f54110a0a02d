// Providers of language models.

import type { Duration } from "./context";

/** An amount of US dollars: text such as `"0.15"`, or a number. */
export type Usd = string | number;

/** What a model costs, in US dollars for a million tokens; `request` is for each call. */
export interface Price {
  /** For tokens read. */
  input: Usd;
  /** For tokens written. */
  output: Usd;
  /** For tokens read from the provider's cache. */
  cachedRead?: Usd;
  /** For tokens put into the provider's cache. */
  cachedWrite?: Usd;
  /** For each call. */
  request?: Usd;
}

/** The tokens of a call: totals, and how much of them was cached or reasoning. */
export interface Usage {
  /** Tokens read. */
  input: number;
  /** Tokens written. */
  output: number;
  /** Of the input, what the provider had in its cache. */
  cached_read?: number;
  /** Of the input, what the provider put into its cache. */
  cached_write?: number;
  /** Of the output, what was reasoning. */
  reasoning?: number;
}

/** A part of a message; its `type` says which fields there are. */
export interface Part {
  /** `text`, `image`, `call`, `result` or `reasoning`. */
  type: string;
  /** The text of `text` and `reasoning`. */
  text?: string;
  /** What stands beside, by type. */
  [field: string]: unknown;
}

/** One message of a conversation. */
export interface Message {
  /** Who says it. */
  role: "system" | "user" | "assistant" | "tool";
  /** What is said, in order. */
  parts: Part[];
}

/** What a model is told of a tool. */
export interface ToolAbout {
  /** Its name. */
  name: string;
  /** What it does. */
  description?: string;
  /** The JSON Schema of its arguments. */
  schema: unknown;
  /** The provider shall hold the model to the schema. */
  strict?: boolean;
}

/** What is asked of a model, whole. */
export interface Request {
  /** The model; empty for the provider's own. */
  model: string;
  /** The conversation so far. */
  messages: Message[];
  /** The tools that the model may ask for. */
  tools?: ToolAbout[];
  /** The form that the answer has to have. */
  schema?: { name: string; schema: unknown; strict: boolean };
  /** How words are chosen. */
  sampling?: Sampling;
  /** What only one provider understands. */
  extra?: Record<string, unknown>;
}

/** How words are chosen, and how many. */
export interface Sampling {
  /** How daring the choice is. */
  temperature?: number;
  /** Only the likeliest words that together have this share. */
  top_p?: number;
  /** Only so many of the likeliest words. */
  top_k?: number;
  /** Makes the choice the same again, as far as the provider can. */
  seed?: number;
  /** The longest answer, in tokens. */
  max_output_tokens?: number;
  /** Texts that end the answer. */
  stop?: string[];
  /** How long it reasons first. */
  effort?: "none" | "minimal" | "low" | "medium" | "high" | { tokens: number };
}

/** What a model said, whole. */
export interface Answer {
  /** The model that answered. */
  model?: string;
  /** What was said, in order: text, reasoning, calls of tools. */
  parts: Part[];
  /** Why it ended: `stop`, `length`, `tool_calls`, `refused`, or the provider's own word. */
  finish?: string;
  /** The tokens. */
  usage?: Partial<Usage>;
  /** What the provider says it cost, in US dollars. */
  cost?: string;
}

/** A piece of an answer: a text, or the engine's form (`{ type: "call", index: 0, name }`, `usage`, `end`, …). */
export type Chunk = string | { type: string; [field: string]: unknown };

/** What goes along with a call of a provider. */
export interface ModelCall {
  /** The same for every attempt of the same call: hand it to services that can refuse to do a thing twice. */
  readonly key: string;
  /** The run, if there is one. */
  readonly run: string | undefined;
  /** The node. */
  readonly node: string | undefined;
  /** The agent. */
  readonly agent: string | undefined;
  /** The project. */
  readonly project: string | undefined;
  /** How long it may take, in milliseconds. */
  readonly remainingMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Asks another provider, on behalf of this one. */
  ask(provider: string | Provider, request: string | Request): Promise<Answer>;
}

/** Vectors, in the order of the texts; or with what they took. */
export type Vectors = number[][] | { vectors: number[][]; model?: string; usage?: Partial<Usage>; cost?: string };

/** Who is asked next: a provider, its name, or with another model; without `provider`, another model of the same. */
export type Other = string | Provider | { provider?: string | Provider; model?: string };

/** The kinds of faults. */
export type FaultKind =
  | "auth" | "rate_limit" | "overloaded" | "context_too_long" | "content_refused" | "invalid_request" | "timeout" | "transport"
  | "malformed" | "unsupported" | "budget" | "cancelled";

/**
 * Who answers for language models. Subclass it and write `complete` or `stream`; `embed` and `models` where there is something.
 *
 * An instance is used wherever a provider's name is: by agents, as a fallback, under the layers, and, after
 * `app.providers.add(…)`, by its name in workflow files. Throw a `Fault` with the kind that fits; all else is `overloaded`.
 */
export declare class Provider {
  /** Makes a provider; without a name it is called as its class in lower case. */
  constructor(name?: string);
  /** What it is called in faults, metrics and workflow files. */
  name: string;
  /** Answers: an `Answer`, or a text. */
  complete?(request: Request, call: ModelCall): Promise<Answer | string> | Answer | string;
  /** Answers in chunks, as a generator. */
  stream?(request: Request, call: ModelCall): AsyncIterable<Chunk> | Iterable<Chunk> | Promise<AsyncIterable<Chunk>>;
  /** Turns texts into vectors. */
  embed?(request: { model: string; inputs: string[]; dimensions?: number }, call: ModelCall): Promise<Vectors> | Vectors;
  /** Lists the models that may be asked for. */
  models?(call: ModelCall): Promise<(string | { id: string })[]> | (string | { id: string })[];
  /** Tries again what may go away by itself, after a pause that is never shorter than what the provider asked for. */
  withRetry(options?: {
    attempts?: number; initial?: Duration; factor?: number; max?: Duration; jitter?: number; on?: FaultKind[]; notOn?: FaultKind[]; patience?: Duration;
  }): Provider;
  /** Ends calls that take too long: as a whole (ten minutes), and between two chunks (two minutes). */
  withTimeout(options?: { total?: Duration; idle?: Duration; connect?: Duration }): Provider;
  /** Asks others in turn when it fails, for kinds of faults that may go away elsewhere, or for those of `on`. */
  withFallback(others: Other | Other[], options?: { on?: FaultKind[] }): Provider;
  /** Lets so many calls of this process be under way; others wait. */
  withConcurrency(most: number): Provider;
  /** Keeps calls away after so many faults in a row, and lets one try again after a while. */
  withBreaker(options?: { faults?: number; pause?: Duration }): Provider;
  /** Refuses calls that the money does not allow, before anything is spent; all processes on the store share the accounts. */
  withBudget(options: { perRun?: Usd; perAgent?: Usd; perProject?: Usd; perDay?: Usd; prices?: Record<string, Price>; otherModels?: Price }): Provider;
  /** Starts calls no faster than an account may ask, for all processes on the store. */
  withGate(account: string, options?: { requestsPerMinute?: number; tokensPerMinute?: number }): Provider;
  /** Keeps answers in the store, by the whole content of the question; for so long, or for ever. */
  withCache(options?: { ttl?: Duration; version?: string }): Provider;
  /**
   * Takes secrets out of what goes to the provider, and out of its faults: those that workflows and providers were given, those of these
   * names, and these values. From then on they are left out of what is recorded, too.
   */
  withRedact(names?: string | string[], options?: { values?: string[] }): Provider;
  /** Asks for many vectors in requests of so many texts (100) and bytes (256 KiB); equal texts are sent once. */
  withBatch(options?: { texts?: number; bytes?: number }): Provider;
  /**
   * Counts calls, tokens, cost and time for `app.providers.metrics(name)`, and keeps a span of each call for `app.providers.spans(name)`.
   * Outermost it sees what callers see; beneath a retry, each attempt. Nothing of what was said is in it.
   */
  withObserve(name?: string): Provider;
  /** Writes down every question with what came of it, without secrets; `"replay:PATH"` is a provider that says it again. */
  withRecord(path: string): Provider;
}

/** A provider that says what a script says, one thing after the other: texts, answers, lists of chunks, and faults. For tests. */
export declare class Scripted extends Provider {
  /** Makes one of a script. */
  constructor(script: (string | Answer | Chunk[] | import("./errors").Fault)[], name?: string);
}

/**
 * Providers that are the same but for their key: each call goes to the next one that does not rest. One that met a rate limit rests as
 * long as the service asks for, one whose key was refused ten minutes; the call goes on with the next.
 */
export declare class Rotation extends Provider {
  /** Makes one of several. */
  constructor(keys: (string | Provider)[]);
}

/** What was counted of the calls of one provider, operation and model. */
export interface Metric {
  /** Who answered. */
  provider: string;
  /** `chat` or `embeddings`. */
  operation: string;
  /** The model that was asked for. */
  model: string;
  /** Calls that ended, faults included. */
  calls: number;
  /** Faults by kind. */
  faults: { [kind in FaultKind]?: number };
  /** Answers that were kept from earlier calls. */
  cached: number;
  /** Tokens. */
  usage: Usage;
  /** What providers said that it cost, in US dollars. */
  cost: string;
  /** All durations together, in milliseconds. */
  duration_ms: number;
  /** Calls by duration: up to 10 ms, 20, 40 and so on to 81,920 ms, and longer ones. */
  durations: number[];
}

/** The span of one call. */
export interface Span {
  /** What was done, and with which model: `chat small`. */
  name: string;
  /** When it began, in milliseconds since 1970. */
  began_ms: number;
  /** How long it took, in milliseconds. */
  duration_ms: number;
  /** Its fields, with OpenTelemetry's names: `gen_ai.usage.input_tokens`, `error.type`, … */
  fields: Record<string, string | number | boolean>;
}

/**
 * Opens a provider by its name: `"openai:gpt-4o-mini"`, `"anthropic"`, `"ollama:smollm2"`, or a URL of a server that speaks OpenAI's
 * protocol. Nothing is looked up before it is asked; keys come from the engine's secrets if not given. It is bare: a name
 * alone, as in `new Agent("a", { model: "openai:gpt-4o-mini" })`, has the usual time limits and retries.
 */
export declare function provider(name: string, options?: { key?: string; baseUrl?: string; headers?: Record<string, string> }): Provider;

/** Makes an answer: a text, calls of tools (name and arguments), the tokens, what it cost. */
export declare function answer(
  text: string,
  more?: { calls?: [string, unknown][]; model?: string; usage?: Partial<Usage>; cost?: Usd; finish?: string },
): Answer;

/** Gives all text of a message, of an answer, or of the last message of a request. */
export declare function textOf(said: Message | Answer | Request): string;

/** The providers of an engine: `app.providers`. */
export interface Providers {
  /** Lets a provider be found by its name, or another one: in workflow files (`model: NAME:MODEL`), by agents. */
  add<P extends Provider>(provider: P, name?: string): P;
  /**
   * Loads a shared library (or the manifest beside it) as a provider, which is added under its own name, or another one. Its code runs
   * with all rights of this program. `secrets` are the only ones that it gets. @throws {InputError}
   */
  load(path: string, options?: { config?: Record<string, unknown>; model?: string; secrets?: string[]; name?: string }): Provider;
  /** Tells what `withObserve(name)` has counted so far. @throws {InputError} */
  metrics(name?: string): Metric[];
  /** Takes the spans of the calls that `withObserve(name)` has seen since this was asked last, a thousand at the most. @throws {InputError} */
  spans(name?: string): Span[];
  /**
   * Forgets what `withCache`, `withGate` and `withBudget` keep and nobody has used for so long (`"30d"`), and gives its names; with `dryRun` nothing is
   * forgotten. What a budget of a run that goes on has spent stays.
   */
  prune(older: import("./context").Duration, options?: { dryRun?: boolean }): Promise<string[]>;
  /** Asks for an answer. Nothing is recorded: within a run, agents and `ctx.memo` do that. @throws {Fault} */
  complete(provider: string | Provider, request: string | Request): Promise<Answer>;
  /** Asks for an answer as it comes; leaving the loop ends the call. @throws {Fault} */
  stream(provider: string | Provider, request: string | Request): AsyncGenerator<Exclude<Chunk, string>, void, void>;
  /** Turns texts into vectors. @throws {Fault} */
  embed(provider: string | Provider, inputs: string[], options?: { model?: string; dimensions?: number }): Promise<number[][]>;
  /** Lists the models of a provider. @throws {Fault} */
  models(provider: string | Provider): Promise<{ id: string; [field: string]: unknown }[]>;
}
