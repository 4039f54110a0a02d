"use strict";
// `app.workspaces`: the folders of agents, their snapshots, commands in a sandbox.

const { resolve } = require("node:path");
const { milliseconds } = require("./duration.cjs");
const { told } = require("./words.cjs");

const NO_OWN = new Set();

const changes = (all) => Object.fromEntries(all.map(({ path, kind }) => [path, kind]));

/** The folder of one agent. */
class Workspace {
  #ask;

  constructor(ask, agent) {
    this.agent = agent;
    this.#ask = (verb, given) => ask(`workspaces.${verb}`, { agent, ...given });
  }

  /** Tells where it is, what it holds, and what it may hold. */
  async info() {
    const { usage, ...info } = await this.#ask("show");
    return { ...info, ...usage };
  }

  /** Lists a folder of it. */
  async files(path = "projects") {
    return this.#ask("files", { path });
  }

  /** Reads a file. */
  async read(path) {
    return Buffer.from(await this.#ask("read", { path }), "base64");
  }

  /** Writes a file as a whole. */
  async write(path, content) {
    await this.#ask("write", { path, content: Buffer.from(content).toString("base64") });
  }

  /** Removes a file, or a folder with all in it. */
  async remove(path) {
    return this.#ask("remove", { path });
  }

  /** Runs a command in `projects`, which is all that it may change. */
  async run(argv, { programs, timeout, isolation = "strict", network = "none", policy } = {}) {
    const rules = { isolation, network, ...policy };
    if (programs !== undefined) rules.programs = programs;
    if (timeout !== undefined) rules.time_ms = milliseconds(timeout, "timeout");
    return told(await this.#ask("run", { argv: [...argv], policy: rules }), NO_OWN);
  }

  /** Keeps what it holds now. */
  async snapshot() {
    return this.#ask("snapshot");
  }

  /** Says what is different from a snapshot. */
  async diff({ from, to } = {}) {
    return changes(await this.#ask("diff", { from, to }));
  }

  /** Makes it what it was in a snapshot. */
  async restore(snapshot) {
    return changes(await this.#ask("restore", { from: snapshot }));
  }

  /** Writes it into a tar file. */
  async pack(file) {
    await this.#ask("pack", { file: resolve(file) });
  }

  /** Reads a tar file into it. */
  async unpack(file) {
    return this.#ask("unpack", { file: resolve(file) });
  }

  /** Removes it with its snapshots. */
  async destroy() {
    await this.#ask("destroy");
  }
}

/** The workspaces of the project. */
class Workspaces {
  #ask;

  constructor(ask) {
    this.#ask = ask;
  }

  /** Lists the agents that have one. */
  async list() {
    return this.#ask("workspaces.list", {});
  }

  /** Makes a workspace if it is not there. */
  async create(agent, { bytes, files } = {}) {
    await this.#ask("workspaces.make", { agent, bytes, files });
    return this.get(agent);
  }

  /** Gives the workspace of an agent. */
  get(agent) {
    return new Workspace(this.#ask, agent);
  }
}

module.exports = { Workspaces };
