// Layers over providers in JavaScript: each does its part, all of them can be stacked, and streams pass through all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, Fault, Provider, Rotation, RunFailed, Scripted, answer, provider, textOf } from "fusion-kit";
import { folder, nap, open } from "./help.mjs";

const SECRET = "s3cr3t-of-the-house";

class Echo extends Provider {
  async complete(request) {
    return answer(`echo: ${textOf(request)}`, { usage: { input: 10, output: 5 }, cost: 0.25 });
  }
}

/** Fails so many times, then answers. */
class Failing extends Provider {
  asked = 0;

  constructor(...faults) {
    super();
    this.faults = faults;
  }

  async complete() {
    this.asked++;
    if (this.faults.length > 0) throw this.faults.shift();
    return "at last";
  }
}

class Vectors extends Provider {
  asked = [];

  embed({ inputs }) {
    this.asked.push(inputs.length);
    return { vectors: inputs.map((text) => [text.length]), usage: { input: 3, output: 0 } };
  }
}

const ask = async (app, one, prompt = "hi") => textOf(await app.providers.complete(one, prompt));
const faultOf = (app, one, prompt = "hi") => app.providers.complete(one, prompt).then(() => assert.fail("it answered"), (fault) => fault);

test("secrets do not reach a provider", async (t) => {
  const app = open(t, { secrets: { HOUSE_TOKEN: SECRET } });
  assert.match(await ask(app, new Echo(), `a ${SECRET} b`), /s3cr3t/);
  assert.equal(await ask(app, new Echo().withRedact("HOUSE_TOKEN"), `a ${SECRET} b`), "echo: a *** b");
  assert.equal(await ask(app, new Echo().withRedact([], { values: ["an own value"] }), "an own value!"), "echo: ***!");
  await assert.rejects(app.providers.complete(new Echo().withRedact("HOUSE_TOKN"), "x"), /no secret `HOUSE_TOKN`/);
  const refused = new Failing(new Fault("overloaded", `it was ${SECRET}`)).withRedact("HOUSE_TOKEN");
  assert.doesNotMatch(String((await faultOf(app, refused)).stack), /s3cr3t/);
});

test("many vectors are asked for in few requests", async (t) => {
  const app = open(t);
  const one = new Vectors();
  const got = await app.providers.embed(one.withBatch({ texts: 2 }), ["a", "bb", "a", "ccc", "dddd", "eeeee", "a"]);
  assert.deepEqual(got, [[1], [2], [1], [3], [4], [5], [1]]);
  assert.deepEqual(one.asked, [2, 2, 1], "equal texts are sent once");
});

test("calls are counted and have spans", async (t) => {
  const app = open(t);
  const seen = new Failing(new Fault("overloaded", "busy")).withObserve("attempts").withRetry({ attempts: 3, initial: 10 }).withObserve();
  const before = Date.now();
  assert.equal(await ask(app, seen, "hello there"), "at last");
  const [[outer], [inner]] = [app.providers.metrics(), app.providers.metrics("attempts")];
  assert.deepEqual([outer.provider, outer.operation, outer.calls, outer.faults], ["failing", "chat", 1, {}]);
  assert.deepEqual([inner.calls, inner.faults], [2, { overloaded: 1 }]);
  const [first, second, ...more] = app.providers.spans("attempts");
  assert.deepEqual([first.fields["error.type"], second.fields["error.type"], more.length], ["overloaded", undefined, 0]);
  assert.ok(Math.abs(first.began_ms - before) < 60_000);
  assert.deepEqual(app.providers.spans("attempts"), [], "they are taken once");
  assert.doesNotMatch(JSON.stringify(app.providers.spans()), /hello/);
  assert.throws(() => app.providers.metrics("attempt"), /did you mean `attempts`/);
  await app.run(new Agent("clerk", { model: new Echo().withObserve("who"), modelName: "m" }), ["hi"], { id: "r1" });
  const [{ name, fields }] = app.providers.spans("who");
  assert.deepEqual([name, fields["gen_ai.agent.name"], fields["fusion.run"], fields["fusion.cost_usd"]], ["chat m", "clerk", "r1", "0.25"]);
});

test("keys take turns, and one that fails rests", async (t) => {
  const app = open(t);
  const all = [new Failing(new Fault("rate_limit", "slow", { retryAfter: "60s" })), new Failing(new Fault("auth", "no")), new Failing()];
  const both = new Rotation(all);
  for (let round = 0; round < 4; round++) assert.equal(await ask(app, both), "at last");
  assert.deepEqual(all.map((one) => one.asked), [1, 1, 4]);
  assert.match((await faultOf(app, new Rotation([new Failing(new Fault("rate_limit", "slow"))]))).message, /all 1 keys rest/);
  assert.throws(() => new Rotation([]), /a rotation needs providers/);
});

