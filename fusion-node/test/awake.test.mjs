// Who waits for a quick body stays awake for a moment: nothing is lost at its end, and nobody else is kept waiting.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./help.mjs";

/** Keeps this thread for so many microseconds. */
function busy(us) {
  const end = performance.now() + us / 1_000;
  while (performance.now() < end);
}

test("nothing is lost at the moment when somebody falls asleep", async (t) => {
  const app = open(t);
  const sync = app.step("sync", (n) => (busy(n), n));
  const later = app.step("later", async (n) => (busy(n), n));
  for (const step of [sync, later]) {
    const flow = app.workflow(`flow-${step === sync}`, (n) => [step(n), step(1)]);
    for (let n = 0; n < 300; n++) {
      assert.deepEqual(await app.run(flow, [n % 100], { timeout: "20s" }), [n % 100, 1]);
      busy((n * 7) % 150);
    }
  }
});

test("bodies that follow each other at once leave turns to timers", async (t) => {
  const app = open(t);
  let turns = 0;
  const seen = [];
  const step = app.step("step", () => (seen.push(turns), null));
  const flow = app.workflow("flow", () => {
    let last = step();
    for (let n = 1; n < 2_000; n++) last = step().after(last);
    return last;
  });
  const ticking = setInterval(() => turns++, 1);
  try {
    await app.run(flow, [], { timeout: "60s" });
  } finally {
    clearInterval(ticking);
  }
  assert.equal(seen.length, 2_000);
  assert.ok(new Set(seen).size > 3, `timers had ${new Set(seen).size} turns in between`);
});
