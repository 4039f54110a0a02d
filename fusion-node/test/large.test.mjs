// Graphs of many nodes are built in a time that grows with their size, not with its square.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./help.mjs";

test("20,000 nodes are built, checked and run in seconds", async (t) => {
  const app = open(t);
  const step = app.step("step", (n) => n);
  const wide = app.workflow("wide", (count) => step(0).after(Array.from({ length: count }, () => step(1))));
  const from = Date.now();
  const run = await app.start(wide, [20_000]);
  assert.ok(Date.now() - from < 10_000, `it took ${Date.now() - from} ms to build and start`);
  assert.equal(await run.result({ timeout: "60s" }), 0);
});