test("what is recorded is played, and has no secrets", async (t) => {
  const file = join(folder(t), "said.jsonl");
  const app = open(t, { secrets: { OPENAI_API_KEY: "sk-planted-0123456789", HOUSE_TOKEN: SECRET } });
  const prompt = `key sk-planted-0123456789, token ${SECRET}, Authorization: Bearer abcdefghijkl`;
  await faultOf(app, provider("openai:m", { baseUrl: "http://127.0.0.1:1/v1" }));
  assert.match(await ask(app, new Echo().withRedact("HOUSE_TOKEN").withRecord(file), prompt), /echo: key/);
  assert.doesNotMatch(readFileSync(file, "utf8"), /sk-planted|s3cr3t|abcdefghijkl/);
  assert.equal(await ask(app, `replay:${file}`, prompt), "echo: key ***, token ***, Authorization: Bearer ***");
});

/** Puts every layer over a provider. */
function everything(one, file) {
  const otherModels = { input: "0.01", output: "0.01" };
  const stack = one.withTimeout({ total: "30s", idle: "20s" }).withGate("account", { requestsPerMinute: 6000 }).withConcurrency(4).withBreaker()
    .withBatch().withObserve("inner").withRetry({ attempts: 3, initial: 10 }).withBudget({ perDay: 5, otherModels });
  return new Rotation([stack, stack]).withFallback(new Echo()).withRedact([], { values: [SECRET] }).withRecord(file).withCache({ ttl: "1h" }).withObserve("outer");
}

test("all layers lie over one provider", async (t) => {
  const app = open(t, { durable: true });
  const one = new Failing(new Fault("overloaded", "busy"));
  const stack = everything(one, join(folder(t), "said.jsonl"));
  for (let round = 0; round < 3; round++) assert.equal(await ask(app, stack, `same ${SECRET}`), "at last");
  assert.equal(one.asked, 2, "a retry; then the answer was kept");
  assert.deepEqual(app.providers.metrics("outer").map((row) => [row.calls, row.cached]), [[3, 2]]);
  assert.deepEqual(await app.providers.prune("1h"), []);
  const kept = await app.providers.prune(0, { dryRun: true });
  assert.ok(kept.length > 0);
  assert.deepEqual(await app.providers.prune(0), kept);
  assert.equal(await ask(app, stack, `same ${SECRET}`), "at last");
  assert.equal(one.asked, 3, "nothing is kept any more");
  assert.deepEqual(await app.providers.embed(everything(new Vectors(), join(folder(t), "v.jsonl")), ["a", "bb"]), [[1], [2]]);
});

test("a stream passes through all layers as it is made", async (t) => {
  const app = open(t, { durable: true });
  let told = false;
  class Slow extends Provider {
    async *stream() {
      yield "first ";
      while (!told) await nap(5);
      yield "second";
    }
  }
  const stack = everything(new Slow(), join(folder(t), "said.jsonl"));
  const seen = [];
  for await (const chunk of app.providers.stream(stack, "hi")) {
    if (chunk.type === "text") seen.push(chunk.text);
    told = true;
  }
  assert.deepEqual(seen, ["first ", "second"]);
  let again = "";
  for await (const chunk of app.providers.stream(stack, "hi")) again += chunk.text ?? "";
  assert.equal(again, "first second");
  assert.deepEqual(app.providers.metrics("outer").map((row) => [row.calls, row.cached]), [[2, 1]]);
});

test("what cannot be made says so, and the engine works on", async (t) => {
  const app = open(t);
  const lost = new Agent("lost", { model: new Scripted(["hi"]), tools: [{ workspace: "/nowhere/at/all" }] });
  assert.throws(() => app.addAgent(lost), /cannot be opened/);
  await assert.rejects(app.providers.complete(new Echo().withConcurrency("two"), "x"), /layer `concurrency`/);
  assert.equal((await app.run(new Agent("found", { model: new Scripted(["hi"]) }), ["go"])).text, "hi");
  assert.ok(RunFailed);
});

test("words that nobody would read are refused", async (t) => {
  const app = open(t);
  const model = new Scripted(["hi"]);
  await assert.rejects(app.ask(new Agent("a", { model }), "x", { mesages: [] }), /has no `mesages`/);
  assert.throws(() => app.addAgent(new Agent("b", { model, sampling: { temprature: 1 } })), /has a sampling `temprature`/);
  assert.throws(() => app.addAgent(new Agent("c", { model: Echo })), (error) => error.hint === "make one: new Echo()");
  assert.equal((await app.run(new Agent("d", { model }), "a text will do")).text, "hi");
});
