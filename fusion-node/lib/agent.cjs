"use strict";
// Agents: they take tasks in words, by their name or by what they can do.

const { priceOf, usd } = require("./chat.cjs");
const { building } = require("./builder.cjs");
const { StepContext } = require("./context.cjs");
const { milliseconds } = require("./duration.cjs");
const { InputError, PermanentError } = require("./errors.cjs").public;
const { template } = require("./node.cjs");

const FIELDS = ["model", "modelName", "system", "tools", "handOffs", "result", "check", "limits", "sampling", "price", "window", "keepMessages", "watch", "capabilities"];
const SAMPLING = ["temperature", "top_p", "top_k", "seed", "max_output_tokens", "stop", "frequency_penalty", "presence_penalty", "effort"];
const LIMITS = { turns: "turns", toolsAtOnce: "tools_at_once", resultBytes: "result_bytes" };

/** Something that works on tasks: with a `model` on the engine's own loop, with a `run` of its own by its own judgement. */
class Agent {
  constructor(name, fields = {}) {
    this.name = name ?? new.target.name.toLowerCase();
    for (const [field, value] of Object.entries(fields)) {
      if (!FIELDS.includes(field)) throw new InputError(`an agent has no \`${field}\``, { code: "FU0203", hint: `there are ${FIELDS.join(", ")}` });
      this[field] = value;
    }
  }

  /** Works on a task and gives its result. */
  async run(ctx, prompt, more) {
    return ctx.work(this, prompt, more);
  }
}

const PROGRAM = ["program", "mode", "workspace", "session", "system", "time", "idle", "capabilities"];

/** An agent that is a program on the command line: it works in a folder, with tools of its own. */
class CommandAgent extends Agent {
  constructor(name, fields = {}) {
    super(name);
    for (const [field, value] of Object.entries(fields)) {
      if (!PROGRAM.includes(field)) throw new InputError(`a command-line agent has no \`${field}\``, { code: "FU0203", hint: `there are ${PROGRAM.join(", ")}` });
      this[field] = value;
    }
  }

  /** Its words in a workflow file, with another folder or conversation perhaps. */
  words({ workspace = this.workspace, session = this.session } = {}) {
    const { name, mode, system } = this;
    const [time, idle] = [this.time, this.idle].map((one) => (one === undefined ? undefined : `${milliseconds(one, "time")}ms`));
    const words = { program: programOf(this), name, mode, system, workspace, session, time, idle };
    return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
  }
}

function programOf({ name, program }) {
  if (typeof program === "string" && program !== "") return program;
  throw new InputError(`the command-line agent \`${name}\` has no program`, { code: "FU0101", hint: 'write { program: "claude" }, or { program: "command:./work.sh" }' });
}

/** Gives a tool as it is: for its types. */
function tool(made) {
  return made;
}

/** Tells whether the engine's own loop does an agent's work. */
function asksModel(made) {
  return made.run === Agent.prototype.run;
}

/** Adds a node that gives a task to an agent: itself, by its name, or to whoever can do all that is in `needs`. */
function agent(who, prompt, { id, ...more } = {}) {
  const builder = building("agent");
  if (who instanceof CommandAgent) return programNode(builder, who, [prompt, id, more]);
  if (who instanceof Agent) {
    builder.agents.add(who);
    checkWords(who, more);
  }
  const name = who instanceof Agent ? who.name : who;
  const needs = typeof name === "object" && Array.isArray(name?.needs) ? name.needs : undefined;
  if (typeof name !== "string" && needs === undefined) {
    throw new InputError("give an agent, its name, or what it has to be able to do: { needs: [...] }", { code: "FU0101" });
  }
  const given = template({ prompt, ...more }, (value) => builder.value(value));
  const action = () => ({ agent: needs === undefined ? name : { needs } });
  return builder.run(id ?? (needs === undefined ? name : "agent"), { action, kind: "agent", options: {} }, given);
}

/** Refuses words that nobody would read. */
function checkWords(who, more) {
  const odd = asksModel(who) && Object.keys(more).find((word) => word !== "messages");
  if (!odd) return;
  throw new InputError(`the agent \`${who.name}\` has no \`${odd}\``, { code: "FU0203", hint: "it takes a prompt and `messages`" });
}

