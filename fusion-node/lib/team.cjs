"use strict";
// `app.agents`, `app.tasks`, `app.swarms`: agents with a life, what is to be done by some agent, teams.

const { milliseconds } = require("./duration.cjs");
const { Agent, CommandAgent } = require("./agent.cjs");
const { InputError } = require("./errors.cjs").public;
const { engine, form, inner, length, moment, same, told } = require("./words.cjs");

const backoff = form({ attempts: same, initial: length, factor: same, max: length, jitter: same });
const AGENT = form({
  name: same, agent: same, card: same, instances: same, slots: same, project: same, focus: same,
  restart: (name) => inner(name, backoff), unresponsive: length, tasksPerMinute: same,
  workspace: (name) => (value) => (value === false ? {} : { [name]: value === true ? {} : value }),
});
const retries = form({ attempts: same, initial: length, factor: same, max: length, jitter: same, perAgent: same });
const resources = form({ cpu: same, memoryMb: same });
const TASK = form({
  id: same, title: same, prompt: same, kind: same, agent: same, needs: same, capabilities: same, files: same, optimizeFor: same,
  priority: same, notBefore: moment, project: same, tags: same, relatedTasks: same, expectedArtifacts: same,
  resourceRequirements: (name) => inner(name, resources), retryPolicy: (name) => inner(name, retries), timeout: length,
});
const PART = form({
  concurrency: same, assign: same, work: same, resources: (name) => inner(name, resources), optimizeFor: same,
});
/** Fields whose names belong to the program. */
const OWN = new Set(["agent", "card", "record", "failed_by", "data", "reply"]);

const BY = "node";

/** The agents of a store. */
class Agents {
  #ask;
  #add;

  constructor(ask, add) {
    this.#ask = ask;
    this.#add = add;
  }

  /** Spawns an agent, in all its instances: one of this program, or whoever is registered under the name. */
  async spawn(who, options = {}) {
    const { name, ...spec } = engine({ name: who instanceof Agent ? who.name : who, ...options }, AGENT, "an agent");
    if (who instanceof Agent) {
      this.#add(who);
      spec.agent ??= who instanceof CommandAgent ? who.words() : who.name;
      if (who.capabilities !== undefined) spec.card ??= { card: 1, name: String(name), capabilities: who.capabilities };
    }
    return told(await this.#ask("agents.spawn", { name, ...spec }), OWN);
  }

  /** Finds one. */
  async get(id) {
    return told(await this.#ask("agents.get", { id }), OWN);
  }

  /** Lists all, or those in one state. */
  async list({ state } = {}) {
    return told(await this.#ask("agents.list", { state }), OWN);
  }

  /** What happened to one. */
  async history(id, { after, limit } = {}) {
    return told(await this.#ask("agents.past", { id, after, limit }), OWN);
  }

  /** Lets one rest: no new task, and those in work stand still at their next memo. */
  async pause(id) {
    return told(await this.#ask("agents.pause", { id, by: BY }), OWN);
  }

  /** Lets one go on that is paused or in trouble. */
  async resume(id) {
    return told(await this.#ask("agents.resume", { id, by: BY }), OWN);
  }

  /** Ends one; its tasks go to others. */
  async terminate(id) {
    return told(await this.#ask("agents.terminate", { id, by: BY }), OWN);
  }

  /** Forgets those that were terminated so long ago. */
  async prune(older, { dryRun = false } = {}) {
    return this.#ask("agents.prune", { older_ms: milliseconds(older, "older"), dry_run: dryRun });
  }
}

/** The tasks of a store. */
class Tasks {
  #ask;
  #bound;

  constructor(ask, bound) {
    this.#ask = ask;
    this.#bound = bound;
  }

  /** Submits a task, or several that may need one another; durable when this resolves. */
  async submit(task) {
    const made = (one) => engine(typeof one === "string" ? { title: one } : one, TASK, "a task");
    if (Array.isArray(task)) return told(await this.#ask("tasks.submit_all", task.map(made)), OWN);
    return told(await this.#ask("tasks.submit", made(task)), OWN);
  }

  /** Finds one. */
  async get(id) {
    return told(await this.#ask("tasks.get", { id: idOf(id) }), OWN);
  }

  /** Lists all, the newest first, or those in one state. */
  async list({ state } = {}) {
    return told(await this.#ask("tasks.list", { state }), OWN);
  }

  /** Counts them by state. */
  async counts() {
    return this.#ask("tasks.counts", {});
  }

  /** What happened to one. */
  async history(id, { after, limit } = {}) {
    return told(await this.#ask("tasks.past", { id: idOf(id), after, limit }), OWN);
  }

  /** Waits until one is over: completed, cancelled or dead. */
  async wait(id, options = {}) {
    const task = idOf(id);
    return told(await this.#bound("tasks.wait", { id: task }, options, `task \`${task}\` is not over`), OWN);
  }

  /** Cancels one; whoever works at it is asked to end. */
  async cancel(id, why = "") {
    return told(await this.#ask("tasks.cancel", { id: idOf(id), by: BY, why }), OWN);
  }

  /** Queues a dead or cancelled one anew, with all its attempts. */
  async requeue(id) {
    return told(await this.#ask("tasks.requeue", { id: idOf(id), by: BY }), OWN);
  }

  /** Forgets those that are over for so long. */
  async prune(older, { dryRun = false } = {}) {
    return this.#ask("tasks.prune", { older_ms: milliseconds(older, "older"), dry_run: dryRun });
  }

  /** Says who would get the tasks that are ready now, and why. */
  async propose({ optimizeFor } = {}) {
    return told(await this.#ask("tasks.propose", { optimize_for: optimizeFor }), OWN);
  }

  /** Gives out the tasks that are ready, once; tells how many were looked at. */
  async assign({ optimizeFor } = {}) {
    return this.#ask("tasks.assign", { optimize_for: optimizeFor });
  }

  /** Moves what waits, until agents that can do the same have equally much to do. */
  async balance() {
    return told(await this.#ask("tasks.balance", {}), OWN);
  }
}

function idOf(task) {
  const id = typeof task === "object" && task !== null ? task.id : task;
  if (typeof id === "string") return id;
  throw new InputError("a task is meant by its id, or by what `submit` gave", { code: "FU0101" });
}

/** Teams from files. */
class Swarms {
  #ask;

  constructor(ask) {
    this.#ask = ask;
  }

  /** Lists the teams that come along. */
  async list() {
    return this.#ask("swarm.list", {});
  }

  /** Says which agents and tasks a team would be. */
  async plan(team, options = {}) {
    return told(await this.#ask("swarm.plan", { team, ...options }), OWN);
  }

  /** Spawns the agents of a team and submits the tasks of its workflow; done twice, it is done once. */
  async deploy(team, options = {}) {
    return told(await this.#ask("swarm.deploy", { team, ...options }), OWN);
  }
}

/** A process's part in the tasks of a store; it keeps the program alive. */
class Delegation {
  #stop;
  #alive = setInterval(() => {}, 0x7fff_ffff);

  constructor(stop) {
    this.#stop = stop;
  }

  /** Ends it; what is in work comes to its end. */
  async stop() {
    if (this.#alive === undefined) return;
    this.letGo();
    await this.#stop();
  }

  /** Keeps the program alive no more. */
  letGo() {
    clearInterval(this.#alive);
    this.#alive = undefined;
  }
}

/** Gives the engine's words for a part in tasks. */
function partOf(options) {
  return engine(options, PART, "a part in tasks");
}

module.exports = { Agents, Delegation, Swarms, Tasks, partOf };
