// Agents with a life, tasks and teams: who gets a task, what becomes of it, over crashes too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, InputError, Scripted, WaitTimeout } from "fusion-kit";
import { folder, nap, open, program, until } from "./help.mjs";

class Writer extends Agent {
  capabilities = { writing: 0.9 };
  async run(ctx, prompt) {
    return `${this.name}: ${prompt}`;
  }
}

test("a task goes to an agent of the program and comes back", async (t) => {
  const app = open(t);
  const [writer] = await app.agents.spawn(new Writer(), { focus: ["guides"], slots: 2, unresponsive: "2m" });
  assert.deepEqual([writer.id, writer.state, writer.spec.slots, writer.spec.unresponsiveMs], ["writer", "idle", 2, 120_000]);
  await app.delegate();
  const task = await app.tasks.submit({ title: "Write the guide", kind: "documentation", tags: ["docs"] });
  const done = await app.tasks.wait(task, { timeout: "30s" });
  assert.deepEqual([done.state, done.agent, done.reply.text], ["completed", "writer", "writer: Write the guide"]);
  assert.match(done.reason, /writer/);
  const names = (await app.tasks.history(task)).map((one) => one.name);
  assert.deepEqual(names, ["task.queued", "task.assigned", "task.started", "task.completed"]);
  const after = await until(async () => (await app.agents.get("writer")).state === "idle" && app.agents.get("writer"));
  assert.deepEqual(after.record, { documentation: { done: 1, failed: 0 } });
  const { completed, queued } = await app.tasks.counts();
  assert.deepEqual({ completed, queued }, { completed: 1, queued: 0 });
});

test("tasks that need one another are done in order, by several agents", async (t) => {
  const app = open(t);
  const order = [];
  class Doer extends Agent {
    async run(_ctx, prompt) {
      order.push(prompt);
      return prompt;
    }
  }
  await app.agents.spawn(new Doer(), { instances: 3 });
  assert.deepEqual((await app.agents.list({ state: "idle" })).map((one) => one.id), ["doer-1", "doer-2", "doer-3"]);
  const part = await app.delegate({ concurrency: 8 });
  const all = await app.tasks.submit([
    { id: "c", title: "third", needs: ["b"] },
    { id: "b", title: "second", needs: ["a"] },
    { id: "a", title: "first" },
  ]);
  assert.equal(all.length, 3);
  await app.tasks.wait("c", { timeout: "30s" });
  assert.deepEqual(order, ["first", "second", "third"]);
  await part.stop();
  await part.stop();
});

test("an agent with a model works as a member of a team", async (t) => {
  const app = open(t);
  const helper = new Agent("helper", { model: new Scripted(["hello"]) });
  await app.agents.spawn(helper);
  await app.delegate();
  const done = await app.tasks.wait(await app.tasks.submit("greet"), { timeout: "30s" });
  assert.deepEqual([done.reply.text, done.reply.agent], ["hello", "helper"]);
});

test("what fails is tried again, then dead, and queued anew", async (t) => {
  const app = open(t);
  let count = 0;
  class Shaky extends Agent {
    async run() {
      count += 1;
      if (count <= 2) throw new Error(`no ${count}`);
      return "at last";
    }
  }
  await app.agents.spawn(new Shaky());
  await app.delegate();
  const task = await app.tasks.submit({ title: "try", retryPolicy: { attempts: 2, initial: 5, max: 10 } });
  const dead = await app.tasks.wait(task, { timeout: "30s" });
  assert.deepEqual([dead.state, dead.failure.message], ["dead", "no 2"]);
  await app.tasks.requeue(task);
  assert.equal((await app.tasks.wait(task, { timeout: "30s" })).reply.text, "at last");
});

test("agents are paused, resumed and terminated", async (t) => {
  const app = open(t);
  await app.agents.spawn(new Writer());
  await app.delegate();
  await app.agents.pause("writer");
  const task = await app.tasks.submit("wait for me");
  await assert.rejects(app.tasks.wait(task, { timeout: 100 }), WaitTimeout);
  const [proposal] = await app.tasks.propose();
  assert.equal(proposal?.agent ?? null, null);
  await app.agents.resume("writer");
  assert.equal((await app.tasks.wait(task, { timeout: "30s" })).state, "completed");
  assert.equal((await app.agents.terminate("writer")).state, "terminated");
  const names = (await app.agents.history("writer")).map((one) => one.name);
  assert.deepEqual(names.filter((name) => /paused|resumed|terminated/.test(name)), ["agent.paused", "agent.resumed", "agent.terminated"]);
});

test("what makes no sense is refused with what would", async (t) => {
  const app = open(t);
  await assert.rejects(app.agents.spawn("a", { instanzes: 2 }), (error) => error instanceof InputError && /instanzes/.test(error.message) && /instances/.test(error.hint));
  await assert.rejects(app.tasks.submit({ titel: "x" }), /titel/);
  await assert.rejects(app.tasks.submit({ title: "x", notBefore: "soon" }), /no time/);
  await assert.rejects(app.tasks.get("nobody"), /nobody/);
  await assert.rejects(app.swarms.deploy("web-ap"), /web-ap/);
});

test("a team is deployed, once", async (t) => {
  const app = open(t);
  const team = { swarm: 1, name: "pair", description: "two", agents: { writer: { agent: "writer", instances: 2 } }, workflows: [{ name: "w", stages: ["draft", "check"] }] };
  const planned = await app.swarms.plan(team, { project: "p" });
  assert.deepEqual(planned.tasks.map((one) => one.id), ["p.draft.1", "p.check.1"]);
  await app.swarms.deploy(team, { project: "p" });
  const { agents, tasks } = await app.swarms.deploy(team, { project: "p" });
  assert.deepEqual([agents.map((one) => one.id), tasks.length], [["p.writer-1", "p.writer-2"], 2]);
  assert.ok((await app.swarms.list()).some((one) => one.name === "web-app"));
});

test("a worker that was killed costs nobody a task", async (t) => {
  const url = `sqlite://${folder(t)}/team.db`;
  const app = open(t, { url });
  await app.agents.spawn("slow");
  const task = await app.tasks.submit("go slowly");
  const first = program(t, "team-worker.mjs", url, "hang");
  await until(() => first.said.out.includes("begun"));
  first.child.kill("SIGKILL");
  await first.ended;
  const second = program(t, "team-worker.mjs", url, "do");
  const done = await app.tasks.wait(task, { timeout: "60s" });
  assert.deepEqual([done.state, done.reply.text], ["completed", "done by the second"]);
  second.child.kill("SIGTERM");
  await nap(1);
});

test("what is over is forgotten", async (t) => {
  const app = open(t);
  await app.agents.spawn("nobody");
  await app.tasks.submit({ title: "hello", id: "hello" });
  await app.tasks.cancel("hello");
  await app.agents.terminate("nobody");
  assert.deepEqual([await app.tasks.prune("1d"), await app.tasks.prune(0, { dryRun: true })], [[], ["hello"]]);
  assert.deepEqual([await app.tasks.prune(0), await app.tasks.list()], [["hello"], []]);
  assert.deepEqual([await app.agents.prune(0), await app.agents.list()], [["nobody"], []]);
});