/** Adds the node of a program on the command line, in the words of workflow files. */
function programNode(builder, who, [prompt, id, { workspace, session, ...more }]) {
  checkWords(who, more);
  const write = (value) => builder.value(value);
  const all = Object.entries(who.words({ workspace, session }));
  // Which program it is has to stand in the graph itself: nothing of it comes from the arguments.
  const words = all.map(([word, value]) => [word, word === "program" || word === "mode" ? value : template(value, write)]);
  const action = () => ({ agent: Object.fromEntries(words) });
  return builder.run(id ?? who.name, { action, kind: "agent", options: {} }, template({ prompt, ...more }, write));
}

/** Gives the agent that can do all of this, and does it best. */
function choose(agents, needs) {
  const able = [...agents.values()].filter((one) => needs.every((need) => Object.hasOwn(one.capabilities ?? {}, need)));
  if (able.length === 0) {
    const known = [...new Set([...agents.values()].flatMap((one) => Object.keys(one.capabilities ?? {})))].sort();
    throw new PermanentError(`no agent here can do ${needs.join(", ")}; known: ${known.join(", ") || "none"}`);
  }
  const worth = (one) => needs.reduce((sum, need) => sum + one.capabilities[need], 0);
  return able.reduce((best, one) => (worth(one) > worth(best) || (worth(one) === worth(best) && one.name > best.name) ? one : best));
}

/** The agents of one engine. */
class Staff {
  #bridge;
  #native;
  #providers;
  #register;
  #agents = new Map();
  #numbers = new Map();

  constructor(bridge, native, providers, register) {
    this.#bridge = bridge;
    this.#native = native;
    this.#providers = providers;
    this.#register = register;
  }

