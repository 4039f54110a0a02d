// Processes: they end by themselves, they are killed, and others finish what they began.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folder, open, program, until } from "./help.mjs";

test("an idle program ends by itself: closed, not closed, never used, with a run that nobody waits for", async (t) => {
  const path = join(folder(t), "app.db");
  for (const how of ["closed", "open", "unused", "disposed", "unawaited", "resting"]) {
    const from = Date.now();
    const { code, signal, out, err } = await program(t, "idle.mjs", how, `sqlite://${path}`).ended;
    assert.deepEqual({ code, signal, err }, { code: 0, signal: null, err: "" }, how);
    assert.match(out, /end of the file/, how);
    if (how === "unawaited") assert.match(out, /the run ended/);
    assert.ok(Date.now() - from < 15_000, `${how} took ${Date.now() - from} ms`);
  }
});

test("a process that is killed at any time is finished by the next one, and no step runs again that was recorded", async (t) => {
  const place = folder(t);
  const [store, ledger] = [`sqlite://${join(place, "app.db")}`, join(place, "ledger")];
  const lines = () => readFileSync(ledger, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
  let seen = 0;
  for (let round = 0; round < 6; round++) {
    const { child, ended } = program(t, "ledger.mjs", store, ledger);
    const wanted = seen + 7;
    await until(() => lines().length >= wanted || child.exitCode !== null);
    child.kill("SIGKILL");
    const { code, err } = await ended;
    assert.ok(code === null || code === 0, err);
    seen = lines().length;
  }
  const { code, out, err } = await program(t, "ledger.mjs", store, ledger).ended;
  assert.equal(code, 0, err);
  const results = JSON.parse(out.trim().split("\n").at(-1));
  assert.deepEqual(results, { chain: 20, parts: [0, 2, 4, 6, 8, 10, 12, 14], talk: "plan,write" });
  judge(lines());
});

/**
 * The outside view: a node whose successor began had its outcome on disk, so it may never begin again; and a body may end
 * as often as processes died, plus once.
 */
function judge(lines) {
  const ends = new Map();
  let last = 0;
  let hasWritten = false;
  for (const line of lines) {
    const [what, key] = line.split(" ");
    if (what === "end") ends.set(key, (ends.get(key) ?? 0) + 1);
    if (what !== "begin") continue;
    const place = /^chain:.*:inc(?:-(\d+))?$/.exec(key);
    if (place) {
      const at = Number(place[1] ?? 1);
      assert.ok(at >= last, `${key} began again after inc-${last} had begun`);
      last = at;
    }
    if (key === "talk/write") hasWritten = true;
    assert.ok(!(hasWritten && key === "talk/plan"), "the plan was made again after it was recorded");
  }
  assert.equal(last, 20);
  assert.equal(ends.size, 20 + 8 + 2);
  assert.ok([...ends.values()].every((count) => count <= 7));
}

test("process.exit in a body is a death like any other", async (t) => {
  const store = `sqlite://${join(folder(t), "app.db")}`;
  const { code } = await program(t, "exit.mjs", store).ended;
  assert.equal(code, 7);
  const app = open(t, { url: store });
  app.step("before", () => assert.fail("it was recorded"));
  app.step("exits", () => "survived");
  await app.recover();
  assert.equal(await (await app.find("exit-1")).result({ timeout: "30s" }), "survived");
});

test("the command is in the package", (t) => {
  const bin = new URL("./node_modules/.bin/fusion-kit", import.meta.url).pathname;
  assert.match(execFileSync(bin, ["--version"], { encoding: "utf8" }), /^fusion \d/);
  const store = `sqlite://${join(folder(t), "cli.db")}`;
  const run = JSON.parse(execFileSync(bin, ["--store", store, "run", new URL("./programs/hello.yaml", import.meta.url).pathname, "--json"], { encoding: "utf8" }));
  assert.deepEqual([run.status, run.outputs], ["succeeded", { text: "hello\n" }]);
  assert.throws(() => execFileSync(bin, ["explain", "FU9999"], { stdio: "ignore" }), { status: 2 });
  assert.match(execFileSync(bin, ["explain", "FU0401"], { encoding: "utf8" }), /FU0401/);
});
