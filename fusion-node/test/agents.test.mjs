// Agents: a model with tools, results with a form, hand-offs, and nothing paid for twice.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, Fault, Provider, RunCancelled, RunFailed, Scripted, agent, answer, textOf, tool } from "fusion-kit";
import { folder, nap, open, program, until } from "./help.mjs";

const calls = (...all) => answer("", { calls: all });
const task = async (app, who, prompt = "go") => (await app.ask(who, prompt)).result({ timeout: "30s" });

/** Says what a script says, and keeps what it was asked. */
class Watched extends Provider {
  asked = [];

  constructor(...script) {
    super();
    this.script = script;
  }

  async complete(request) {
    this.asked.push(request);
    const said = this.script.shift();
    if (said instanceof Error) throw said;
    return said;
  }

  /** What the model was told of its calls, last. */
  told() {
    return this.asked.at(-1).messages.at(-1).parts.map((part) => [part.parts[0].text, part.is_error ?? false]);
  }
}

const numbers = { type: "object", properties: { a: { type: "integer" }, b: { type: "integer", default: 2 } }, required: ["a"] };
const add = tool({ name: "add", description: "Adds.", parameters: numbers, run: ({ a, b = 2 }) => a + b });
const shout = { name: "shout", run: async ({ text }) => text.toUpperCase() };

test("a model uses functions", async (t) => {
  const app = open(t);
  const model = new Watched(calls(["add", { a: 1 }], ["shout", { text: "hey" }]), answer("done", { usage: { input: 7, output: 3 }, cost: 0.5 }));
  const reply = await task(app, new Agent("helper", { model, tools: [add, shout], system: "Help." }), "please");
  assert.deepEqual(reply, { text: "done", ended: "done", agent: "helper", turns: 2, usage: { input: 7, output: 3 }, cost: "0.5" });
  const [first] = model.asked;
  assert.equal(textOf(first.messages[0]), "Help.");
  assert.deepEqual(first.tools[0], { name: "add", description: "Adds.", schema: numbers });
  assert.deepEqual(model.told(), [["3", false], ["HEY", false]]);
});

test("what goes wrong with a tool is told to the model", async (t) => {
  const app = open(t);
  const fails = { name: "fails", run: ({ why }) => { throw new Error(why); } };
  const odd = { name: "odd", run: () => () => 1 };
  const model = new Watched(calls(["add", { a: "one" }], ["add", {}], ["fails", { why: "because" }], ["odd", {}], ["ad", { a: 1 }]), "well");
  assert.equal((await task(app, new Agent("helper", { model, tools: [add, fails, odd] }))).text, "well");
  const told = model.told();
  assert.ok(told.every(([, wrong]) => wrong));
  const wanted = [/is not of type "integer"/, /"a" is a required property/, /because/, /cannot be recorded/, /add/];
  for (const [index, pattern] of wanted.entries()) assert.match(told[index][0], pattern);
});

test("built-in tools stand beside functions", async (t) => {
  const app = open(t);
  const at = folder(t);
  writeFileSync(join(at, "a.txt"), "in the file");
  const model = new Watched(calls(["add", { a: 1 }], ["read_file", { path: "a.txt" }], ["run_command", { command: ["rm", "a.txt"] }]), "done");
  const reader = new Agent("reader", { model, tools: [add, { workspace: at }, { command: ["cat"] }] });
  assert.equal((await task(app, reader)).text, "done");
  const told = model.told();
  assert.deepEqual(told.slice(0, 2), [["3", false], ["in the file", false]]);
  assert.match(told[2][0], /the policy does not allow `rm a.txt`/);
});

test("tools know their context and the caller's async context", async (t) => {
  const app = open(t);
  const tenant = new AsyncLocalStorage();
  const who = { name: "who", context: true, run: (ctx, { greeting }) => `${greeting} ${tenant.getStore()} ${ctx.run} ${ctx.node}` };
  const model = new Watched(calls(["who", { greeting: "hello" }]), "done");
  await tenant.run("acme", async () => (await app.ask(new Agent("helper", { model, tools: [who] }), "go", { id: "r1" })).result());
  assert.deepEqual(model.told(), [["hello acme r1 helper", false]]);
});

const day = { type: "object", properties: { city: { type: "string" }, degrees: { type: "number" } }, required: ["city", "degrees"] };

