// The folders of agents.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, Fusion } from "fusion-kit";

async function project(t) {
  const folder = await mkdtemp(join(tmpdir(), "fusion-workspaces-"));
  const before = process.cwd();
  process.chdir(folder);
  const app = new Fusion("memory://");
  t.after(async () => {
    await app.close();
    process.chdir(before);
    await rm(folder, { recursive: true, force: true });
  });
  return { app, folder };
}

test("what a workspace held comes back", async (t) => {
  const { app, folder } = await project(t);
  const work = await app.workspaces.create("@writer", { files: 50 });
  await work.write("projects/plan/a.md", "one");
  await work.write("projects/b.bin", new Uint8Array([0, 255]));
  assert.deepEqual([...(await work.read("projects/b.bin"))], [0, 255]);
  assert.deepEqual((await work.files()).map((one) => [one.name, one.kind, one.bytes]), [["b.bin", "file", 2], ["plan", "folder", 0]]);
  const info = await work.info();
  assert.deepEqual([info.agent, info.quota.files, info.bytes], ["@writer", 50, 5]);
  const number = await work.snapshot();
  await work.write("projects/plan/a.md", "two");
  assert.deepEqual([await work.remove("projects/b.bin"), await work.remove("projects/b.bin")], [true, false]);
  assert.deepEqual(await work.diff(), { "projects/b.bin": "removed", "projects/plan/a.md": "content" });
  await work.pack(join(folder, "all.tar"));
  await work.restore(number);
  assert.equal(String(await work.read("projects/plan/a.md")), "one");
  const other = await app.workspaces.create("reader");
  await other.unpack(join(folder, "all.tar"));
  assert.equal(String(await other.read("projects/plan/a.md")), "two");
  await other.destroy();
  assert.deepEqual(await app.workspaces.list(), ["@writer"]);
});

test("no path leads out, and commands run in it", async (t) => {
  const { app } = await project(t);
  const work = await app.workspaces.create("a");
  await symlink("/etc", join((await work.info()).projects, "link"));
  for (const path of ["../x", "/etc/passwd", "projects/link/passwd", ""]) {
    await assert.rejects(work.read(path), { name: /Error/ }, path);
    await assert.rejects(work.write(path, "x"), { name: /Error/ }, path);
  }
  const ran = await work.run(["sh", "-c", "echo made > made; exit 3"], { isolation: "off" });
  assert.deepEqual([ran.code, ran.level, ran.stdoutBytes], [3, "none", 0]);
  assert.equal(String(await work.read("projects/made")), "made\n");
  assert.equal((await work.run(["sleep", "60"], { isolation: "off", timeout: "300ms" })).ended, "time");
});

test("an agent works in its own, and it goes with it", async (t) => {
  const { app } = await project(t);
  class Writer extends Agent {
    async run(_, prompt, more) {
      return `${prompt}: ${more.workspace}`;
    }
  }
  await app.agents.spawn(new Writer("writer"), { workspace: true });
  const part = await app.delegate();
  const task = await app.tasks.submit({ title: "hello" });
  const done = await app.tasks.wait(task.id);
  assert.equal(done.reply.text, `hello: ${(await app.workspaces.get("writer").info()).projects}`);
  await app.agents.terminate("writer");
  assert.deepEqual(await app.workspaces.list(), []);
  await part.stop();
});
