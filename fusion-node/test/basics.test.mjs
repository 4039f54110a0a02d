// Workflows that are built by calling, graphs from data, files, and what can be said to runs.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DefinitionError, Graph, InputError, RunCancelled, RunFailed, StoreError, WaitTimeout, Fusion, command, expr, wait } from "fusion-kit";
import { folder, open, until } from "./help.mjs";

test("calls on steps build a graph, and its result comes back", async (t) => {
  const app = open(t);
  const fetchPage = app.step("fetch", async (url) => `page of ${url}`, { retries: 3, timeout: "30s" });
  const merge = app.step("merge", (pages, title) => ({ title, pages }));
  const digest = app.workflow("digest", (urls) => merge(fetchPage.map(urls), "Today"), { version: 2 });
  const run = await app.start(digest, [["a", "b"]], { id: "digest-1" });
  assert.deepEqual(await run.result({ timeout: "20s" }), { title: "Today", pages: ["page of a", "page of b"] });
  const report = await run.show();
  assert.equal(report.version, 2);
  assert.deepEqual(Object.keys(report.nodes), ["fetch", "merge"]);
  assert.match(app.draw(digest, [["a"]]), /^flowchart TD/);
});

test("the same id with the same input is the same run, with another it is refused", async (t) => {
  const app = open(t);
  let count = 0;
  const step = app.step("count", (n) => (count += n));
  const first = await app.start(step, [1], { id: "same" });
  await first.result();
  assert.equal(await (await app.start(step, [1], { id: "same" })).result(), 1);
  await assert.rejects(app.start(step, [2], { id: "same" }), { code: "FU0103", name: "InputError" });
  assert.equal(count, 1);
});

test("arguments keep their places, their braces and their parts", async (t) => {
  const app = open(t);
  const list = app.step("list", (...args) => args);
  const one = app.step("one", () => ({ deep: { a: [1, 2] } }));
  const flow = app.workflow("flow", (given, text) => {
    const node = one();
    return [list(given, "{{ not.a.template }}", null, { x: node.get("deep").get("a").at(1), y: text }), list(), list([]), list(null, null)];
  });
  const got = await app.run(flow, [["g", "{% raw %}"], "{{ nope }}"]);
  assert.deepEqual(got[0], [["g", "{% raw %}"], "{{ not.a.template }}", null, { x: 2, y: "{{ nope }}" }]);
  assert.deepEqual(got.slice(1), [[], [[]], [null, null]]);
});

test("branches, order, names, fallbacks, undoing, loops, commands", async (t) => {
  const app = open(t);
  const told = [];
  const say = app.step("say", (word) => (told.push(word), word));
  const boom = app.step("boom", () => {
    throw new RangeError("too far");
  });
  const grow = app.step("grow", (n) => n + 1);
  const flow = app.workflow("flow", (go) => {
    const first = say("first");
    const yes = say("yes").when(go).named("yes").after(first);
    const no = say("no").unless(go).named("no").after(yes);
    const saved = boom().fallback(say, "saved").after(first);
    const grown = grow.until("output >= 3", { max: 5 })(expr("previous or 0"));
    return { said: expr('nodes["yes"] or nodes["no"]'), saved, grown, no, out: command(["echo", first]).get("stdout") };
  });
  assert.deepEqual(await app.run(flow, [true]), { said: "yes", saved: "saved", grown: 3, no: null, out: "first\n" });
  const book = app.step("book", (what) => what, { compensate: app.step("cancel", (what) => told.push(`cancel ${what}`)) });
  const trip = app.workflow("trip", () => boom().after(book("car").after(book("hotel"))));
  const failed = await app.start(trip).then((run) => run.result()).catch((error) => error);
  assert.ok(failed instanceof RunFailed);
  assert.deepEqual(told.slice(-2), ["cancel car", "cancel hotel"]);
});

test("a failed run tells where, which attempt and why, with the error's class and stack", async (t) => {
  const app = open(t);
  class OutOfPaper extends Error {
    name = "OutOfPaper";
  }
  const print = app.step("print", () => {
    throw new OutOfPaper("tray 2", { cause: new TypeError("no tray") });
  }, { retry: { attempts: 2, initial: 1 } });
  const range = app.step("range", () => {
    throw new RangeError("7 > 5");
  });
  const error = await app.run(print, []).catch((thrown) => thrown);
  assert.ok(error instanceof RunFailed);
  assert.deepEqual([error.code, error.node, error.attempt], ["FU0401", "print", 2]);
  assert.deepEqual([error.failure.class, error.failure.message], ["OutOfPaper", "tray 2"]);
  assert.equal(error.cause.name, "OutOfPaper");
  assert.match(error.cause.stack, /basics\.test\.mjs/);
  assert.match(error.cause.stack, /caused by TypeError: no tray/);
  assert.match(error.hint, /runs show/);
  const other = await app.run(range, []).catch((thrown) => thrown);
  assert.ok(other.cause instanceof RangeError);
});

