"use strict";
// The engine in a program: a store, the code that is registered, and the runs that are driven here.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const native = require("./native.cjs");
const { Agent, Staff, agent } = require("./agent.cjs");
const { Providers } = require("./asking.cjs");
const { theBridge } = require("./bridge.cjs");
const { build } = require("./builder.cjs");
const { pure } = require("./codec.cjs");
const { Coordination } = require("./coordination.cjs");
const { milliseconds } = require("./duration.cjs");
const errors = require("./errors.cjs");
const { Graph } = require("./graph.cjs");
const { Run } = require("./run.cjs");
const { Scopes, here } = require("./scope.cjs");
const { begun, building, tested } = require("./specs.cjs");
const { elsewhere, invocable, makeStep, makeWorkflow } = require("./step.cjs");
const { bodyOf, nameOf, told } = require("./words.cjs");

const { ClosedError, DefinitionError, InputError } = errors.public;
const asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** The variables that commands get beside their own, as in the `fusion` command. */
const HANDED_ON = /^(PATH|HOME|LANG|TMPDIR|TMP|TEMP|USER|LOGNAME|SHELL|TERM|TZ|(HTTP|HTTPS|NO|ALL)_PROXY|(http|https|no|all)_proxy|LC_.*|SSL_CERT_.*)$/;

/** The program that runs plugins in a process of their own. */
const HOST = [process.execPath, join(__dirname, "../bin/fusion-kit.cjs"), "plugin-host"];

class Fusion {
  #bridge;
  #native;
  #made = new Map();
  #numbers = [];
  #checked = new Map();
  #unsaved = [];
  #scopes = new Scopes();
  #recovered;
  #watched;
  #closing;
  #inside;
  #hands;
  #staff;
  #team;

  constructor(url = "memory://", options = {}) {
    this.#bridge = theBridge();
    const asked = openingOf(options);
    this.#native = errors.native(() => this.#bridge.native.open(String(url), JSON.stringify(asked)));
    this.#inside = { native: () => this.#open(), watch: () => this.#watch(), forked: (...changed) => this.#forked(...changed) };
    this.url = String(url);
    const hands = () => {
      this.#open();
      return (this.#hands ??= wrapped(this.#native.staff()));
    };
    this.providers = new Providers(this.#bridge, hands, (invoke, what) => this.#code(invoke, what));
    this.#staff = new Staff(this.#bridge, hands, this.providers, (name, invoke) => {
      this.#native.register(name, this.#code(invoke, `the result of \`${name}\``));
    });
    const inside = { add: (agent) => this.addAgent(agent), code: (invoke, what) => this.#code(invoke, what) };
    this.#team = new Coordination(this.#bridge, hands, inside);
    const { agents, tasks, swarms, messages, services, objects, workspaces } = this.#team;
    Object.assign(this, { agents, tasks, swarms, messages, services, objects, workspaces, memory: (owner) => this.#team.memory(owner) });
  }

  /** Takes part in the tasks of the store: gives them out to agents, and works at them. */
  async delegate(options = {}) {
    return this.#team.delegate(options);
  }

  /** Registers the code of a kind of durable objects. */
  object(kind, definition) {
    return this.objects.define(nameOf(kind), definition);
  }

  /** Sends a message, or several together. */
  async send(message) {
    return this.messages.send(message);
  }

  /** Lets an agent take tasks: those that name it, and those that ask for what it can do. */
  addAgent(agent) {
    this.#open();
    return this.#staff.add(agent);
  }

  /** Starts a run that gives one task to an agent: itself, by its name, or to whoever can do all of a list. */
  async ask(who, prompt, { id, signal, detached, ...more } = {}) {
    return this.start(this.#task(who, more), [prompt], { id, signal, detached });
  }

  #task(who, more) {
    if (who instanceof Agent) this.addAgent(who);
    const whom = Array.isArray(who) ? { needs: who } : this.#staff.known(who);
    return makeWorkflow("ask", (prompt) => agent(whom, prompt, more), {});
  }

  /** Keeps code that the engine enters. */
  #code(invoke, what) {
    this.#open();
    const number = this.#bridge.add({ invoke, what, scopes: this.#scopes });
    this.#numbers.push(number);
    return number;
  }

  /** Registers a function as a step; with `elsewhere: true` in the place of the function, another process has its code. */
  step(name, body, options = {}) {
    if (body?.elsewhere === true) return this.#keep(elsewhere(nameOf(name), body));
    return this.#register(makeStep(nameOf(name), bodyOf(body, name), options));
  }

  /** Registers a durable function. */
  durable(name, body, options = {}) {
    return this.#register(makeStep(nameOf(name), bodyOf(body, name), options, "durable"));
  }

  /** Registers a function that builds a graph. */
  workflow(name, body, options = {}) {
    return this.#register(makeWorkflow(nameOf(name), bodyOf(body, name), options), `workflow:${name}`);
  }

  #register(made, name = made.name) {
    this.#open();
    const number = this.#bridge.add({ ...invocable(made, this.#bridge, this.#staff), scopes: this.#scopes });
    this.#numbers.push(number);
    this.#native.register(name, number);
    return this.#keep(made);
  }

  #keep(made) {
    this.#open();
    this.#made.set(made.name, made);
    return made;
  }

