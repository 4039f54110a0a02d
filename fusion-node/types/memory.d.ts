// What agents know beyond one task.

/** One thing that is remembered. */
export interface Fact {
  /** Under which key. */
  key: string;
  /** What. */
  value: any;
  /** Since when. */
  at: Date;
  /** How much it speaks of what was looked for; only a search tells. */
  score?: number;
}

/** What one owner knows beyond one task: facts by key, and its saved state. Every process of the store sees the same. */
export interface Memory {
  /** Whose it is: an agent, or a team that shares it. */
  readonly owner: string;
  /** Remembers a fact of at most 64 KiB; what was under its key is forgotten. */
  remember(key: string, value: unknown): Promise<void>;
  /** Recalls what is remembered under a key; `undefined` when nothing is. */
  recall<T = any>(key: string): Promise<T | undefined>;
  /** Finds the facts that speak of a text, the best first; 5 of them without a limit. */
  search(text: string, options?: { limit?: number }): Promise<Fact[]>;
  /** Lists all facts, by key. */
  facts(): Promise<Fact[]>;
  /** Forgets a fact. Tells whether there was one. */
  forget(key: string): Promise<boolean>;
  /** Saves the owner's state of at most 8 MiB, in the form of a version (1); the one before is forgotten. */
  saveState(state: unknown, options?: { version?: number }): Promise<void>;
  /**
   * Loads the owner's state in the form of a version (1); `undefined` when none was saved. A state of an older version goes through
   * `upcast`, which makes of one of version `from` one of the next. What is loaded is not saved by that.
   */
  loadState<T = any>(options?: { version?: number; upcast?: (from: number, state: any) => unknown }): Promise<T | undefined>;
}