test("sub-workflows run as runs of their own, also for each item, also from files", async (t) => {
  const app = open(t);
  const double = app.step("double", (n) => n * 2);
  const inner = app.workflow("inner", (n) => double(double(n)));
  const outer = app.workflow("outer", (list) => inner.map(list));
  assert.deepEqual(await app.run(outer, [[1, 2, 3]]), [4, 8, 12]);
  assert.deepEqual(await app.run(app.workflow("once", (n) => [inner(n), inner(double(n))]), [5]), [20, 40]);
  const file = app.parse("fusion: 1\nname: file\nnodes:\n  a: { workflow: inner, with: 4 }\noutputs: { n: '{{ nodes.a.result }}' }\n");
  assert.deepEqual(await app.run(file), { n: 16 });
});

test("graphs from data take plain functions and inputs by name", async (t) => {
  const app = open(t);
  const graph = new Graph("etl", { inputs: { rows: "array", label: { type: "string", default: "x" } } });
  const clean = graph.add("clean", (row) => row.trim(), { map: graph.input("rows"), maxParallel: 2 });
  const load = graph.add("load", (rows, label) => `${label}: ${rows.join(",")}`, { args: [clean, graph.input("label")] });
  const done = graph.add("done", () => "{{ done }}", { needs: [load], when: expr("nodes.load") });
  graph.output("text", load).output("done", done);
  assert.deepEqual(await app.run(graph, { rows: [" a", "b "] }), { text: "x: a,b", done: "{{ done }}" });
  await assert.rejects(app.run(graph, {}), { code: "FU0107" });
  assert.throws(() => graph.add("load", () => 1), { code: "FU0208" });
  assert.throws(() => graph.input("raws"), { code: "FU0205" });
});

test("a step that is repeated, or has other options, is so in a graph from data and beside a map too", async (t) => {
  const app = open(t);
  const grow = app.step("grow", (n) => (n ?? 0) + 1).until("output >= 3", { max: 5 });
  const graph = new Graph("loop");
  graph.output("grown", graph.add("grown", grow, { args: [expr("previous")] }));
  assert.deepEqual(await app.run(graph), { grown: 3 });
  const twice = { code: "FU0204", message: /for each item and until/ };
  assert.throws(() => graph.add("map", grow, { map: [1, 2] }), twice);
  await assert.rejects(app.run(app.workflow("both", () => grow.map([1, 2]))), twice);
  const second = app.workflow("second", () => grow(expr("previous")), { version: 2 });
  await app.run(second.with({ priority: 1 }));
  assert.equal((await app.list()).items[0].version, 2);
});

test("workflow files are loaded, checked with places, and run", async (t) => {
  const app = open(t);
  const path = join(folder(t), "hello.yaml");
  writeFileSync(path, "fusion: 1\nname: hello\ninputs: { who: { type: string } }\nnodes:\n  greet: { step: greet, with: { who: '{{ inputs.who }}' } }\noutputs: { text: '{{ nodes.greet }}' }\n");
  app.step("greet", ({ who }) => `hello ${who}`);
  assert.deepEqual(await app.run(app.load(path), { who: "ada" }), { text: "hello ada" });
  const wrong = () => app.parse("fusion: 1\nname: hello\nnodes:\n  greet:\n    comand: [echo, hi]\n", "wrong.yaml");
  assert.throws(wrong, (error) => error instanceof DefinitionError && error.code === "FU0203" && error.place.line === 5 && /command/.test(error.hint));
});