  /** Registers what a graph needs, so that this process can finish its runs. */
  register(graph) {
    for (const [name, body] of graph.steps) {
      if (this.#made.get(name)?.body !== body) this.step(name, body);
    }
    return graph;
  }

  /** Reads a workflow file, YAML or JSON, and checks it. */
  load(path) {
    return this.parse(readFileSync(path, "utf8"), String(path));
  }

  /** Reads the text of a workflow file; `name` is what errors call it. */
  parse(text, name = "workflow.yaml") {
    this.#open();
    const { graph, workflows, warnings } = JSON.parse(errors.native(() => native.parse(text, name)));
    const file = { kind: "file", name: graph.name, version: graph.version, graph, warnings };
    for (const one of [graph, ...Object.values(workflows)]) {
      this.#native.workflow(this.#check(one));
      this.#unsaved.push(one);
    }
    return Object.freeze(file);
  }

  /** Starts a run, or finds the one that has the id. */
  async start(what, args, { id, signal, detached = false } = {}) {
    signal?.throwIfAborted();
    const scope = here();
    this.#recovered ??= this.#ask("recover");
    const { graph, input } = this.#graphOf(what, args);
    const definition = this.#check(graph);
    await this.#recovered;
    if (this.#unsaved.length > 0) await this.#ask("save", { graphs: this.#unsaved.splice(0) });
    signal?.throwIfAborted();
    const run = this.#run(await this.#begin(definition, { id, input, detached }, scope));
    this.#watch();
    if (signal !== undefined) this.#cancelWith(run, signal);
    return run;
  }

  /** Starts a run whose bodies find the async context that it was started in. Gives its id. */
  async #begin(definition, beginning, scope) {
    const app = this.#open();
    const begin = (options) => this.#bridge.ask((ticket) => app.start(ticket, definition, JSON.stringify(options)));
    if (scope === undefined) return begin(beginning);
    // Its first body may be entered before its id would be told.
    const id = beginning.id ?? app.newId();
    this.#bridge.native.nameRuns();
    this.#scopes.keep(id, scope, () => app.drives());
    try {
      return await begin({ ...beginning, id });
    } finally {
      this.#scopes.started(id);
    }
  }

  /** Starts a run and waits for its result. */
  async run(what, args, { timeout, ...options } = {}) {
    const run = await this.start(what, args, options);
    return run.result({ timeout });
  }

  #cancelWith(run, signal) {
    const cancel = () => run.cancel("the signal of its starter was aborted").catch(() => {});
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener("abort", cancel, { once: true });
    const forget = () => signal.removeEventListener("abort", cancel);
    this.#settled(run).then(forget, forget);
  }

