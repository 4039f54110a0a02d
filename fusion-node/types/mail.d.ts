// Messages between agents, and services.

import type { Duration } from "./context";

/** A message that is to be sent, in the form of docs/messages.md. */
export interface Draft {
  /** Your own name for it: however often it is sent, it is delivered once. */
  messageId?: string;
  /** Who says it. */
  sender: string;
  /** To whom: `bob`, `capability/review`, `topic/build.done`, or `*`. */
  recipient: string;
  /** What sort of message it is. */
  messageType: string;
  /** What is said: anything that can be recorded. */
  content?: unknown;
  /** The message that it answers. */
  replyTo?: string;
  /** More about it. */
  metadata?: Record<string, unknown>;
  /** What goes along. */
  attachments?: { name: string; mediaType?: string; content: unknown }[];
  /** Higher comes first. */
  priority?: number;
  /** Not delivered before this time. */
  notBefore?: Date | number;
  /** Not delivered after this time. */
  expires?: Date | number;
}

/** A message that was sent. */
export interface MessageForm<C = any> {
  /** Its name. */
  messageId: string;
  /** Who said it. */
  sender: string;
  /** To whom. */
  recipient: string;
  /** What sort of message it is. */
  messageType: string;
  /** What was said. */
  content: C;
  /** When, in milliseconds since 1970. */
  timestamp: number;
  /** The message that it answers. */
  replyTo?: string;
  /** More about it. */
  metadata?: Record<string, any>;
  /** What came along. */
  attachments?: { name: string; mediaType?: string; content: any }[];
  /** Higher comes first. */
  priority?: number;
  /** Not delivered before this time, in milliseconds since 1970. */
  notBefore?: number;
  /** Not delivered after this time, in milliseconds since 1970. */
  expires?: number;
}

/** What became of a message that was sent. */
export interface Sent {
  /** The message's name. */
  messageId: string;
  /** The agents in whose mailboxes it lies. */
  to: string[];
  /** The agents that subscribed, but whose mailboxes are full. */
  full: string[];
  /** A message of this name was sent before: nothing was sent now. */
  duplicate: boolean;
}

/** Something that happened in a channel. */
export interface Said {
  /** Its place in the channel, from 1. */
  seq: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** The channel: `@bob`, a topic, or `*`. */
  channel: string;
  /** `message.sent`, `message.acknowledged`, `message.released`, `message.expired` or `message.dead`. */
  name: string;
  /** The message's name. */
  messageId: string;
  /** The message, where it was sent. */
  message: MessageForm | null;
  /** The agent that did something with it. */
  agent: string | null;
}

/** What a mailbox is set to. */
export interface MailboxOptions {
  /** How much it holds at the most; then whoever sends is refused. */
  capacity?: number;
  /** How often a message is delivered at the most. */
  attempts?: number;
  /** How long a message may be held without being acknowledged. */
  hold?: Duration;
  /** What the agent can do: it gets messages to `capability/NAME`. */
  capabilities?: string[];
}

/** A message that was received, and is to be acknowledged: else it comes again. */
export interface Delivery<C = any> extends MessageForm<C> {
  /** How often it was delivered, this time included. */
  attempt: number;
  /** Says that it is done: it is never delivered again. */
  acknowledge(): Promise<void>;
  /** Gives it back: it is delivered again, at once or after a pause. */
  release(options?: { pause?: Duration }): Promise<void>;
  /** Answers and acknowledges it, both or none of both. */
  reply(messageType: string, content?: unknown): Promise<Sent>;
}

/** An agent's mailbox. */
export interface Mailbox extends AsyncIterable<Delivery> {
  /** The agent's name. */
  readonly name: string;
  /** Waits for messages and gives those that are there; none when `wait` is over. */
  receive<C = any>(options?: { most?: number; wait?: Duration; signal?: AbortSignal }): Promise<Delivery<C>[]>;
  /** Acknowledges messages together. */
  acknowledge(deliveries: Delivery[]): Promise<void>;
  /** Subscribes to a topic, or to all that a pattern takes: `build.*`, `build.**`. */
  subscribe(topic: string): Promise<void>;
  /** Ends a subscription. */
  unsubscribe(topic: string): Promise<void>;
  /** Counts what lies in it, up to `most`. */
  waiting(most?: number): Promise<number>;
  /** Lists the messages that were delivered too often. */
  dead(most?: number): Promise<MessageForm[]>;
  /** Puts those back into the mailbox; tells how many. */
  revive(most?: number): Promise<number>;
  /** Deletes those. */
  forgetDead(): Promise<void>;
  /** Lets go of it; what lies in it stays there. */
  close(): Promise<void>;
}