test("a result has a form, a check has the last word, and the model gets one chance to mend it", async (t) => {
  const app = open(t);
  const model = new Watched('{"city": "Oslo"}', '```json\n{"city": "Oslo", "degrees": 3}\n```');
  const reply = await task(app, new Agent("planner", { model, result: day }));
  assert.deepEqual([reply.result, reply.turns], [{ city: "Oslo", degrees: 3 }, 2]);
  assert.match(textOf(model.asked[1]), /"degrees" is a required property[^]*Answer again\.$/);
  const check = ({ degrees }) => {
    if (degrees < -90) throw new RangeError("it is never so cold");
  };
  const cold = new Watched('{"city": "Oslo", "degrees": -300}', '{"city": "Oslo", "degrees": -3}');
  assert.equal((await task(app, new Agent("checked", { model: cold, result: day, check }))).result.degrees, -3);
  assert.match(textOf(cold.asked[1]), /it is never so cold\.\s+Answer again\./);
  await assert.rejects(task(app, new Agent("stubborn", { model: new Watched("no", "no"), result: day })), (error) => error.failure.class === "validation");
});

test("limits end an agent with what there is", async (t) => {
  const app = open(t);
  const more = { calls: [["add", { a: 1 }]], usage: { input: 1, output: 1 } };
  const endless = new Watched(...Array.from({ length: 9 }, () => answer("", { ...more, cost: "0.01" })));
  const reply = await task(app, new Agent("helper", { model: endless, tools: [add], limits: { turns: 3 } }));
  assert.deepEqual([reply.ended, reply.turns, reply.cost], ["turns", 3, "0.03"]);
  const dear = new Watched(...Array.from({ length: 9 }, () => answer("", { ...more, cost: 0.4 })));
  assert.deepEqual((await task(app, new Agent("dear", { model: dear, tools: [add], limits: { cost: 0.7 } }))).ended, "cost");
  const slow = { name: "slow", run: () => new Promise(() => {}) };
  const model = new Watched(calls(["slow", {}]), "gave up");
  assert.equal((await task(app, new Agent("waits", { model, tools: [slow], limits: { toolTime: 100 } }))).text, "gave up");
  assert.match(model.told()[0][0], /took longer/);
  assert.throws(() => app.addAgent(new Agent("x", { model, limits: { turn: 3 } })), /there is no limit `turn`/);
  assert.throws(() => new Agent("x", { modell: "local" }), /an agent has no `modell`/);
});

test("one agent hands over to another", async (t) => {
  const app = open(t);
  const second = new Agent("second", { model: new Watched("I am second") });
  const first = new Agent("first", { model: new Watched(calls(["hand_off", { to: "second" }])), handOffs: [second] });
  const reply = await task(app, first);
  assert.deepEqual([reply.text, reply.agent, reply.turns], ["I am second", "second", 2]);
  second.handOffs = [first];
  assert.throws(() => app.addAgent(new Agent("third", { model: "local", handOffs: [first] })), /hands over to itself/);
});

test("a class is an agent too, and capabilities find it", async (t) => {
  const app = open(t);
  class Writer extends Agent {
    capabilities = { documentation: 0.9 };
    model = new Scripted(["by capability", "by name", "in a file"]);
  }
  class Coder extends Agent {
    capabilities = { code: 1, documentation: 0.3 };

    async run(ctx, prompt, { style = "plain" } = {}) {
      return ctx.memo("text", () => `coder ${style}: ${prompt}`);
    }
  }
  app.addAgent(new Writer());
  app.addAgent(new Coder());
  assert.equal((await task(app, ["documentation"])).text, "by capability");
  assert.equal((await task(app, "writer")).text, "by name");
  assert.equal(await task(app, ["code"], "fix"), "coder plain: fix");
  assert.equal(await (await app.ask("coder", "fix", { style: "dry" })).result(), "coder dry: fix");
  const file = app.parse("fusion: 1\nname: f\nnodes:\n  a: { agent: writer, with: { prompt: hi } }\noutputs: { said: '{{ nodes.a.text }}' }\n");
  assert.deepEqual(await app.run(file), { said: "in a file" });
  assert.equal((await app.run(new Agent("other", { model: new Scripted(["run"]) }), ["hi"])).text, "run");
  await assert.rejects(task(app, ["flying"]), (error) => /no agent here can do flying; known: code, documentation/.test(error.failure.message));
});

test("agents are nodes and parts of functions", async (t) => {
  const app = open(t);
  const one = new Agent("one", { model: new Scripted(["first", "second", "third", "fourth"]) });
  const flow = app.workflow("flow", (topic) => {
    const draft = agent(one, topic);
    return agent("one", draft.get("text"), { id: "again" }).get("text");
  });
  assert.equal(await app.run(flow, ["bees"]), "second");
  class Judge extends Agent {
    async run(ctx, prompt) {
      return `judged: ${(await ctx.work(one, prompt)).text}`;
    }
  }
  const judge = app.addAgent(new Judge());
  const talk = app.durable("talk", async (ctx, topic) => {
    const { text } = await ctx.work(one, topic);
    return `${text}, ${await ctx.work(judge, text)}`;
  });
  assert.equal(await app.run(talk, ["bees"]), "third, judged: fourth");
});

