// Durable functions: what they did is recorded, and they rest without a process.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Fusion, RunFailed } from "fusion-kit";
import { folder, nap, open, until } from "./help.mjs";

function research(app, told) {
  return app.durable("research", async (ctx, topic) => {
    const plan = await ctx.step("plan", (what) => (told.push("plan"), `plan of ${what}`), topic);
    await ctx.sleep(50);
    const parts = await Promise.all([1, 2].map((n) => ctx.step("part", (m) => (told.push(`part ${m}`), m * 10), n)));
    const ok = await ctx.waitSignal("go", { timeout: "60s" });
    const late = await ctx.waitSignal("never", { timeout: 30 });
    const said = await ctx.waitApproval("Publish?", { role: "boss" });
    told.push("end");
    return { plan, parts, ok, late: late === undefined, said: said.by };
  });
}

for (const durable of [false, true]) {
  test(`steps run once over rests, signals and approvals ${durable ? "in a file" : "in memory"}`, async (t) => {
    const app = open(t, { durable });
    const told = [];
    const run = await app.start(research(app, told), ["x"]);
    await until(async () => (await run.show()).status === "waiting" && told.includes("part 2"));
    await run.signal("go", { n: 1 });
    await until(async () => (await run.why())[0].sentence.includes("Publish?") || (await run.why())[0].sentence.includes("approv"));
    await run.approve({ by: "eve" });
    assert.deepEqual(await run.result({ timeout: "20s" }), { plan: "plan of x", parts: [10, 20], ok: { n: 1 }, late: true, said: "eve" });
    assert.deepEqual(told, ["plan", "part 1", "part 2", "end"]);
  });
}

test("a durable function is taken up by another engine where it was", async (t) => {
  const url = `sqlite://${join(folder(t), "app.db")}`;
  const told = [];
  const first = new Fusion(url);
  const run = await first.start(research(first, told), ["y"], { id: "r" });
  // What ran last has to be recorded: a body that is not may run again.
  await until(async () => (await run.why())[0].sentence.includes("`go`"));
  await first.close();
  const second = open(t, { url });
  research(second, told);
  await second.recover();
  const again = await second.find("r");
  await again.signal("go", "now");
  await until(() => again.approve({ by: "joe" }).then(() => true, () => false));
  assert.equal((await again.result({ timeout: "20s" })).said, "joe");
  assert.deepEqual(told, ["plan", "part 1", "part 2", "end"]);
});

test("a failed step is thrown into the function, which may catch it; retries find what was done", async (t) => {
  const app = open(t);
  const told = [];
  const flaky = app.durable("flaky", async (ctx) => {
    const caught = await ctx.step("bad", () => { throw new TypeError("bad"); }).catch((error) => error.name);
    await ctx.memo("once", () => told.push("once"));
    await ctx.step("flaky", () => { told.push("flaky"); if (ctx.attempt < 3) throw new Error("again"); });
    return [caught, ctx.attempt];
  }, { retry: { attempts: 3, initial: 1 } });
  assert.deepEqual(await app.run(flaky, []), ["TypeError", 3]);
  assert.deepEqual(told, ["once", "flaky", "flaky", "flaky"]);
  const never = app.durable("never", async () => { throw new Error("no"); });
  await assert.rejects(app.run(never, []), RunFailed);
});

test("what runs beside a wait is recorded before the function rests", async (t) => {
  const app = open(t);
  const told = [];
  const both = app.durable("both", async (ctx) => {
    const [, slow] = await Promise.all([ctx.sleep(10), ctx.step("slow", async () => (told.push("slow"), await nap(60), "slow"))]);
    return slow;
  });
  assert.equal(await app.run(both, []), "slow");
  assert.deepEqual(told, ["slow"]);
});

test("a durable function is a step in a graph, and can be cancelled while it rests", async (t) => {
  const app = open(t);
  const slow = app.durable("slow", async (ctx, n) => (await ctx.sleep(20), n + 1));
  assert.deepEqual(await app.run(app.workflow("many", (list) => slow.map(list)), [[1, 2, 3]]), [2, 3, 4]);
  const forever = await app.start(app.durable("forever", (ctx) => ctx.sleep("365d")));
  await until(async () => (await forever.status()) === "waiting");
  await forever.cancel();
  assert.equal(await forever.result().catch((error) => error.code), "FU0402");
});
