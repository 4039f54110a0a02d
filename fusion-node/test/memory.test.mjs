// What runs cost in memory, and that steps leave nothing behind: the small form of what is measured on a release build.

import assert from "node:assert/strict";
import { test } from "node:test";
import { program } from "./help.mjs";

test("a thousand durable runs at once take little", async (t) => {
  const { code, out, err } = await program(t, "memory.mjs", "runs", 1_000, 260).ended;
  assert.deepEqual([code, err], [0, ""], out);
});

test("steps leave nothing behind, and a leak would be seen", async (t) => {
  const { code, out, err } = await program(t, "memory.mjs", "steps", 60_000, 30, 30_000).ended;
  assert.deepEqual([code, err], [0, ""], out);
  const leaking = await program(t, "memory.mjs", "steps", 60_000, 30, 30_000, 5_000).ended;
  assert.deepEqual([leaking.code, leaking.err], [1, ""], leaking.out);
});