test("runs wait for signals and people, are paused, found, listed, retried, forked", async (t) => {
  const app = open(t, { durable: true });
  let fails = true;
  const pay = app.step("pay", (amount, who) => {
    if (fails) throw new Error("no money");
    return `${who} pays ${amount}`;
  });
  const order = app.workflow("order", (who) => {
    const paid = wait.signal("amount");
    const ok = wait.approval("Pay?", { role: "boss" }).after(paid);
    return pay(paid, who).when(ok.get("approved"));
  });
  const run = await app.start(order, ["ann"], { id: "order-1" });
  await until(async () => (await run.status()) === "waiting");
  assert.match((await run.why())[0].sentence, /amount/);
  await run.pause();
  await until(async () => (await run.status()) === "paused");
  await run.signal("amount", 7);
  await run.resume();
  await until(async () => (await run.show()).nodes.approval.status === "waiting");
  await run.approve({ by: "boss", comment: "fine" });
  await assert.rejects(run.result({ timeout: "20s" }), RunFailed);
  fails = false;
  await run.retry();
  assert.equal(await run.result({ timeout: "20s" }), "ann pays 7");
  const found = await app.find("order-1");
  assert.equal(await found.result(), "ann pays 7");
  const forked = await found.fork({ nodes: ["pay"], workflow: order, args: ["bob"], id: "order-2" });
  assert.equal(await forked.result({ timeout: "20s" }), "bob pays 7");
  const page = await app.list({ status: "succeeded", limit: 1 });
  assert.equal(page.items.length, 1);
  assert.ok(page.next);
  await app.prune("order-2");
  await assert.rejects(app.find("order-2"), { code: "FU0104" });
  assert.equal((await app.check()).durability, "sync");
});

test("waiting for a result ends with its time or its signal, and the run goes on", async (t) => {
  const app = open(t);
  let finish;
  const slow = app.step("slow", () => new Promise((resolve) => (finish = resolve)));
  const run = await app.start(slow);
  await assert.rejects(run.result({ timeout: 20 }), (error) => error instanceof WaitTimeout && error.code === "FU0404");
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 10);
  await assert.rejects(run.result({ signal: stop.signal }), { message: "enough" });
  await until(() => finish);
  finish("done");
  assert.equal(await run.result(), "done");
});

test("the signal of a start cancels the run, and the body hears of it", async (t) => {
  const app = open(t);
  let heard, hasBegun;
  const slow = app.step("slow", async (ctx) => {
    hasBegun = true;
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    heard = ctx.signal.reason.name;
  }, { context: true });
  const stop = new AbortController();
  const run = await app.start(slow, [], { signal: stop.signal });
  await until(() => hasBegun);
  stop.abort();
  await assert.rejects(run.result({ timeout: "20s" }), (error) => error instanceof RunCancelled && error.code === "FU0402");
  assert.equal(await until(() => heard), "AbortError");
});

test("events come in order, from the first to the last, and can be left early", async (t) => {
  const app = open(t);
  const echo = app.step("echo", (n) => n);
  const run = await app.start(app.workflow("flow", () => echo(echo(1))));
  const names = [];
  for await (const event of run) names.push(event.name);
  assert.deepEqual(names.filter((name) => name !== "node.started"), ["run.started", "node.succeeded", "node.succeeded", "run.succeeded"]);
  const first = run.events();
  assert.equal((await first.next()).value.name, "run.started");
  await first.return();
  const waiting = await app.start(app.workflow("waits", () => wait.signal("never")));
  const stop = new AbortController();
  for await (const event of waiting.events({ signal: stop.signal })) {
    if (event.name === "node.waiting") setTimeout(() => stop.abort(), 1);
  }
  assert.ok(stop.signal.aborted);
});

test("what is used wrongly is refused with a code and a hint", async (t) => {
  const app = open(t);
  const step = app.step("step", (n) => n);
  assert.throws(() => step(1), (error) => error instanceof DefinitionError && /outside of a workflow/.test(error.message) && error.hint.length > 0);
  assert.equal(step.body(1), 1);
  assert.throws(() => app.step("bad name", () => 1), InputError);
  assert.throws(() => app.step("x", () => 1, { retrys: 3 }), { code: "FU0203" });
  assert.throws(() => app.step("x", () => 1, { timeout: "soon" }).with({}) && app.draw(app.step("y", () => 1, { timeout: "soon" }), []), { code: "FU0101" });
  assert.throws(() => new Fusion("mysql://x"), (error) => error instanceof StoreError && error.code === "FU0301");
  assert.throws(() => new Fusion("memory://", { worker: true }), { code: "FU0203" });
  await assert.rejects(app.start(app.workflow("async", async () => step(1))), /must not be async/);
  await assert.rejects(app.start(app.workflow("text", () => `${step(1)}`)), /no value while the graph is built/);
  await assert.rejects(app.start(step, 1), { code: "FU0101" });
  await assert.rejects(app.find("none"), { code: "FU0104" });
  const other = new Fusion();
  await other.close();
  await assert.rejects(other.start(step, [1]), { code: "FU0501", name: "ClosedError" });
});