  #settled(run) {
    const asked = this.#bridge.asked((ticket) => this.#open().ask(ticket, "wait", JSON.stringify({ run: run.id })), run.id);
    return asked.promise;
  }

  /** Finds a run by its id. */
  async find(id) {
    await this.#ask("find", { run: String(id) }, String(id));
    return this.#run(String(id));
  }

  /** Builds what a specification asks for, or goes on with it, as `fusion build` does; gives its run. */
  async build(folder, options = {}) {
    const { run } = await this.#ask("build", { payload: building(folder, options) });
    return this.#run(run);
  }

  /** Makes a project, or brings one up to its mode, as `fusion init` does. */
  async init(folder = ".", options = {}) {
    return told(await this.#ask("init", { payload: begun(folder, options) }), new Set());
  }

  /** Runs the tests of a project, or goes on with them, as `fusion test` does; gives their run. */
  async test(folder = ".", options = {}) {
    const { run } = await this.#ask("test", { payload: tested(folder, options) });
    return this.#run(run);
  }

  /** Says what of a specification is proved, also while it is built. */
  async coverage(folder, { workspace } = {}) {
    return this.#ask("proved", { payload: building(folder, { workspace }) });
  }

  /** Lists runs, the newest first. */
  async list({ status, after, limit } = {}) {
    return this.#ask("list", { status, after, limit });
  }

  /** Finishes what dead processes left. Gives how many runs were taken. */
  async recover() {
    const taken = await this.#ask("recover");
    this.#watch();
    return taken;
  }

  /** Waits until nothing is driven here any more: every run has ended or rests. */
  async settled() {
    await this.#ask("settled");
  }

  /** Describes the store; with `deep`, reads all of it and checks it. */
  async check({ deep = false } = {}) {
    return this.#ask("check", { deep });
  }

  /** Deletes a run that has ended. */
  async prune(id) {
    await this.#ask("prune", { run: String(id) });
  }

  /** Draws the graph of a workflow: `mermaid`, `dot`, `svg` or `json`. */
  draw(what, args, format = "mermaid") {
    const { graph } = this.#graphOf(what, args);
    return errors.native(() => this.#check(graph).draw(format));
  }

  /** How many runs are driven here. */
  get driven() {
    return this.#closing ? 0 : this.#native.driven();
  }

  /** Lets go of everything: bodies are given up, runs go on where they were when someone recovers them. */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    this.#watched?.();
    this.#team.letGo();
    for (const number of this.#numbers) this.#bridge.remove(number);
    const app = this.#native;
    await this.#bridge.ask((ticket) => app.ask(ticket, "close", "{}"));
  }

  [asyncDispose]() {
    return this.close();
  }

  [dispose]() {
    this.close().catch(() => {});
  }

  #open() {
    if (this.#closing) throw new ClosedError("the engine was closed", { code: "FU0501", hint: "open it again" });
    return this.#native;
  }

  #run(id) {
    return new Run(this.#inside, this.#bridge, id);
  }

  async #ask(what, args = {}, run) {
    const app = this.#open();
    return this.#bridge.ask((ticket) => app.ask(ticket, what, JSON.stringify(args)), run);
  }

  /** Keeps the program alive while runs are driven here. */
  #watch() {
    if (this.#watched || this.#closing) return;
    const asked = this.#bridge.asked((ticket) => this.#native.ask(ticket, "settled", "{}"));
    this.#watched = asked.abandon;
    const over = () => {
      this.#watched = undefined;
      if (!this.#closing && this.#native.driven() > 0) this.#watch();
    };
    asked.promise.then(over, over);
  }

  /** Checks a graph, unless it is the one that was checked last under its name. */
  #check(graph) {
    const json = JSON.stringify(graph);
    const known = this.#checked.get(graph.name);
    if (known?.json === json) return known.definition;
    const definition = errors.native(() => native.define(json));
    this.#checked.set(graph.name, { json, definition });
    return definition;
  }

  #graphOf(what, args) {
    const isGraph = what instanceof Graph;
    if (isGraph || what?.kind === "file") {
      if (isGraph) this.register(what);
      if (args !== undefined && (typeof args !== "object" || args === null || Array.isArray(args))) {
        throw new InputError(`the inputs of \`${what.name}\` are an object by name`, { code: "FU0101" });
      }
      return { graph: isGraph ? what.json : what.graph, input: pure(args ?? {}, "the input") };
    }
    if (what instanceof Agent) return this.#graphOf(this.#task(what, {}), typeof args === "string" ? [args] : args);
    if (typeof what?.action !== "function") {
      throw new InputError("this cannot be started: give a workflow, a step, a durable function, a Graph, or a loaded file", { code: "FU0101" });
    }
    if (args !== undefined && !Array.isArray(args)) {
      throw new InputError(`the arguments of \`${what.name}\` are a list`, { code: "FU0101", hint: "write [value] for one argument" });
    }
    const isWorkflow = what.kind === "workflow";
    const made = build(what.name, isWorkflow ? what.body : (...given) => what(...given), isWorkflow ? what.definition : {}, args ?? []);
    for (const one of made.agents) this.#staff.add(one);
    return made;
  }

  #forked(workflow, args, input) {
    if (workflow === undefined) {
      if (args !== undefined) throw new DefinitionError("a fork with other arguments needs the workflow that takes them", { code: "FU0107" });
      return input === undefined ? {} : { input: pure(input, "the input") };
    }
    const made = this.#graphOf(workflow, args ?? input);
    return { graph: made.graph, input: made.input };
  }
}

/** Gives the native side of providers and agents; what it throws becomes an error of ours. */
function wrapped(staff) {
  const said = (name) => (...given) => errors.native(() => staff[name](...given));
  return Object.fromEntries(["addProvider", "nameProvider", "addAgent", "ask", "observed", "stream", "team", "work"].map((name) => [name, said(name)]));
}

function openingOf({ secrets, commandEnv, commandCwd, concurrency, work, lease, ...unknown }) {
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined) {
    throw new InputError(`the engine has no option \`${wrong}\``, {
      code: "FU0203",
      hint: "there are secrets, commandEnv, commandCwd, concurrency, work, lease",
    });
  }
  const texts = Object.entries(process.env).filter(([, value]) => value !== undefined);
  return {
    secrets: secrets ?? Object.fromEntries(texts),
    commandEnv: commandEnv ?? Object.fromEntries(texts.filter(([key]) => HANDED_ON.test(key))),
    commandCwd,
    concurrency,
    work,
    host: HOST,
    leaseMs: lease === undefined ? undefined : milliseconds(lease, "lease"),
  };
}

module.exports = { Fusion };
