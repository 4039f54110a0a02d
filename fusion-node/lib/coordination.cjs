"use strict";
// What an engine's team is asked: agents, tasks, teams, messages, services, objects. Questions cross the border as JSON, see
// fusion-providers/src/kit/team.

const { bounded } = require("./bounded.cjs");
const { milliseconds } = require("./duration.cjs");
const { Messages } = require("./mail.cjs");
const { Memory } = require("./memory.cjs");
const { Objects } = require("./objects.cjs");
const { Services } = require("./services.cjs");
const { Workspaces } = require("./workspaces.cjs");
const { Agents, Delegation, Swarms, Tasks, partOf } = require("./team.cjs");

class Coordination {
  #delegations = new Set();

  /** `add` lets an agent of the program take tasks, `code` keeps a function that the engine enters. */
  constructor(bridge, staff, { add, code }) {
    const begin = (what, given) => {
      const native = staff();
      return bridge.asked((ticket) => native.team(ticket, what, JSON.stringify(given ?? null)));
    };
    this.ask = async (what, given) => begin(what, given).promise;
    const bound = async (what, given, { timeout, signal }, late) => {
      const limit = timeout === undefined ? undefined : milliseconds(timeout, "timeout");
      signal?.throwIfAborted();
      return bounded(begin(what, given), { limit, signal, late });
    };
    this.agents = new Agents(this.ask, add);
    this.tasks = new Tasks(this.ask, bound);
    this.swarms = new Swarms(this.ask);
    this.messages = new Messages(this.ask, bound);
    this.services = new Services(this.ask);
    this.objects = new Objects(this.ask, code);
    this.workspaces = new Workspaces(this.ask);
  }

  /** Gives what an agent knows beyond one task. */
  memory(owner) {
    return new Memory(this.ask, owner);
  }

  /** Begins a part in the tasks of the store. */
  async delegate(options) {
    const number = await this.ask("tasks.delegate", partOf(options));
    const part = new Delegation(() => {
      this.#delegations.delete(part);
      return this.ask("tasks.stop", number);
    });
    this.#delegations.add(part);
    return part;
  }

  /** Keeps the program alive no more. */
  letGo() {
    for (const one of this.#delegations) one.letGo();
    this.#delegations.clear();
  }
}

module.exports = { Coordination };
