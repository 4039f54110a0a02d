// What memory durable runs take, and whether steps leave any behind: ends with 1 where it is more than it may be.
//
// `memory.mjs runs 10000 600`: so many runs at once on one SQLite file, each in an async body that waits: at most so many MB.
// `memory.mjs steps 1000000 5 100000`: so many steps in memory: after the first 100,000 at most so many per cent more.

import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Fusion } from "fusion-kit";

const WIDTH = 2_000;
const FAILING = 30;
const [what, count, most, warm = 100_000, leak = 0] = [process.argv[2], ...process.argv.slice(3).map(Number)];

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");
const resident = () => process.memoryUsage.rss() / 1e6;
const peak = () => (process.resourceUsage().maxRSS * 1_024) / 1e6;

/** Starts the runs, waits until every body is entered, and lets all go. */
async function runs() {
  const place = mkdtempSync(join(tmpdir(), "fusion-memory-"));
  const before = resident();
  const app = new Fusion(`sqlite://${join(place, "memory.db")}`, { concurrency: 2 * count });
  let [open, allThere] = [() => {}, () => {}];
  const gate = new Promise((resolve) => (open = resolve));
  const there = new Promise((resolve) => (allThere = resolve));
  let entered = 0;
  const wait = app.step("wait", async (n) => {
    if (++entered === count) allThere();
    await gate;
    return n;
  });
  const all = [];
  while (all.length < count) {
    all.push(...(await Promise.all(Array.from({ length: Math.min(500, count - all.length) }, () => app.start(wait, [1])))));
  }
  await there;
  const here = resident();
  open();
  for (const run of all) await run.result();
  await app.close();
  rmSync(place, { recursive: true, force: true });
  console.log(`${count} runs at once: ${here.toFixed()} MB resident, ${(((here - before) * 1e3) / count).toFixed(1)} KB a run; at its peak ${peak().toFixed()} MB of ${most} MB`);
  return peak() <= most;
}

/** Runs rounds of steps in one engine, deletes the runs, and compares what is resident. */
async function steps() {
  const app = new Fusion();
  const kept = [];
  const user = new AsyncLocalStorage();
  const sync = app.step("sync", (n) => ({ n }));
  const later = app.step("async", async (n) => {
    if (leak > 0) kept.push(Buffer.alloc(leak));
    return n;
  });
  const aware = app.step("aware", async (ctx, n) => `${ctx.attempt} ${n}`, { context: true });
  const len = app.step("len", (items) => items.length);
  const fails = app.step("fails", (n) => {
    throw new RangeError(`no ${n}`);
  });
  const kinds = app.workflow("kinds", (list) => [sync, later, aware].map((step) => len(step.with({ maxParallel: 500 }).map(list))));
  const list = Array.from({ length: WIDTH }, (_, n) => n);
  const round = async () => {
    const run = await app.start(kinds, [list]);
    if (String(await run.result()) !== String([WIDTH, WIDTH, WIDTH])) throw new Error("a step was lost");
    await app.prune(run.id);
    for (let n = 0; n < FAILING; n++) {
      const failing = await app.start(fails, [n]);
      await failing.result().then(() => { throw new Error("it did not fail"); }, () => app.prune(failing.id));
    }
  };
  let begun;
  let now = 0;
  for (let done = 0; done < count || begun === undefined; ) {
    // As in a server: the context of each run holds something of its own.
    await user.run(Buffer.alloc(1_000), round);
    done += 3 * WIDTH + FAILING;
    gc();
    now = resident();
    if (begun === undefined && done >= warm) begun = now;
  }
  await app.close();
  const limit = begun * (1 + most / 100);
  console.log(`after ${warm} steps ${begun.toFixed(1)} MB, at the end ${now.toFixed(1)} MB of ${limit.toFixed(1)} MB`);
  return now <= limit;
}

const fits = await (what === "runs" ? runs() : steps());
if (!fits) console.log("that is too much");
process.exitCode = fits ? 0 : 1;
