// What agents know beyond one task.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./help.mjs";

for (const durable of [false, true]) {
  test(`facts are found by key and by words, ${durable ? "in a file" : "in memory"}`, async (t) => {
    const app = open(t, { durable });
    const memory = app.memory("writer");
    await memory.remember("customer/acme", { prefers: "invoices by mail" });
    await memory.remember("nothing", null);
    const [found, ...others] = await memory.search("which customer wants an invoice?", { limit: 1 });
    assert.deepEqual([found.key, found.value, others], ["customer/acme", { prefers: "invoices by mail" }, []]);
    assert.ok(found.score > 0 && found.at instanceof Date);
    assert.deepEqual([await memory.recall("nothing"), await memory.recall("none")], [null, undefined]);
    assert.deepEqual((await memory.facts()).map((one) => one.key), ["customer/acme", "nothing"]);
    assert.deepEqual([await memory.forget("nothing"), await memory.forget("nothing")], [true, false]);
    assert.deepEqual(await app.memory("reader").facts(), []);
    await assert.rejects(memory.remember("two\nlines", 1), { code: "FU0102" });
  });
}

test("a state of an older version is brought up", async (t) => {
  const memory = open(t).memory("bob");
  assert.equal(await memory.loadState(), undefined);
  await memory.saveState({ name: "Ada" });
  const upcast = async (from, state) => (from === 1 ? { goal: state.name } : { ...state, done: 1 });
  assert.deepEqual(await memory.loadState({ version: 3, upcast }), { goal: "Ada", done: 1 });
  assert.deepEqual(await memory.loadState(), { name: "Ada" });
  await memory.saveState({ goal: "x" }, { version: 3 });
  await assert.rejects(memory.loadState({ version: 2 }), { code: "FU0303" });
  await assert.rejects(memory.loadState({ version: 4 }), /give an `upcast`|of version 3/);
});
