// Runs a chain, a fan-out and a durable function to their end, and writes into a ledger when a body begins and ends.
// It may be killed at any time; the next process goes on.

import { appendFileSync } from "node:fs";
import { Fusion } from "fusion-kit";

const [store, ledger] = process.argv.slice(2);
const note = (what, key) => appendFileSync(ledger, `${what} ${key}\n`);
const app = new Fusion(store);
const nap = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function noted(key, work) {
  note("begin", key);
  await nap(5);
  const value = work();
  note("end", key);
  return value;
}

const inc = app.step("inc", (ctx, n) => noted(ctx.idempotencyKey, () => n + 1), { context: true });
const double = app.step("double", (ctx, n) => noted(ctx.idempotencyKey, () => n * 2), { context: true });
const chain = app.workflow("chain", (length) => {
  let last = inc(0);
  for (let n = 1; n < length; n++) last = inc(last);
  return last;
});
const fan = app.workflow("fan", (list) => double.map(list));
const talk = app.durable("talk", async (ctx) => {
  const plan = await ctx.step("plan", () => noted("talk/plan", () => "plan"));
  await ctx.sleep(20);
  const text = await ctx.step("write", () => noted("talk/write", () => "write"));
  return `${plan},${text}`;
});

const runs = {
  chain: await app.start(chain, [20], { id: "chain" }),
  parts: await app.start(fan, [[0, 1, 2, 3, 4, 5, 6, 7]], { id: "fan" }),
  talk: await app.start(talk, [], { id: "talk" }),
};
const results = {};
for (const [name, run] of Object.entries(runs)) results[name] = await run.result();
console.log(JSON.stringify(results));
await app.close();
