"use strict";
// Specifications, and the components of a project: what `fusion spec` and `fusion components` do, as objects.

const { fileURLToPath } = require("node:url");

const { caught } = require("./errors.cjs");
const library = require("./native.cjs");
const { engine, form, length, same, told } = require("./words.cjs");

/** Names in answers that belong to the project, not to us. */
const OWN = new Set(["requires", "conflicts", "needs"]);

/** Asks the engine something of a folder. */
async function ask(what, given) {
  let answer;
  try {
    answer = await library.askFolder(what, JSON.stringify(given));
  } catch (thrown) {
    throw caught(thrown);
  }
  return JSON.parse(answer);
}

/** A path, also one that is a URL. */
const pathOf = (place) => (place instanceof URL ? fileURLToPath(place) : String(place));

/** The folder of a specification. */
class Spec {
  constructor(folder) {
    this.folder = pathOf(folder);
  }

  /** Reads `spec.md`. */
  async read() {
    return told(await this.#ask("read"), OWN);
  }

  /** Says what is wrong. */
  async validate() {
    return this.#ask("validate");
  }

  /** Says which stack, components and agents it needs. */
  async analyze() {
    return this.#ask("analyze");
  }

  /** Gives the tasks in their order. */
  async plan() {
    return this.#ask("plan");
  }

  /** Gives the workflow file of the open tasks. */
  async workflow() {
    return (await this.#ask("workflow")) ?? undefined;
  }

  #ask(verb) {
    return ask(`spec.${verb}`, { folder: this.folder });
  }
}

const COMPONENT = form({
  name: same, version: same, description: same, category: same, requires: same, conflicts: same, files: same, manifest: same, package: same,
});

/** A component that a program holds itself. */
class Component {
  constructor(about) {
    Object.assign(this, engine(about, COMPONENT, "a component"));
  }
}

/** A component as the engine reads it. */
function formOf(given) {
  const component = given instanceof Component ? given : new Component(given);
  const { name = "", version = "0.1.0", description = "", category = "", requires = {}, conflicts = {} } = component;
  const { files = {}, manifest = {}, package: packed = {} } = component;
  const brought = Object.keys(files).map((path) => ({ from: path, to: path }));
  return {
    manifest: { name, version, description, category, requires, conflicts, ...manifest, files: [...brought, ...(manifest.files ?? [])] },
    files: { ...files, ...packed },
  };
}

const CHANGE = form({ spec: same, stack: same, overwrite: same, dryRun: same });

/** The components of a project's folder. */
class Project {
  #given;

  constructor(folder = ".", { components = [], registries = [] } = {}) {
    this.folder = pathOf(folder);
    this.#given = { project: this.folder, own: components.map(formOf), folders: registries.map(pathOf) };
  }

  /** Lists the components that there are. */
  async components({ category } = {}) {
    return this.#ask("list", { category });
  }

  /** Gives what `fusion.lock` says, by the names of components. */
  async installed() {
    return this.#ask("installed", {});
  }

  /** Adds components, with all that they need. */
  async add(names, options = {}) {
    return this.#change("add", names, options);
  }

  /** Removes components, and what only they needed. */
  async remove(names, options = {}) {
    return this.#change("remove", names, options);
  }

  /** Brings components to their newest versions. */
  async upgrade(names = [], options = {}) {
    return this.#change("upgrade", names, options);
  }

  /** Says whether what components brought is unchanged. */
  async verify() {
    return this.#ask("verify", {});
  }

  #change(verb, names, options) {
    return this.#ask(verb, { names: [names].flat(), ...engine(options, CHANGE, "a change") });
  }

  #ask(verb, more) {
    return ask(`components.${verb}`, { ...this.#given, ...more });
  }
}

const BUILDING = form({ workspace: same, agents: same, models: same, recordings: same, jobs: same, unattended: same });

/** What is built, as the engine reads it. */
function building(folder, options) {
  const made = { folder: pathOf(folder), ...engine(options, BUILDING, "a build") };
  for (const name of ["workspace", "recordings"]) if (made[name] !== undefined) made[name] = pathOf(made[name]);
  return made;
}

const BEGINNING = form({ mode: same, fromSpec: same, dryRun: same });

/** What project is begun, as the engine reads it. */
function begun(folder, options) {
  const made = { folder: pathOf(folder), ...engine(options, BEGINNING, "a project") };
  if (made.from_spec !== undefined) made.from_spec = pathOf(made.from_spec);
  return made;
}

const TESTING = form({ suites: same, task: same, jobs: same, retries: same, timeout: length });

/** What is tested, as the engine reads it. */
function tested(folder, options) {
  return { folder: pathOf(folder), ...engine(options, TESTING, "tests") };
}

module.exports = { Component, Project, Spec, begun, building, tested };
