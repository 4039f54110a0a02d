// Tools of servers of the Model Context Protocol: programs, and behind HTTP; only those that are allowed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, Provider, RunFailed, answer, agent } from "fusion-kit";
import { folder, nap, open, program, until } from "./help.mjs";

const SERVER = new URL("./programs/tools.mjs", import.meta.url).pathname;
const calls = (...all) => answer("", { calls: all });
const task = async (app, who, prompt = "go") => (await app.ask(who, prompt)).result({ timeout: "60s" });

/** Says what a script says, and keeps what it was asked. */
class Watched extends Provider {
  asked = [];

  constructor(...script) {
    super();
    this.script = script;
  }

  async complete(request) {
    this.asked.push(request);
    return this.script.shift();
  }

  get told() {
    return this.asked.at(-1).messages.at(-1).parts.map((part) => [part.parts[0].text, part.is_error ?? false]);
  }

  get tools() {
    return this.asked[0].tools.map((tool) => tool.name);
  }
}

test("a program brings the tools that are allowed", async (t) => {
  const app = open(t);
  const log = join(folder(t), "log");
  const server = { mcp: [process.execPath, SERVER, log], name: "calc", allow: ["add", "show_*"], env: { TOKEN: "t-1" } };
  const model = new Watched(calls(["calc_add", { a: 17, b: 25 }], ["calc_show_env", {}], ["calc_destroy", {}], ["calc_add", {}]), "42");
  const own = { name: "own", run: () => 1 };
  assert.equal((await task(app, new Agent("clerk", { model, tools: [own, server] }))).text, "42");
  assert.deepEqual(model.tools, ["own", "calc_add", "calc_show_env"], "the one that is not allowed is not there");
  const [sum, env, gone, wrong] = model.told;
  assert.deepEqual(sum, ["42", false]);
  assert.match(env[0], /PATH.*TOKEN=t-1/);
  assert.doesNotMatch(env[0], /NODE_|FUSION_CASES/, "nothing is inherited but a few names");
  assert.ok(gone[1] && gone[0].includes("calc_destroy"));
  assert.ok(wrong[1] && wrong[0].includes("required"));
  assert.equal(readFileSync(log, "utf8"), "started\n");
});

test("a server behind a URL wants its key", async (t) => {
  const app = open(t);
  const { said } = program(t, "tools.mjs", join(folder(t), "log"), "key-of-the-server");
  const port = await until(() => said.out.trim());
  const server = { mcp: `http://127.0.0.1:${port}/mcp`, name: "calc", allow: ["add"], key: "key-of-the-server" };
  const model = new Watched(calls(["calc_add", { a: 2, b: 3 }]), "5");
  assert.equal((await task(app, new Agent("clerk", { model, tools: [server] }))).text, "5");
  assert.deepEqual([model.tools, model.told], [["calc_add"], [["5", false]]]);
  const stranger = new Agent("stranger", { model: new Watched("x"), tools: [{ ...server, key: "a-wrong-key" }] });
  await assert.rejects(task(app, stranger), (error) => {
    assert.ok(error instanceof RunFailed);
    assert.equal(error.failure.class, "transport");
    assert.doesNotMatch(`${error.stack}`, /a-wrong-key/);
    return true;
  });
});

test("tasks at once share a server", async (t) => {
  const app = open(t);
  const log = join(folder(t), "log");
  let both = 0;
  class Model extends Provider {
    async complete(request) {
      if (request.messages.at(-1).role === "tool") return "done";
      both++;
      while (both < 2) await nap(5);
      return calls(["calc_add", { a: 1, b: 1 }]);
    }
  }
  const clerk = new Agent("clerk", { model: new Model(), tools: [{ mcp: [process.execPath, SERVER, log], name: "calc", allow: ["*"] }] });
  const flow = app.workflow("flow", () => [agent(clerk, "one").get("text"), agent(clerk, "two").get("text")]);
  assert.deepEqual(await app.run(flow), ["done", "done"]);
  assert.equal(readFileSync(log, "utf8"), "started\n");
});

test("mistakes with servers are said", async (t) => {
  const app = open(t);
  for (const [server, message] of [
    [{ mcp: ["x"], name: "calc" }, /needs a `name`, and `allow`/],
    [{ mcp: ["x"], http: ["y"] }, /exactly one of/],
    [{ mcp: ["x"], name: "calc", allow: ["*"], alow: 1 }, /unknown field `alow`/],
  ]) {
    assert.throws(() => app.addAgent(new Agent("clerk", { model: new Watched(), tools: [server] })), message);
  }
  const near = { mcp: [process.execPath, SERVER, join(folder(t), "log")], name: "calc", allow: ["ad"] };
  await assert.rejects(task(app, new Agent("clerk", { model: new Watched(), tools: [near] })), /did you mean `add`/);
  const none = { mcp: ["no-such-program"], name: "calc", allow: ["*"] };
  await assert.rejects(task(app, new Agent("clerk", { model: new Watched(), tools: [none] })), /`no-such-program` cannot be started/);
});
