// No-op steps in JavaScript, timed: see README.md.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Fusion } from "fusion-kit";

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";
const rows = [];

/** Times rounds of some work, in microseconds a unit. */
async function time(name, units, rounds, work) {
  if (!name.includes(only)) return;
  const times = [];
  for (let round = 0; round <= rounds; round++) {
    const from = performance.now();
    await work(round);
    times.push(((performance.now() - from) * 1_000) / units);
  }
  const [first, ...counted] = times;
  const sorted = counted.sort((a, b) => a - b);
  rows.push({ name, us: sorted[Math.floor(sorted.length / 2)], best: sorted[0], worst: sorted.at(-1), first, per_second: 1e6 / sorted[Math.floor(sorted.length / 2)] });
}

function chainOf(app, step, name) {
  return app.workflow(name, (length) => {
    let last = step();
    for (let n = 1; n < length; n++) last = step().after(last);
    return last;
  });
}

async function memory() {
  const app = new Fusion();
  const sync = app.step("sync", () => null);
  const later = app.step("async", async () => null);
  const pass = app.step("pass", (n) => n);
  const wide = app.step("wide", (n) => n, { maxParallel: 5_000 });
  const wideLater = app.step("wide-async", async (n) => n, { maxParallel: 5_000 });
  const list = Array.from({ length: 5_000 }, (_, n) => n);
  for (const [name, step] of [["sync", sync], ["async", later]]) {
    const chain = chainOf(app, step, `chain-${name}`);
    await time(`chain of 1,000, ${name} bodies, in memory`, 1_000, 7, () => app.run(chain, [1_000]));
  }
  const values = app.workflow("values", (length) => {
    let last = pass(0);
    for (let n = 1; n < length; n++) last = pass(last);
    return last;
  });
  await time("chain of 1,000 that hands a value on, in memory", 1_000, 5, () => app.run(values, [1_000]));
  for (const [name, step] of [["sync", sync], ["async", later]]) {
    const fan = app.workflow(`fan-${name}`, (width) => sync().after(Array.from({ length: width }, () => step())));
    await time(`fan-out of 5,000 nodes, ${name} bodies, in memory`, 5_000, 7, () => app.run(fan, [5_000]));
  }
  for (const [name, step] of [["sync", wide], ["async", wideLater]]) {
    const map = app.workflow(`map-${name}`, (items) => step.map(items));
    await time(`map over 5,000, ${name} bodies, in memory`, 5_000, 7, () => app.run(map, [list]));
  }
  await app.close();
}

async function durable() {
  for (const durability of ["sync", "relaxed"]) {
    const place = mkdtempSync(join(tmpdir(), "fusion-bench-"));
    const app = new Fusion(`sqlite://${join(place, "bench.db")}?durability=${durability}`);
    const step = app.step("noop", async () => null);
    const chain = chainOf(app, step, "ten");
    const all = async () => {
      const runs = await Promise.all(Array.from({ length: 500 }, () => app.start(chain, [10])));
      await Promise.all(runs.map((run) => run.result()));
    };
    await time(`500 runs of 10 steps at once, SQLite, ${durability}`, 5_000, 5, all);
    await app.close();
    rmSync(place, { recursive: true, force: true });
  }
}

async function peer() {
  let kit;
  try {
    kit = await import("@langchain/langgraph");
  } catch {
    console.error("LangGraph.js is not installed beside this program: it is left out");
    return;
  }
  const { Annotation, END, START, Send, StateGraph } = kit;
  const state = Annotation.Root({ n: Annotation({ reducer: (_, next) => next, default: () => 0 }) });
  const chain = new StateGraph(state);
  for (let n = 0; n < 1_000; n++) {
    chain.addNode(`n${n}`, async () => ({}));
    chain.addEdge(n === 0 ? START : `n${n - 1}`, `n${n}`);
  }
  const compiled = chain.addEdge("n999", END).compile();
  await time("chain of 1,000, async bodies, LangGraph.js in memory", 1_000, 3, () => compiled.invoke({ n: 1 }, { recursionLimit: 2_000 }));
  const fan = new StateGraph(state)
    .addNode("work", async () => ({}))
    .addNode("join", async () => ({}))
    .addConditionalEdges(START, () => Array.from({ length: 5_000 }, (_, n) => new Send("work", { n })))
    .addEdge("work", "join")
    .addEdge("join", END)
    .compile();
  await time("fan-out of 5,000 nodes, async bodies, LangGraph.js in memory", 5_000, 3, () => fan.invoke({ n: 1 }, { recursionLimit: 2_000 }));
}

await memory();
await durable();
await peer();
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(rows));
} else {
  for (const { name, us, best, worst, per_second } of rows) {
    console.log(`${name.padEnd(64)} ${us.toFixed(2).padStart(9)} µs  (${best.toFixed(2)} to ${worst.toFixed(2)})  ${Math.round(per_second).toLocaleString("en")} a second`);
  }
}
