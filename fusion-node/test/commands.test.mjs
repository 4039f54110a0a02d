// Programs on the command line as agents: a folder, the files that changed, a session; and plugins: providers in shared libraries.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, copyFileSync, existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, CommandAgent, Provider, RunFailed, Scripted, Fault, agent, textOf } from "fusion-kit";
import { folder, open } from "./help.mjs";

const REPOSITORY = process.env.FUSION_REPOSITORY;

// A program that plays Claude: it changes files, and says so.
const CLAUDE = `#!/bin/sh
prompt=$(cat)
printf '%s\\n' "$*" >> "$(dirname "$0")/asked"
echo "$prompt" > made.txt; echo more >> kept.txt
echo '{"type":"system","subtype":"init","session_id":"s1","model":"m"}'
echo '{"type":"result","is_error":false,"result":"Done.","session_id":"s1","total_cost_usd":0.5,"usage":{"input_tokens":7,"output_tokens":2}}'
`;

/** Puts the program where it is found; gives what it was asked, and a folder to work in. */
function claude(t) {
  const bin = folder(t);
  writeFileSync(join(bin, "claude"), CLAUDE);
  chmodSync(join(bin, "claude"), 0o755);
  const [path, here] = [process.env.PATH, process.cwd()];
  process.env.PATH = `${bin}:${path}`;
  const shop = realpathSync(folder(t));
  const home = realpathSync(folder(t));
  process.chdir(home);
  t.after(() => {
    process.env.PATH = path;
    process.chdir(here);
  });
  writeFileSync(join(shop, "kept.txt"), "old\n");
  return { shop, home, asked: () => readFileSync(join(bin, "asked"), "utf8").trim().split("\n") };
}

test("a reply has the folder, the files and the session", async (t) => {
  const { shop, asked } = claude(t);
  const app = open(t);
  const fixer = new CommandAgent("fixer", { program: "claude:opus", mode: "edit", workspace: shop, system: "Be brief." });
  const run = await app.ask(fixer, "Mend it.");
  const { usage, ...reply } = await run.result({ timeout: "60s" });
  const files = ["kept.txt", "made.txt"];
  assert.deepEqual(reply, { text: "Done.", ended: "done", agent: "fixer", turns: 1, cost: "0.5", files, workspace: shop, session: "s1" });
  assert.deepEqual([usage.input, usage.output], [7, 2]);
  assert.match(asked()[0], /--permission-mode acceptEdits.*Be brief\./);
  assert.match(asked()[0], /--model opus/);
});

test("nodes go on in the folder and the conversation of others", async (t) => {
  const { shop, asked } = claude(t);
  const app = open(t);
  const fixer = new CommandAgent("fixer", { program: "claude", mode: "edit" });
  const mend = app.workflow("mend", (at, prompt) => {
    const first = agent(fixer, prompt, { workspace: at });
    return agent(fixer, first.get("files"), { workspace: first.get("workspace"), session: first.get("session"), id: "look" });
  });
  await assert.rejects(app.run(mend, [shop, "claude"]), RunFailed, "a list is no prompt");
  const two = app.workflow("two", (at, prompt) => {
    const first = agent(fixer, prompt, { workspace: at });
    return agent(fixer, first.get("text"), { workspace: first.get("workspace"), session: first.get("session") });
  });
  const reply = await app.run(two, [shop, "claude"]);
  assert.deepEqual([reply.session, reply.workspace, reply.text], ["s1", shop, "Done."]);
  assert.match(asked().at(-1), /--resume s1/);
  assert.equal(readFileSync(join(shop, "made.txt"), "utf8"), "Done.\n");
});

test("files, names and bodies find programs", async (t) => {
  const { shop, home, asked } = claude(t);
  const app = open(t);
  const fixer = app.addAgent(new CommandAgent("fixer", { program: "claude", mode: "edit", workspace: shop, capabilities: { mending: 1 } }));
  const file = app.parse(`
fusion: 1
name: mend
inputs: { folder: { type: string } }
nodes:
  mend: { agent: { program: claude, mode: edit, workspace: "{{ inputs.folder }}", time: 5m, idle: 1m }, with: { prompt: "Mend it." } }
  look: { agent: fixer, with: "Look at {{ nodes.mend.files }}." }
  alone: { agent: claude, with: "Say something." }
outputs: { files: "{{ nodes.mend.files }}", at: "{{ nodes.look.workspace }}", own: "{{ nodes.alone.workspace }}" }
`);
  const out = await app.run(file, { folder: shop });
  assert.deepEqual([out.files, out.at], [["kept.txt", "made.txt"], shop]);
  assert.ok(out.own.startsWith(join(home, ".fusion/workspaces/claude-")), out.own);
  assert.equal((await (await app.ask(["mending"], "x")).result()).session, "s1");
  assert.equal((await (await app.ask("fixer", "x", { session: "s0" })).result()).text, "Done.");
  assert.match(asked().at(-1), /--resume s0/);
  const count = asked().length;
  const twice = app.durable("twice", async (ctx) => {
    const first = await ctx.work(fixer, "Mend it.");
    const second = await ctx.work(fixer, "Once more.", { session: first.session });
    if (ctx.attempt === 1) throw new Error("again");
    return [first.session, second.files];
  }, { retries: 1 });
  assert.deepEqual(await app.run(twice), ["s1", ["kept.txt", "made.txt"]]);
  assert.equal(asked().length, count + 2);
});

