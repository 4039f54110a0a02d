// Bodies that do what they should not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { PermanentError, RunCancelled, RunFailed } from "fusion-kit";
import { nap, open, until } from "./help.mjs";

const failureOf = (app, step) => app.run(step, [], { timeout: "30s" }).then(() => assert.fail("it succeeded"), (error) => error.failure);

test("whatever is thrown is told", async (t) => {
  const app = open(t);
  const thrown = {
    text: ["plain text", { class: "error", message: "plain text" }],
    object: [{ code: 7 }, { class: "error", message: '{"code":7}' }],
    nothing: [undefined, { class: "error", message: "undefined" }],
    "null": [null, { class: "error", message: "null" }],
    like: [{ name: "Odd", message: "like an error" }, { class: "Odd", message: "like an error" }],
    symbol: [Symbol("s"), { class: "error", message: "Symbol(s)" }],
  };
  for (const [name, [value, failure]] of Object.entries(thrown)) {
    const sync = await failureOf(app, app.step(`sync-${name}`, () => { throw value; }));
    assert.deepEqual({ class: sync.class, message: sync.message }, failure);
    const later = await failureOf(app, app.step(`later-${name}`, () => nap(1).then(() => { throw value; })));
    assert.deepEqual({ class: later.class, message: later.message }, failure);
  }
});

test("a permanent error is not tried again, and a body may ask for a pause", async (t) => {
  const app = open(t);
  let count = 0;
  const never = app.step("never", () => { count++; throw new PermanentError("no such account"); }, { retries: 5 });
  assert.equal((await failureOf(app, never)).class, "PermanentError");
  assert.equal(count, 1);
  const from = Date.now();
  const later = app.step("later", (ctx) => {
    if (ctx.attempt === 1) throw Object.assign(new Error("busy"), { retryAfterMs: 150 });
    return ctx.feedback.message;
  }, { context: true, retry: { attempts: 2, initial: 1 } });
  assert.equal(await app.run(later, []), "busy");
  assert.ok(Date.now() - from >= 150);
});

test("a body that recurses too deep, and one that gives a promise-like that throws", async (t) => {
  const app = open(t);
  const dive = () => dive() + 1;
  assert.equal((await failureOf(app, app.step("dive", dive))).class, "RangeError");
  assert.equal((await failureOf(app, app.step("then", () => ({ then() { throw new TypeError("thenable"); } })))).message, "thenable");
  assert.equal((await failureOf(app, app.step("getter", () => ({ get x() { throw new Error("getter"); } })))).message, "getter");
});

test("a body that blocks the loop for longer than its time fails late, and the engine goes on", async (t) => {
  const app = open(t, { durable: true, lease: "2s" });
  const block = app.step("block", () => {
    const until = Date.now() + 3_000;
    while (Date.now() < until);
    return "too late";
  }, { timeout: 200 });
  assert.equal((await failureOf(app, block)).class, "timeout");
  assert.equal(await app.run(app.step("fine", () => 1), []), 1);
});

test("a body that never ends is cancelled with its run, and what it says later is not heard", async (t) => {
  const app = open(t);
  let finish;
  const stuck = app.step("stuck", () => new Promise((resolve) => (finish = resolve)));
  const run = await app.start(stuck);
  await until(() => finish);
  await run.cancel("enough");
  await assert.rejects(run.result({ timeout: "20s" }), (error) => error instanceof RunCancelled && /enough/.test(error.message));
  finish("late");
  await nap(20);
  assert.equal(await run.status(), "cancelled");
});

test("timers of the program have their turn while thousands of bodies run", async (t) => {
  const app = open(t);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  const noop = app.step("noop", (n) => n, { maxParallel: 1_000 });
  await app.run(app.workflow("many", (list) => noop.map(list)), [Array.from({ length: 10_000 }, (_, n) => n)]);
  assert.ok(ticks > 3, `${ticks} ticks`);
});

test("worker threads have engines of their own, and may be ended in the middle", async (t) => {
  const url = new URL("./programs/worker.mjs", import.meta.url);
  const ended = new Worker(url, { workerData: "run" });
  const [said] = await new Promise((resolve, reject) => {
    const all = [];
    ended.on("message", (message) => all.push(message));
    ended.on("error", reject);
    ended.on("exit", () => resolve(all));
  });
  assert.equal(said, 42);
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(url, { workerData: "hang" });
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
  }
  const app = open(t);
  assert.equal(await app.run(app.step("fine", () => 1), []), 1);
});

test("two engines in one process keep apart", async (t) => {
  const [one, two] = [open(t), open(t)];
  const first = one.step("who", () => "one");
  const second = two.step("who", () => "two");
  assert.deepEqual(await Promise.all([one.run(first, []), two.run(second, [])]), ["one", "two"]);
  await one.close();
  assert.equal(await two.run(second, []), "two");
  assert.equal((await two.list()).items.length, 2);
});

test("a run whose body fails while nobody waits for it is no unhandled rejection", async (t) => {
  const app = open(t);
  const seen = [];
  const note = (reason) => seen.push(reason);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const run = await app.start(app.step("boom", async () => { throw new Error("boom"); }));
  await until(async () => (await run.status()) === "failed");
  await nap(20);
  assert.deepEqual(seen, []);
  await assert.rejects(run.result(), RunFailed);
});
