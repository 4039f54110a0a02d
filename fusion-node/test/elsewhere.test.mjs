// Steps whose code another engine has, on the same store.

import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import { DefinitionError, InputError } from "fusion-kit";
import { folder, open, until } from "./help.mjs";

test("a step that is elsewhere runs where its code is, by names and by place", async (t) => {
  const url = `sqlite://${join(folder(t), "app.db")}`;
  const [here, there] = [open(t, { url }), open(t, { url })];
  const inc = here.step("inc", (n) => n + 1);
  const double = here.step("double", { elsewhere: true });
  const label = here.step("label", { elsewhere: true, retries: 1 });
  const flow = here.workflow("flow", (n) => label(inc(double({ n: inc(n) })), "result"));
  // From here on it takes what it has the code of.
  await there.recover();
  const run = await here.start(flow, [4]);
  await until(async () => (await run.why()).some((why) => why.sentence.includes("double")));
  there.step("double", ({ n }) => n * 2);
  await until(async () => (await run.why()).some((why) => why.sentence.includes("label")));
  there.step("label", (value, name) => `${name}: ${value}`);
  assert.equal(await run.result({ timeout: "60s" }), "result: 11");
});

test("what is elsewhere has no code here, and that is said where a step is made", async (t) => {
  const app = open(t);
  const far = app.step("far", { elsewhere: true });
  assert.throws(() => far.body(1), (error) => error instanceof DefinitionError && /`far` is elsewhere/.test(error.message) && error.hint.length > 0);
  assert.throws(() => app.step("both", () => 1, { elsewhere: true }), InputError);
  assert.throws(() => app.step("neither", { retries: 1 }), InputError);
  assert.throws(() => app.durable("far", { elsewhere: true }), InputError);
  assert.throws(() => far.with({ elsewhere: true }), InputError);
  assert.throws(() => far.with({ context: true }), InputError);
  assert.throws(() => app.step("far", { elsewhere: true, retrys: 1 }), { code: "FU0203" });
  assert.throws(() => app.step("far", { elsewhere: true, toString: 1 }), { code: "FU0203" });
});
