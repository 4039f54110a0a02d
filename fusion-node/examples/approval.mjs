// Something is prepared, a person is asked, and only a yes publishes it. The run rests meanwhile: no process has to live.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fusion, expr, wait } from "fusion-kit";

const store = process.env.FUSION_STORE ?? `sqlite://${join(mkdtempSync(join(tmpdir(), "approval-")), "app.db")}`;

/** What any process does that takes part: it opens the store and registers its code. */
function open() {
  const app = new Fusion(store);
  const draft = app.step("draft", (text) => text.toUpperCase());
  const publish = app.step("publish", (text, by) => `${text} (approved by ${by})`);
  const discard = app.step("discard", (comment) => `not published: ${comment}`);
  const release = app.workflow("release", (text) => {
    const drafted = draft(text);
    const ok = wait.approval("Publish?", { role: "approver" }).named("ok").after(drafted);
    const yes = publish(drafted, ok.get("by")).when(ok.get("approved"));
    const no = discard(ok.get("comment")).unless(ok.get("approved"));
    return expr(`${yes.expression} or ${no.expression}`);
  });
  return { app, release };
}

for (const [answer, expected] of [["approve", "VERSION 2 IS OUT. (approved by ada)"], ["reject", "not published: not yet"]]) {
  {
    const { app, release } = open();
    const run = await app.start(release, ["Version 2 is out."], { id: `release-${answer}-${process.pid}` });
    await app.settled();
    console.log((await run.why())[0].sentence);
    await app.close();
  }
  const { app } = open();
  const run = await app.find(`release-${answer}-${process.pid}`);
  await run[answer]({ by: "ada", comment: "not yet" });
  await app.recover();
  const text = await run.result({ timeout: "20s" });
  assert.equal(text, expected);
  console.log(text);
  await app.close();
}