  /** Lets an agent take tasks. */
  add(made) {
    if (!(made instanceof Agent)) throw new InputError("this is no `Agent`", { code: "FU0101" });
    if (this.#agents.get(made.name) === made) return made;
    if (this.#agents.size === 0) {
      this.#register("agent", (call, input) => this.#enter(call, choose(this.#agents, input.agent?.needs ?? []), input.with));
    }
    if (asksModel(made)) this.#number(made, true);
    else this.#register(`agent:${made.name}`, (call, input) => this.#enter(call, made, input.with));
    this.#agents.set(made.name, made);
    return made;
  }

  /** Gives the agent of a name if it is known here; everything else as it is, with a word on a name that nobody has. */
  known(who) {
    const made = this.#agents.get(who);
    if (made !== undefined || typeof who !== "string") return made ?? who;
    const known = [...this.#agents.keys()].sort().join(", ") || "none";
    process.emitWarning(`no agent here is called \`${who}\`: the task waits for a process that has one (known here: ${known}; app.addAgent adds one)`, { code: "FUSION_NO_AGENT" });
    return who;
  }

  /** Finds an agent by its name. */
  find(who) {
    const made = who instanceof Agent ? who : this.#agents.get(who);
    if (made === undefined) {
      throw new InputError(`no agent here is called \`${who}\``, { code: "FU0101", hint: `known: ${[...this.#agents.keys()].sort().join(", ") || "none"}` });
    }
    return made;
  }

  #enter(call, made, given) {
    const isMap = typeof given === "object" && given !== null;
    const { prompt = "", ...more } = isMap ? given : { prompt: given ?? "" };
    return made.run(new StepContext(this.#bridge, call, this), prompt, more);
  }

  /** Lets an agent that asks a model work as a part of a body; gives `[reply, failure]`. */
  work(call, made, task) {
    const number = this.#numbers.get(made) ?? this.#number(made, false);
    return this.#bridge.ask((ticket) => this.#native().work(ticket, call, number, JSON.stringify(task)));
  }

  /** Tells whether the engine's own loop does an agent's work. */
  asksModel(made) {
    return asksModel(made);
  }

  #number(made, isStep) {
    const number = this.#native().addAgent(JSON.stringify(this.#describe(made, [])), isStep);
    this.#numbers.set(made, number);
    return number;
  }

  #describe(made, above) {
    if (made instanceof CommandAgent) return described(made, above);
    if (above.includes(made)) throw new InputError(`\`${made.name}\` hands over to itself in the end: hand-offs go one way`, { code: "FU0101" });
    if (made.model === undefined) throw new InputError(`the agent \`${made.name}\` has no model: set one, or write its \`run\``, { code: "FU0101" });
    return {
      name: made.name,
      provider: this.#providers.number(made.model),
      model: made.modelName ?? "",
      system: made.system,
      tools: (made.tools ?? []).map((one) => this.#tool(one)),
      others: (made.handOffs ?? []).map((one) => this.#describe(one, [...above, made])),
      result: made.result === undefined ? undefined : this.#form(made),
      sampling: samplingOf(made),
      limits: limitsOf(made.limits ?? {}),
      price: made.price === undefined ? undefined : priceOf(made.price),
      window: made.window,
      keep_messages: made.keepMessages ?? false,
      watch: made.watch === undefined ? undefined : this.#watcher(made),
    };
  }

  #tool(made) {
    if (made && (made.workspace ?? made.command ?? made.http ?? made.mcp ?? made.memory) !== undefined) return { ...made };
    const run = made?.run ?? made?.body;
    if (typeof run !== "function" || typeof made.name !== "string") {
      throw new InputError("a tool is { name, description, parameters, run }", { code: "FU0101", hint: "or built-in ones: { workspace }, { command }, { http }, { mcp, name, allow }, { memory }" });
    }
    const { name, description = "", parameters = { type: "object", properties: {} }, strict = false, context = false } = made;
    const invoke = (call, input) => (context ? run(new StepContext(this.#bridge, call, this), input ?? {}) : run(input ?? {}));
    const number = this.#providers.code(invoke, `the result of the tool \`${name}\``);
    return { about: { name, description, schema: parameters, strict }, code: { number, name } };
  }

  #watcher(made) {
    const show = async (_call, said) => {
      await made.watch(said);
    };
    return { number: this.#providers.code(show, "what watches the answer"), name: "watch" };
  }

  #form(made) {
    if (made.check === undefined) return { schema: made.result };
    const judge = async (_call, value) => {
      await made.check(value);
    };
    return { schema: made.result, check: { number: this.#providers.code(judge, "the check"), name: "check" } };
  }
}

function samplingOf({ name, sampling = {} }) {
  const odd = Object.keys(sampling).find((word) => !SAMPLING.includes(word));
  if (odd === undefined) return sampling;
  throw new InputError(`the agent \`${name}\` has a sampling \`${odd}\``, { code: "FU0203", hint: `there are ${SAMPLING.join(", ")}` });
}

/** The engine's description of a program. */
function described(made, above) {
  if (above.length > 0) {
    const who = above.at(-1).name;
    throw new InputError(`\`${who}\` cannot hand over to the program \`${made.name}\``, { code: "FU0101", hint: "ask it by a tool, or by a node of its own" });
  }
  const { time: _time, idle: _idle, ...words } = made.words();
  const [total_ms, idle_ms] = [made.time, made.idle].map((one) => (one === undefined ? undefined : milliseconds(one, "time")));
  return { ...words, total_ms, idle_ms };
}

function limitsOf({ cost, time, toolTime, ...counts }) {
  const limits = {};
  if (cost !== undefined) limits.cost = usd(cost);
  if (time !== undefined) limits.total_ms = milliseconds(time, "limits.time");
  if (toolTime !== undefined) limits.tool_ms = milliseconds(toolTime, "limits.toolTime");
  for (const [name, count] of Object.entries(counts)) {
    if (LIMITS[name] === undefined) throw new InputError(`there is no limit \`${name}\``, { code: "FU0203", hint: "there are turns, cost, time, toolsAtOnce, toolTime, resultBytes" });
    limits[LIMITS[name]] = count;
  }
  return limits;
}

module.exports = { Agent, CommandAgent, Staff, agent, tool };
