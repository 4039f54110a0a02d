// Providers in JavaScript: everywhere where a provider is, with layers over them, and misbehaving ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, PermanentError, Provider, Scripted, answer, provider, textOf } from "fusion-kit";
import { nap, open, until } from "./help.mjs";

class Echo extends Provider {
  async complete(request) {
    return answer(`echo: ${textOf(request)}`, { model: request.model || "echo-1", usage: { input: 10, output: 5 }, cost: 0.25 });
  }
}

class Streaming extends Provider {
  async *stream(request) {
    yield { type: "begun", id: "s-1", model: "s" };
    for (const word of textOf(request).split(" ")) yield `${word} `;
  }
}

/** Fails so many times, then answers. */
class Failing extends Provider {
  asked = [];

  constructor(...faults) {
    super();
    this.faults = faults;
  }

  async complete(_request, call) {
    this.asked.push([performance.now(), call.key]);
    if (this.faults.length > 0) throw this.faults.shift();
    return "at last";
  }
}

const ask = async (app, one, prompt = "hi") => textOf(await app.providers.complete(one, prompt));
const faultOf = (app, one) => app.providers.complete(one, "hi").then(() => assert.fail("it answered"), (fault) => {
  assert.ok(fault instanceof Fault, String(fault.stack));
  return fault;
});
const kinds = async (chunks) => {
  const all = [];
  for await (const chunk of chunks) all.push(chunk.type);
  return all;
};

test("an answer is an answer, a text or chunks", async (t) => {
  const app = open(t);
  const said = await app.providers.complete(new Echo(), "hi");
  assert.deepEqual([textOf(said), said.finish, said.model, said.cost], ["echo: hi", "stop", "echo-1", "0.25"]);
  assert.deepEqual(said.usage, { input: 10, output: 5 });
  assert.equal(await ask(app, new Streaming(), "one two"), "one two ");
  assert.deepEqual(await kinds(app.providers.stream(new Streaming(), "one two")), ["begun", "text", "text", "end"]);
  assert.deepEqual(await kinds(app.providers.stream(new Echo(), "one two")), ["begun", "text", "usage", "end"]);
});

test("chunks come as they are made, and leaving the loop ends the call", async (t) => {
  const app = open(t);
  let ended = false;
  class Endless extends Provider {
    async *stream() {
      try {
        for (;;) {
          yield "more ";
          await nap(1);
        }
      } finally {
        ended = true;
      }
    }
  }
  let seen = 0;
  for await (const chunk of app.providers.stream(new Endless(), "hi")) {
    assert.equal(chunk.text, "more ");
    if (++seen === 3) break;
  }
  await until(() => ended);
});

test("vectors and models", async (t) => {
  const app = open(t);
  class Plain extends Provider {
    embed({ inputs }) {
      return inputs.map((text) => [text.length, 1]);
    }

    models() {
      return ["plain-1", { id: "plain-2", context_tokens: 8000 }];
    }
  }
  assert.deepEqual(await app.providers.embed(new Plain(), ["one", "three"]), [[3, 1], [5, 1]]);
  assert.deepEqual((await app.providers.models(new Plain())).map((model) => model.id), ["plain-1", "plain-2"]);
  await assert.rejects(app.providers.embed(new Echo(), ["x"]), { kind: "unsupported", provider: "echo" });
  await assert.rejects(app.providers.models(new Echo()), { kind: "unsupported" });
});