test("a part that was done is not done again", async (t) => {
  const app = open(t);
  const model = new Watched("first", "second");
  const one = new Agent("one", { model });
  const talk = app.durable("talk", async (ctx) => {
    const both = [(await ctx.work(one, "a")).text, (await ctx.work(one, "b")).text];
    if (ctx.attempt === 1) throw new Error("again");
    return both;
  }, { retries: 1 });
  assert.deepEqual(await app.run(talk), ["first", "second"]);
  assert.equal(model.asked.length, 2);
});

test("faults are classes that a node's policy knows", async (t) => {
  const app = open(t);
  const model = new Watched(new Fault("overloaded", "busy"), new Fault("rate_limit", "slow", { retryAfter: 300 }), "third time");
  app.addAgent(new Agent("one", { model }));
  const file = app.parse(`
fusion: 1
name: f
nodes:
  a: { agent: one, with: { prompt: hi }, retry: { attempts: 3, initial: 10ms, on: [overloaded, rate_limit] } }
outputs: { said: "{{ nodes.a.text }}" }
`);
  const from = Date.now();
  assert.deepEqual(await app.run(file), { said: "third time" });
  assert.ok(Date.now() - from >= 295);
  const refused = task(app, new Agent("refused", { model: new Watched(new Fault("auth", "no key")) }));
  await assert.rejects(refused, (error) => error instanceof RunFailed && error.failure.class === "auth" && error.failure.message === "watched: no key");
  const buggy = task(app, new Agent("buggy", { model: new Watched(new TypeError("x")) }));
  await assert.rejects(buggy, (error) => error.failure.class === "overloaded" && /agents\.test\.mjs/.test(error.failure.detail));
});

test("a run that is cancelled ends the model's call", async (t) => {
  const app = open(t);
  let [began, aborted] = [false, false];
  class Never extends Provider {
    complete(_request, { signal }) {
      began = true;
      return new Promise((_, reject) => signal.addEventListener("abort", () => {
        aborted = true;
        reject(signal.reason);
      }));
    }
  }
  const run = await app.ask(new Agent("waits", { model: new Never() }), "go");
  await until(() => began);
  await run.cancel("enough");
  await assert.rejects(run.result({ timeout: "30s" }), RunCancelled);
  await until(() => aborted);
});

test("what a model says is seen as it comes", async (t) => {
  const app = open(t);
  let go = false;
  class Slow extends Provider {
    async *stream() {
      yield "the beginning";
      while (!go) await nap(5);
      yield " and the end";
    }
  }
  const run = await app.ask(new Agent("speaker", { model: new Slow() }), "go");
  const progress = await until(async () => (await run.progress()).speaker);
  assert.deepEqual(progress, { agent: "speaker", turn: 0, text: "the beginning" });
  go = true;
  assert.equal((await run.result({ timeout: "30s" })).text, "the beginning and the end");
});

test("who watches sees every piece and stops nothing", async (t) => {
  const app = open(t);
  class Words extends Provider {
    async *stream() {
      yield "one ";
      yield "two";
    }
  }
  const seen = [];
  const watch = async ({ agent, turn, chunk }) => {
    seen.push([agent, turn, chunk.text ?? chunk.type]);
    throw new Error("the screen is gone");
  };
  assert.equal((await task(app, new Agent("shown", { model: new Words(), watch }))).text, "one two");
  assert.deepEqual(seen, [["shown", 0, "one "], ["shown", 0, "two"], ["shown", 0, "end"]]);
});

test("an agent that nobody has is told of", async (t) => {
  const app = open(t);
  const warned = new Promise((resolve) => process.once("warning", resolve));
  const run = await app.ask("nobody", "hi");
  assert.match((await warned).message, /no agent here is called `nobody`: .*known here: none/);
  await run.cancel();
});

test("killed in the middle, no token is paid for twice", async (t) => {
  const here = folder(t);
  const ledger = join(here, "ledger");
  writeFileSync(ledger, "");
  const lines = () => readFileSync(ledger, "utf8").split("\n").filter(Boolean);
  let kills = 0;
  for (;;) {
    const { child, ended } = program(t, "reader.mjs", `sqlite://${join(here, "app.db")}`, ledger);
    const most = kills < 4 ? lines().length + 5 : Infinity;
    const over = await until(async () => {
      const done = await Promise.race([ended, nap(1)]);
      return done ?? (lines().length >= most && "kill");
    }, 120_000);
    if (over !== "kill") {
      assert.equal(over.code, 0, over.err);
      break;
    }
    child.kill("SIGKILL");
    await ended;
    kills++;
  }
  assert.ok(kills >= 2);
  assert.equal(new Set(lines()).size, 25, "13 answers and 12 results; a call that is made again has the same key");
  assert.ok(lines().length <= 25 + kills, "only what ran when the kill came is done again");
});
