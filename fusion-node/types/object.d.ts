// Durable objects.

import type { Duration } from "./context";

/** What a handler gets: the state, which it changes, and what it may say besides. */
export interface Turn<S = any> {
  /** The object's kind. */
  readonly kind: string;
  /** Its id. */
  readonly id: string;
  /** The place of its last event. */
  readonly seq: number;
  /** What is asked for; a timer's name when one is due. */
  readonly name: string;
  /** The message. */
  readonly content: any;
  /** A timer is due, and nobody asked. */
  readonly isTimer: boolean;
  /** The time. */
  readonly now: Date;
  /** Its state: change it, or set another one. What it is when the handler ends is recorded. */
  state: S;
  /** Tells a fact, for the object's history. */
  event(name: string, data?: unknown): void;
  /** Sets a timer: at a time, or after a length of it, the object handles a message of this name. */
  timer(name: string, when: Date | Duration, content?: unknown): void;
  /** Stops a timer. */
  stop(name: string): void;
}

/** The code of a kind of objects. */
export interface ObjectDefinition<S, H extends Record<string, (turn: Turn<S>, content: any) => unknown>> {
  /** The version of the states that this code writes. It only grows. Default 1. */
  version?: number;
  /** Gives the state of a new object. */
  state?: (id: string) => S;
  /** What it does, by the names of messages; what is returned is the answer. One message at a time. */
  on?: H & ThisType<H>;
  /** In the place of `on`: one function for all messages. */
  handle?: (turn: Turn<S>, content: any) => unknown;
  /** Turns a state that a version wrote into one of the next version. */
  upcast?: (version: number, state: any) => any;
  /** Is called when an object begins to work in this process, before its first message. */
  activate?: (turn: Turn<S>) => unknown;
  /** Is called when an object is let go, after it was idle. What it changes is not recorded. */
  deactivate?: (turn: Turn<S>) => unknown;
}

/** Names of messages with what they take and give. */
type Handlers = Record<string, (turn: any, content?: any) => any>;
/** What a message takes. */
type ContentOf<H extends Handlers, N extends keyof H> = Parameters<H[N]>["length"] extends 1
  ? [content?: undefined]
  : Parameters<H[N]> extends [any, infer C]
    ? [content: C]
    : [content?: any];
/** What a message gives. */
type AnswerOf<H extends Handlers, N extends keyof H> = Awaited<ReturnType<H[N]>>;

/** Something that happened to an object. */
export interface ObjectEvent {
  /** Its place, from 1. */
  seq: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** Its name; the engine's own begin with `object.`. */
  name: string;
  /** More about it. */
  data: any;
}

/** One object. It need not be there: the first message makes it. */
export interface ObjectRef<S = any, H extends Handlers = Handlers> {
  /** Its kind. */
  readonly kind: string;
  /** Its id. */
  readonly id: string;
  /** Asks it and waits for its answer, 30 s at the most; with `expect`, only if its last event has that place. */
  call<N extends keyof H & string>(
    name: N,
    ...rest: [...ContentOf<H, N>, options?: { timeout?: Duration; expect?: number }]
  ): Promise<AnswerOf<H, N>>;
  /** Says something without waiting: durable when this resolves, handled once. */
  tell<N extends keyof H & string>(name: N, ...content: ContentOf<H, N>): Promise<void>;
  /** Reads its state, without waking it; with `at`, as it was after that event. Its code has to be here. */
  state(options?: { at?: number }): Promise<S>;
  /** Reads its state and the place of its last event. */
  look(): Promise<{ state: S; seq: number }>;
  /** Reads what happened to it. */
  history(page?: { after?: number; limit?: number }): Promise<ObjectEvent[]>;
}

/** A kind of objects whose code is here. */
export interface ObjectKind<S, H extends Handlers> {
  /** The kind. */
  readonly kind: string;
  /** Names an object of it. */
  get(id: string): ObjectRef<S, H>;
  /** Lists the ids of those that were ever written, newest first. */
  list(page?: { after?: string; limit?: number }): Promise<{ ids: string[]; next: string | null }>;
}

/** The durable objects of an engine. */
export interface Objects {
  /** Names an object; its code may be in another process. */
  get(kind: string, id: string): ObjectRef;
  /** Lists the ids of objects of a kind that were ever written, newest first. */
  list(kind: string, page?: { after?: string; limit?: number }): Promise<{ ids: string[]; next: string | null }>;
  /** Sets how long an object without messages stays in memory. Default 10 s. */
  setIdle(length: Duration): Promise<void>;
  /** How many objects are at work in this process. */
  active(): Promise<number>;
}
