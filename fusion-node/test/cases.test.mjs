// What a run looks like from outside is the same in every language: the cases in testing/cases.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, Fault, Provider, answer, textOf } from "fusion-kit";
import { nap, open, until } from "./help.mjs";

const CASES = process.env.FUSION_CASES;

class CaseError extends Error {
  get name() {
    return "CaseError";
  }
}

class Parrot extends Provider {
  asked = 0;

  async complete(request) {
    const more = { usage: { input: 3, output: 2 }, cost: "0.01" };
    const last = request.messages.at(-1);
    if (last.role === "tool") return answer(`the tool said ${last.parts[0].parts[0].text}`, more);
    const [verb, ...words] = textOf(request).split(" ");
    switch (verb) {
      case "add":
        return answer("", { ...more, calls: [["add", { a: Number(words[0]), b: Number(words[1]) }]] });
      case "fail":
        this.asked++;
        if (this.asked <= Number(words[1])) throw new Fault(words[0], `asked ${this.asked} times`);
        return answer(`asked ${this.asked} times`, more);
      default:
        return answer(words.join(" "), more);
    }
  }
}

function registerAgent(app) {
  const numbers = { type: "object", properties: { a: { type: "integer" }, b: { type: "integer" } }, required: ["a", "b"] };
  const add = { name: "add", parameters: numbers, run: ({ a, b }) => a + b };
  app.addAgent(new Agent("parrot", { model: app.providers.add(new Parrot()), tools: [add] }));
}

function register(app) {
  registerAgent(app);
  let count = 0;
  app.step("echo", ({ value }) => value);
  app.step("add", ({ a, b }) => a + b);
  app.step("double", ({ n }) => n * 2);
  app.step("fail", ({ message }) => {
    throw new CaseError(message);
  });
  app.step("flaky", async (ctx, { times }) => {
    if (ctx.attempt <= times) throw new CaseError(`attempt ${ctx.attempt}`);
    return ctx.attempt;
  }, { context: true });
  app.step("unfit", () => () => {});
  app.step("nap", async ({ ms }) => {
    await nap(ms);
    return ms;
  });
  app.step("count", () => ++count);
}

const SAY = {
  signal: (run, [name, payload]) => run.signal(name, payload),
  approve: (run, [by, comment]) => run.approve({ by, comment }),
  reject: (run, [by, comment]) => run.reject({ by, comment }),
  pause: (run) => run.pause(),
  resume: (run) => run.resume(),
  cancel: (run, [why]) => run.cancel(why),
};

async function follow(run, wanted) {
  for (const said of wanted.when_waiting ?? []) {
    const [[what, args]] = Object.entries(said);
    const rests = what === "resume" ? ["paused"] : ["waiting"];
    await until(async () => rests.includes(await run.status()));
    await SAY[what](run, args);
  }
  return run.result({ timeout: "30s" }).then((value) => ({ value }), (error) => ({ error }));
}

async function eventsOf(run) {
  const told = [];
  for await (const event of run.events()) {
    if (event.severity !== "debug") told.push(event.node ? `${event.name} ${event.node}` : event.name);
  }
  return told;
}

async function check(app, wanted) {
  register(app);
  const run = await app.start(app.parse(JSON.stringify(wanted.workflow), "case.json"), wanted.input);
  let end = await follow(run, wanted);
  if (wanted.retry) {
    await run.retry({ nodes: wanted.retry });
    end = await follow(run, {});
  }
  const report = await run.show();
  assert.equal(report.status, wanted.status, JSON.stringify(report));
  if (wanted.outputs) assert.deepEqual(report.outputs, wanted.outputs);
  if (wanted.error) {
    const { code, failure } = end.error;
    assert.equal(code, "FU0401");
    assert.equal(failure.class, wanted.error.class);
    const begin = wanted.error.message.endsWith("…") ? wanted.error.message.slice(0, -1) : undefined;
    assert.ok(begin === undefined ? failure.message === wanted.error.message : failure.message.startsWith(begin), failure.message);
    assert.equal(report.error.class, wanted.error.class);
    assert.ok(report.error.message.endsWith(failure.message), report.error.message);
  }
  const statuses = Object.fromEntries(Object.entries(report.nodes).map(([name, node]) => [name, node.status]));
  assert.deepEqual(statuses, wanted.nodes);
  const order = (list) => (wanted.any_order ? list.toSorted?.() ?? [...list].sort() : list);
  assert.deepEqual(order(await eventsOf(run)), order(wanted.events));
}

const names = readdirSync(CASES).filter((name) => name.endsWith(".json"));
assert.ok(names.length >= 20, `only ${names.length} cases in ${CASES}`);
for (const name of names) {
  const wanted = JSON.parse(readFileSync(join(CASES, name), "utf8"));
  for (const durable of [false, true]) {
    test(`${name} ${durable ? "in a file" : "in memory"}`, async (t) => check(open(t, { durable }), wanted));
  }
}