test("a pause that JavaScript asks for is kept by the retry layer", async (t) => {
  const app = open(t);
  const one = new Failing(new Fault("rate_limit", "slow down", { retryAfter: 400, status: 429 }), Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  assert.equal(await ask(app, one.withRetry({ attempts: 3, initial: 10 })), "at last");
  const [first, second, third] = one.asked.map(([at]) => at);
  assert.ok(second - first >= 395, `${second - first}`);
  assert.ok(third - second < 395);
  assert.equal(new Set(one.asked.map(([, key]) => key)).size, 1, "attempts of one call have one key");
});

test("faults keep their kind, pause and words", async (t) => {
  const app = open(t);
  const told = await faultOf(app, new Failing(new Fault("rate_limit", "slow down", { retryAfter: "70s" })).withRetry({ attempts: 5 }));
  assert.deepEqual([told.kind, told.message, told.retryAfterMs, told.provider], ["rate_limit", "slow down", 70_000, "failing"]);
  for (const [thrown, kind] of [
    [new Fault("auth", "no key"), "auth"],
    [new TypeError("oh"), "overloaded"],
    [new DOMException("late", "TimeoutError"), "timeout"],
    [new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code: "ECONNREFUSED" }) }), "transport"],
    [new PermanentError("never"), "unsupported"],
    [Object.assign(new Error("busy"), { retryAfterMs: 3000 }), "rate_limit"],
    ["a text", "overloaded"],
  ]) {
    assert.equal((await faultOf(app, new Failing(thrown))).kind, kind, String(thrown));
  }
  assert.match((await faultOf(app, new Failing(new TypeError("oh")))).message, /TypeError: oh/);
  assert.throws(() => new Fault("nonsense", "x"), /there is no fault `nonsense`/);
});

test("garbage is malformed", async (t) => {
  const app = open(t);
  class Garbage extends Provider {
    constructor(made) {
      super();
      this.made = made;
    }

    async complete() {
      return this.made;
    }
  }
  class GarbageStream extends Provider {
    constructor(...made) {
      super();
      this.made = made;
    }

    *stream() {
      yield* this.made;
    }
  }
  for (const made of [undefined, 42, [1], () => 1, { parts: "none" }, { parts: [{ type: "sound" }] }]) {
    assert.equal((await faultOf(app, new Garbage(made))).kind, "malformed", String(made));
  }
  for (const made of [[], [3], [{ type: "sound" }], [{ type: "arguments", index: 3, text: "x" }], [null]]) {
    assert.equal((await faultOf(app, new GarbageStream(...made))).kind, "malformed", JSON.stringify(made));
  }
  class Odd extends Provider {
    stream() {
      return 3;
    }
  }
  assert.equal((await faultOf(app, new Odd())).kind, "malformed");
  assert.equal((await faultOf(app, new Provider("bare"))).kind, "unsupported");
});

test("a stream that breaks tells what came before", async (t) => {
  const app = open(t);
  class Breaks extends Provider {
    async *stream() {
      yield "so far";
      throw new Fault("transport", "the line is dead");
    }
  }
  const seen = [];
  await assert.rejects(async () => {
    for await (const chunk of app.providers.stream(new Breaks(), "hi")) seen.push(chunk.text);
  }, { kind: "transport" });
  assert.deepEqual(seen, ["so far"]);
});

test("one that never answers is ended by the time limit, and hears of it", async (t) => {
  const app = open(t);
  let aborted = false;
  class Never extends Provider {
    complete(_request, { signal }) {
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise(() => {});
    }
  }
  const from = Date.now();
  assert.equal((await faultOf(app, new Never().withTimeout({ total: 200 }))).kind, "timeout");
  assert.ok(Date.now() - from < 10_000);
  await until(() => aborted);
});

test("JavaScript and the engine's own stand in for one another", async (t) => {
  const app = open(t);
  const own = new Scripted([new Fault("overloaded", "busy"), "from the script", ["in ", "chunks"]]);
  assert.equal(await ask(app, own.withFallback(new Echo())), "echo: hi");
  const broken = new Failing(new TypeError("oh"), new TypeError("oh"), new TypeError("oh"));
  assert.equal(await ask(app, broken.withFallback(own)), "from the script");
  assert.equal(await ask(app, broken.withFallback([own, new Echo()])), "in chunks");
  assert.equal(await ask(app, broken.withFallback([{ model: "other" }, new Echo()])), "at last");
  assert.equal((await faultOf(app, new Failing(new Fault("invalid_request", "no")).withFallback(new Echo()))).kind, "invalid_request");
  const changed = new Failing(new Fault("auth", "no")).withFallback({ provider: new Echo(), model: "m-2" });
  assert.equal((await app.providers.complete(changed, "hi")).model, "m-2");
  assert.equal((await faultOf(app, new Failing(new Fault("auth", "no")).withFallback(new Echo(), { on: ["timeout"] }))).kind, "auth");
});

