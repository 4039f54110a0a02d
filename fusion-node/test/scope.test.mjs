// What AsyncLocalStorage held where a run was started is there in its bodies.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Fusion } from "fusion-kit";
import { folder, nap, open, until } from "./help.mjs";

const request = new AsyncLocalStorage();
// The first engine is made where something is in the context: bodies of other runs must not find it.
const first = request.run("of the first engine", () => new Fusion());
await first.close();

function steps(app) {
  const now = () => request.getStore() ?? null;
  return {
    plain: app.step("plain", now),
    later: app.step("later", async () => (await nap(1), now())),
    item: app.step("item", (n) => `${n} ${now()}`),
    aware: app.step("aware", async (ctx) => ctx.memo("seen", async () => now()), { context: true }),
    again: app.step("again", (ctx) => {
      if (ctx.attempt < 3) throw new Error("once more");
      return now();
    }, { context: true, retry: { attempts: 3, initial: 1 } }),
  };
}

test("every body of a run finds the store of its starter, in whatever way it is entered", async (t) => {
  const app = open(t, { durable: true });
  const { plain, later, item, aware, again } = steps(app);
  const inner = app.workflow("inner", () => plain());
  const code = app.durable("code", async (ctx) => {
    const before = request.getStore();
    await ctx.sleep(1);
    return [before, request.getStore(), await ctx.step("part", () => request.getStore())];
  });
  const flow = app.workflow("flow", () => ({ plain: plain(), later: later(), items: item.map([1, 2]), aware: aware(), again: again(), inner: inner() }));
  const all = await Promise.all(["ann", "bob"].map((who) => request.run(who, () => app.run(flow, [], { timeout: "60s" }))));
  for (const [at, who] of ["ann", "bob"].entries()) {
    assert.deepEqual(all[at], { plain: who, later: who, items: [`1 ${who}`, `2 ${who}`], aware: who, again: who, inner: who });
  }
  assert.deepEqual(await request.run("eve", () => app.run(code, [], { timeout: "60s" })), ["eve", "eve", "eve"]);
  assert.equal(request.getStore(), undefined);
});

test("a run that was started outside of any store finds none, nor does one that is taken over", async (t) => {
  const url = `sqlite://${join(folder(t), "app.db")}`;
  const app = open(t, { url });
  const { plain, later } = steps(app);
  const flow = app.workflow("flow", () => [plain(), later()]);
  assert.deepEqual(await app.run(flow, [], { timeout: "60s" }), [null, null]);
  const other = open(t, { url, work: false });
  const wait = other.workflow("flow", () => [other.step("plain", { elsewhere: true })()]);
  const run = await request.run("of another engine", () => other.start(wait, [], { id: "taken", detached: true }));
  await app.recover();
  const taken = await app.find(run.id);
  assert.deepEqual(await taken.result({ timeout: "60s" }), [null]);
});

test("stores that are numbers, false or empty count as well", async (t) => {
  const app = open(t);
  const { plain } = steps(app);
  for (const store of [0, 1, false, "", 42]) assert.equal(await request.run(store, () => app.run(plain, [])), store);
});

test("the stores of runs that have ended are let go, those of many that start at once are not", async (t) => {
  const app = open(t);
  const { plain, item } = steps(app);
  const seen = await Promise.all(Array.from({ length: 400 }, (_, n) => request.run(`u${n}`, () => app.run(item, [n], { timeout: "60s" }))));
  assert.deepEqual(seen, Array.from({ length: 400 }, (_, n) => `${n} u${n}`));
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  const one = async () => {
    const store = [];
    registry.register(store);
    await request.run(store, () => app.run(plain, []));
  };
  for (let n = 0; n < 600; n++) await one();
  await until(() => {
    gc();
    return collected >= 300;
  });
});

test("bodies that follow each other at once inherit nothing from each other", async (t) => {
  const app = open(t);
  const seen = new Set();
  const leaves = app.step("leaves", () => {
    seen.add(request.getStore());
    request.enterWith("of the one before");
    return null;
  });
  const leavesLater = app.step("leaves-later", async () => {
    seen.add(request.getStore());
    request.enterWith("of the one before");
    return null;
  });
  const flow = app.workflow("flow", () => {
    let last = leaves();
    for (let n = 0; n < 300; n++) last = (n % 2 ? leaves() : leavesLater()).after(last);
    return last;
  });
  await app.run(flow, [], { timeout: "60s" });
  assert.deepEqual([...seen], [undefined]);
});