test("mistakes with programs are said", async (t) => {
  const { shop } = claude(t);
  const app = open(t);
  assert.throws(() => app.addAgent(new CommandAgent("fixer")), /has no program/);
  assert.throws(() => new CommandAgent("fixer", { programm: "claude" }), /a command-line agent has no `programm`/);
  assert.throws(() => app.addAgent(new CommandAgent("fixer", { program: "claud" })), /did you mean `claude`/);
  const boss = new Agent("boss", { model: "local", handOffs: [new CommandAgent("fixer", { program: "claude" })] });
  assert.throws(() => app.addAgent(boss), /cannot hand over to the program `fixer`/);
  for (const [fields, message] of [
    [{ program: "claude", workspace: "/nowhere/at/all" }, /the workspace \/nowhere\/at\/all cannot be used/],
    [{ program: "command:sh -c 'echo hi'" }, /say `full` if you mean it/],
    [{ program: "command:no-such-program now", mode: "full" }, /`no-such-program`: not found in PATH/],
  ]) {
    const run = await app.ask(new CommandAgent("a", fields), "x");
    await assert.rejects(run.result(), message);
  }
  const slow = new CommandAgent("slow", { program: "command:sh -c 'echo so far; sleep 600'", mode: "full", workspace: shop, time: "1500ms" });
  const reply = await (await app.ask(slow, "x")).result({ timeout: "60s" });
  assert.deepEqual([reply.ended, reply.text], ["time", "so far"]);
});

/** Builds both examples of plugins; gives the folder with their libraries and manifests. */
function plugins(t) {
  const at = folder(t);
  const examples = join(REPOSITORY, "examples");
  const include = `-I${join(REPOSITORY, "fusion-plugin/include")}`;
  execFileSync("cc", ["-std=c11", "-shared", "-fPIC", "-pthread", include, "-o", join(at, "libwords.so"), join(examples, "plugin-c/words.c")]);
  const built = join(process.env.CARGO_TARGET_DIR ?? join(REPOSITORY, "target"), "debug/libplugin_rust.so");
  if (!existsSync(built)) execFileSync("cargo", ["build", "--quiet", "--package", "plugin-rust"], { cwd: REPOSITORY });
  copyFileSync(built, join(at, "libplugin_rust.so"));
  for (const name of ["plugin-c/words", "plugin-rust/digest"]) {
    copyFileSync(join(examples, `${name}.plugin.json`), join(at, `${name.split("/")[1]}.plugin.json`));
  }
  return at;
}

test("a library is loaded as a provider, under layers and by name", async (t) => {
  const app = open(t);
  const at = plugins(t);
  const words = app.providers.load(join(at, "libwords.so"));
  assert.equal(words.name, "words");
  assert.equal(textOf(await app.providers.complete(words, "Say it again.")), "Say it again.");
  const pieces = [];
  for await (const chunk of app.providers.stream(words.withRetry(), "one two three")) if (chunk.type === "text") pieces.push(chunk.text);
  assert.ok(pieces.length > 1);
  assert.equal(pieces.join(""), "one two three");
  app.providers.load(join(at, "digest.plugin.json"), { name: "short", config: { sentences: 1 } });
  const text = "Bees make honey. Bees live in hives and bees make wax. The weather is fine.";
  const short = textOf(await app.providers.complete("short", text));
  assert.ok(short.length > 0 && short.length < text.length && text.includes(short), short);
  class Dies extends Provider {
    complete() {
      throw new Fault("overloaded", "busy");
    }
  }
  const model = new Dies().withFallback(words.withObserve("c").withTimeout({ total: "20s" })).withCache();
  assert.equal((await app.run(new Agent("writer", { model }), ["through all"])).text, "through all");
  assert.equal(app.providers.metrics("c")[0].provider, "words");
  const file = app.parse("fusion: 1\nname: f\nnodes:\n  a: { model: words, with: { prompt: hello } }\noutputs: { said: '{{ nodes.a.text }}' }\n");
  assert.deepEqual(await app.run(file), { said: "hello" });
  writeFileSync(join(at, "libgarbage.so"), "no library");
  assert.throws(() => app.providers.load(join(at, "libgarbage.so")), /cannot be loaded/);
  assert.throws(() => app.providers.load(join(at, "missing.so")), /No such file/);
});

test("names of plugins run apart until they are trusted", async (t) => {
  const before = { ...process.env };
  t.after(() => {
    for (const name of ["FUSION_CONFIG", "FUSION_PLUGIN_PATH", "PATH"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  process.env.FUSION_CONFIG = join(folder(t), "config");
  process.env.FUSION_PLUGIN_PATH = plugins(t);
  process.env.PATH = "/usr/bin:/bin";
  const library = join(process.env.FUSION_PLUGIN_PATH, "libwords.so");
  const loaded = () => readFileSync("/proc/self/maps", "utf8").includes(library);
  const app = open(t);
  assert.equal(textOf(await app.providers.complete("plugin:words:any", "hi")), "hi");
  assert.equal(loaded(), false, "one that nobody trusted is not loaded into this process");
  const model = new Scripted([new Fault("auth", "no")]).withFallback("plugin:words");
  assert.equal((await app.run(new Agent("a", { model }), ["x"])).text, "x");
  const command = new URL("./node_modules/fusion-kit/bin/fusion-kit.cjs", import.meta.url).pathname;
  execFileSync(process.execPath, [command, "plugins", "trust", "words"], { env: process.env });
  const trusting = open(t);
  assert.equal(textOf(await trusting.providers.complete("plugin:words", "hi")), "hi");
  appendFileSync(library, "changed");
  const changed = open(t);
  await assert.rejects(changed.providers.complete("plugin:words", "hi"), /has changed since it was trusted/);
});