test("layers hold for providers in JavaScript", async (t) => {
  const app = open(t, { durable: true });
  const price = { input: "0.01", output: "0.01" };
  const bounded = new Echo().withBudget({ perDay: "0.2", otherModels: price });
  assert.equal(await ask(app, bounded), "echo: hi");
  assert.equal((await faultOf(app, bounded)).kind, "budget");
  const counted = new Failing();
  const kept = counted.withCache({ ttl: "1h" });
  for (let round = 0; round < 3; round++) assert.equal(await ask(app, kept, "same"), "at last");
  assert.equal(counted.asked.length, 1);
  const dead = new Failing(...Array.from({ length: 9 }, () => new Fault("overloaded", "busy")));
  const guarded = dead.withBreaker({ faults: 2, pause: "60s" });
  for (let round = 0; round < 3; round++) await faultOf(app, guarded);
  assert.match((await faultOf(app, guarded)).message, /left alone/);
  assert.equal(dead.asked.length, 2);
  let [now, most] = [0, 0];
  class Counts extends Provider {
    async complete() {
      most = Math.max(most, ++now);
      await nap(20);
      now--;
      return "done";
    }
  }
  const two = new Counts().withConcurrency(2);
  await Promise.all(Array.from({ length: 6 }, (_, n) => ask(app, two, `${n}`)));
  assert.equal(most, 2);
});

test("one provider may ask another", async (t) => {
  const app = open(t);
  class Shouts extends Provider {
    async complete(request, call) {
      return textOf(await call.ask(new Echo(), request)).toUpperCase();
    }
  }
  assert.equal(await ask(app, new Shouts()), "ECHO: HI");
});

test("names are looked up late, and mistakes have hints", async (t) => {
  const app = open(t, { secrets: {} });
  assert.match((await faultOf(app, "antropic:claude")).message, /did you mean `anthropic`/);
  assert.match((await faultOf(app, "openai:gpt-4o-mini")).message, /set OPENAI_API_KEY/);
  const moved = provider("openai:gpt-4o-mini", { key: "sk-very-secret-7", baseUrl: "http://127.0.0.1:1/v1" });
  const told = await faultOf(app, moved);
  assert.equal(told.kind, "transport");
  assert.doesNotMatch(`${told.stack} ${told.detail} ${JSON.stringify(moved)}`, /sk-very-secret-7/);
  await assert.rejects(app.providers.complete(3, "x"), /a provider is a `Provider` or its name/);
  await assert.rejects(app.providers.complete(new Echo(), 3), /a request is a text/);
  app.providers.add(new Echo(), "mine");
  assert.equal((await app.providers.complete("mine:large", "hi")).model, "large");
});

test("files name providers of the program", async (t) => {
  const app = open(t);
  app.providers.add(new (class House extends Provider {
    async complete(request, call) {
      assert.ok(call.run && call.node === "a");
      return `${request.model}: ${textOf(request.messages[0])}: ${textOf(request)}`;
    }
  })());
  const file = app.parse(`
fusion: 1
name: file
nodes:
  a: { model: { name: "house:small", system: "Be brief." }, with: { prompt: "hello" } }
outputs: { said: "{{ nodes.a.text }}" }
`);
  assert.deepEqual(await app.run(file), { said: "small: Be brief.: hello" });
});
