// Specifications and components: read, planned, added and taken away, without an engine.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { Component, Fusion, InputError, Project, Spec } from "fusion-kit";

const SPEC = `# Notes

## Requirements

- **FR-001**: Users MUST sign in with a password
- **FR-002**: Notes MUST be kept in PostgreSQL

## Out of Scope

- Payments
`;

function folder(t) {
  const made = mkdtempSync(join(tmpdir(), "fusion-specs-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

test("a specification is read and planned, and nothing is written", async (t) => {
  const at = folder(t);
  writeFileSync(join(at, "spec.md"), SPEC);
  const spec = new Spec(pathToFileURL(at));
  const page = await spec.read();
  assert.deepEqual(page.requirements.map((one) => one.id), ["FR-001", "FR-002"]);
  assert.equal(page.outOfScope[0].text, "Payments");
  const { components } = await spec.analyze();
  assert.equal(components.find((one) => one.id === "auth").evidence[0].line, 5);
  const { tasks } = await spec.plan();
  assert.deepEqual(tasks.map((one) => one.requirements), [["FR-001"], ["FR-002"]]);
  assert.deepEqual((await spec.validate()).filter((one) => one.severity === "error"), []);
  assert.deepEqual(readdirSync(at), ["spec.md"]);
  const file = join(at, "plan.yaml");
  writeFileSync(file, await spec.workflow());
  const app = new Fusion();
  assert.ok(await app.load(file));
  await app.close();
  writeFileSync(join(at, "tasks.md"), "- [x] T001 Done\n");
  assert.equal(await spec.workflow(), undefined);
});

test("what is wrong is an error with a code and a hint", async (t) => {
  const at = folder(t);
  await assert.rejects(new Spec(join(at, "nowhere")).read(), (error) => error.code === "FU0201" && /no folder/.test(error.message) && Boolean(error.hint));
  assert.throws(() => new Component({ name: "a", fils: {} }), InputError);
  const out = { name: "out", files: { "../out": "no" } };
  await assert.rejects(new Project(at, { components: [out] }).components(), /\.\.\/out/);
  await assert.rejects(new Project(at).add("nobody-knows-this"), (error) => error.code.startsWith("FU"));
  await assert.rejects(new Project(at).add("auth", { dryrun: true }), InputError);
  assert.deepEqual(readdirSync(at), []);
});

test("a component of the program comes and goes", async (t) => {
  const at = folder(t);
  writeFileSync(join(at, ".gitignore"), "mine\n");
  const licence = new Component({
    name: "licence", version: "1.2.0", category: "legal", requires: { database: "*" }, files: { LICENCE: "All rights reserved.\n" },
    manifest: { blocks: [{ from: "ignore", into: ".gitignore" }] }, package: { ignore: "*.secret\n" },
  });
  const project = new Project(at, { components: [licence] });
  assert.deepEqual((await project.components({ category: "legal" })).map((one) => one.name), ["licence"]);
  assert.equal((await project.add("licence", { dryRun: true })).changed, false);
  assert.ok(!existsSync(join(at, "LICENCE")));
  assert.equal((await project.add(["licence@^1"])).changed, true);
  assert.equal((await project.add("licence")).changed, false);
  assert.match(readFileSync(join(at, ".gitignore"), "utf8"), /\*\.secret/);
  assert.deepEqual(Object.keys(await project.installed()).sort(), ["database", "licence"]);
  assert.equal((await project.verify()).ok, true);
  await project.remove("licence");
  assert.equal(readFileSync(join(at, ".gitignore"), "utf8"), "mine\n");
  assert.deepEqual(await project.installed(), {});
});

const AGENT = `#!/bin/sh
q=$(cat)
echo asked >> asked
case "$q" in
  T001*refused*) printf 'NOTES = []\\n\\ndef add(text):\\n    NOTES.append(text)\\n    return NOTES\\n' > notes.py ;;
  T001*) printf 'def add(text):\\n    # todo\\n    pass\\n' > notes.py ;;
esac
echo done
`;

test("a specification is built and proved", async (t) => {
  const at = folder(t);
  const spec = join(at, "specs", "001-notes");
  mkdirSync(spec, { recursive: true });
  writeFileSync(join(spec, "spec.md"), "# Notes\n\n## Requirements\n\n- **FR-001**: Users MUST add notes\n");
  writeFileSync(join(spec, "tasks.md"), "- [ ] T001 Keep notes in notes.py (FR-001)\n");
  const agent = join(at, "agent.sh");
  writeFileSync(agent, AGENT, { mode: 0o755 });
  const app = new Fusion(`sqlite://${at}/app.db`);
  t.after(() => app.close());
  assert.equal((await app.coverage(spec, { workspace: at })).good, false);
  const how = { workspace: pathToFileURL(at), agents: [agent], unattended: true };
  const run = await app.build(spec, how);
  const result = await run.result({ timeout: "60s" });
  assert.equal(result.T001.by, agent);
  const told = await app.coverage(spec, { workspace: at });
  assert.deepEqual([told.good, told.coverage.requirements[0].standing], [true, "done"]);
  assert.equal(readFileSync(join(spec, "tasks.md"), "utf8"), "- [x] T001 Keep notes in notes.py (FR-001)\n");
  assert.equal(readFileSync(join(at, "asked"), "utf8").split("\n").length, 3, "a stub, then the work");
  assert.equal((await app.build(spec, how)).id, run.id, "again is the same run");
  await assert.rejects(app.build(spec, { ...how, agents: ["./nobody.sh"] }), /is not installed/);
  await assert.rejects(app.build(spec, { ...how, agent }), InputError);
});

test("the tests of a project are run", async (t) => {
  const at = folder(t);
  writeFileSync(join(at, "a.test.js"), "const {test} = require('node:test');\ntest('adds', () => {});\ntest('fails', () => { throw new Error('no'); });\n");
  const app = new Fusion(`sqlite://${at}/app.db`);
  t.after(() => app.close());
  const run = await app.test(pathToFileURL(at), { task: "T001", retries: 1, timeout: "1m" });
  const { report } = await run.result({ timeout: "60s" });
  assert.deepEqual([report.status, report.counts.passed, report.counts.failed], ["failed", 1, 1]);
  assert.match(readFileSync(report.junit, "utf8"), /tests="2" failures="1"/);
  await assert.rejects(app.test(at, { suites: ["api"] }), /there is no suite `api`/);
  await assert.rejects(app.test(at, { suite: "api" }), InputError);
});

test("a project is made and brought up", async (t) => {
  const at = folder(t);
  const app = new Fusion(`sqlite://${at}/app.db`);
  t.after(() => app.close());
  const dry = await app.init(join(at, "shop"), { dryRun: true });
  assert.deepEqual([dry.mode, dry.changed], ["prototype", false]);
  const told = await app.init(pathToFileURL(join(at, "shop")), { mode: "mvp" });
  assert.deepEqual([told.mode, told.before, told.made.includes("fusion.toml")], ["mvp", null, true]);
  assert.match(readFileSync(join(at, "shop", "fusion.toml"), "utf8"), /mode = "mvp"/);
  await assert.rejects(app.init(join(at, "shop"), { mode: "prototype" }), /does not go back to prototype/);
});