/** The messages of a store. */
export interface Messages {
  /** Sends a message: when this resolves, it is recorded and lies in the mailboxes. */
  send(message: Draft): Promise<Sent>;
  /** Sends messages together: all of them or none. */
  send(messages: Draft[]): Promise<Sent[]>;
  /** Sends a message and waits for its answer. Default 30 s; an answer that comes later goes to the sender's mailbox. */
  request<C = any>(message: Draft, options?: { timeout?: Duration }): Promise<MessageForm<C>>;
  /** Opens an agent's mailbox; the first time, it is made. */
  mailbox(name: string, options?: MailboxOptions): Promise<Mailbox>;
  /** Lists the mailboxes with their settings. */
  mailboxes(): Promise<{ name: string; options: Record<string, any> }[]>;
  /** Removes a mailbox with all that lies in it; what was said stays in its history. */
  remove(name: string): Promise<void>;
  /** Reads what was said to a recipient, after a place, and what became of it. */
  history(recipient: string, page?: { after?: number; limit?: number }): Promise<Said[]>;
  /** Gives a message with all that answers it, out of the channels of these recipients. */
  thread(id: string, recipients: string[]): Promise<MessageForm[]>;
  /** Follows a topic, or all that a pattern takes, from a place on: what was published, then what is. */
  follow(topic: string, options?: { after?: number; signal?: AbortSignal }): AsyncGenerator<Said>;
}

/** An instance of a service. */
export interface Service {
  /** Its id, unique in the store. */
  id: string;
  /** What it is an instance of. */
  name: string;
  /** The version of what it offers. */
  version?: string;
  /** Where it is: `agent/bob` or `object/cart/42`. */
  target: string;
  /** What it can do. */
  capabilities?: string[];
  /** Further words about it. */
  metadata?: Record<string, any>;
  /** How busy it says it is; 0 is idle. */
  load?: number;
  /** How long it is believed to be well after its last sign of life. */
  ttl?: Duration;
}

/** What is looked for; what is not said fits all. A text is a service's name. */
export type Criteria = string | { name?: string; version?: string; capabilities?: string[]; metadata?: Record<string, unknown> };
/** How one of several is chosen. */
export type Strategy = "roundRobin" | "leastLoaded" | { sticky: string };

/** One part of several that are asked as one. */
export interface ServicePart {
  /** What its result is called. */
  name: string;
  /** Which service does it. */
  service: Criteria;
  /** How one of several is chosen. */
  strategy?: Strategy;
  /** What is asked of it. */
  ask: string;
  /** What counts as its result when it fails. */
  otherwise?: unknown;
}

/** The services of a store. */
export interface Services {
  /** Registers an instance, or sets it anew. */
  register(service: Service): Promise<void>;
  /** Changes an instance; it counts as a sign of life. */
  update(id: string, change: Partial<Omit<Service, "id" | "name" | "target">>): Promise<Record<string, any>>;
  /** Gives a sign of life of an instance. */
  beat(id: string): Promise<void>;
  /** Takes an instance out. */
  deregister(id: string): Promise<void>;
  /** Finds the instances that are well and fit. */
  discover(criteria?: Criteria): Promise<Record<string, any>[]>;
  /** Asks one of those that fit, and the next one when it fails. */
  call<R = any>(criteria: Criteria, ask: string, content?: unknown, options?: { timeout?: Duration; strategy?: Strategy }): Promise<R>;
  /** Asks several services as one. `rule` says how many have to go well. */
  compose(
    parts: ServicePart[],
    content?: unknown,
    options?: { chain?: boolean; rule?: "all" | "bestEffort" | number; timeout?: Duration },
  ): Promise<Record<string, any>>;
}
