// What may be given to and returned from steps, and what comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RunFailed } from "fusion-kit";
import { open } from "./help.mjs";

class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
}

const SAME = {
  "a big integer": 2n ** 70n,
  "a negative big integer": -5n,
  "a date": new Date("2026-11-21T10:00:00.123Z"),
  "a map": new Map([["a", new Date(0)], [{ k: 1 }, 2n]]),
  "a set": new Set([1, "a", null]),
  "no number": Number.NaN,
  "infinity": [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  "a text with a lone surrogate's neighbours": "🙂 \u0000 é {{ x }}",
  "keys that look like tags": [{ $date: "x" }, { $plain: { $bigint: "1" } }, { $args: [1, 2] }, { $date: 1, b: 2 }],
  "a key that is a trap": JSON.parse('{"__proto__": {"polluted": true}, "a": 1n}'.replace("1n", "1")),
  "nested things": { list: [{ at: new Date(1) }, [new Map()]], none: null },
  "nothing much": ["", 0, false, {}, []],
};

for (const durable of [false, true]) {
  test(`values come back as they were ${durable ? "from a file" : "in memory"}`, async (t) => {
    const app = open(t, { durable });
    const seen = [];
    const echo = app.step("echo", (value) => (seen.push(value), value));
    const twice = app.workflow("twice", (value) => echo(echo(value)));
    for (const [name, value] of Object.entries(SAME)) {
      assert.deepEqual(await app.run(twice, [value]), value, name);
      assert.deepEqual(seen.slice(-2), [value, value], name);
    }
    assert.equal({}.polluted, undefined);
  });
}

test("bytes come back as a Buffer, whatever view they were", async (t) => {
  const app = open(t);
  const bytes = Uint8Array.from([0, 1, 254, 255]);
  const give = app.step("give", () => [bytes, Buffer.from(bytes), bytes.buffer, bytes.subarray(1, 3)]);
  const got = await app.run(give, []);
  assert.ok(got.every((one) => Buffer.isBuffer(one)));
  assert.deepEqual(got.map((one) => [...one]), [[0, 1, 254, 255], [0, 1, 254, 255], [0, 1, 254, 255], [1, 254]]);
});

test("undefined is left out of objects and is null elsewhere; instances are recorded by their fields; toJSON is asked", async (t) => {
  const app = open(t);
  const give = app.step("give", () => ({ a: undefined, b: [undefined], p: new Point(1, 2n), u: new URL("http://x/y"), zero: -0 }));
  assert.deepEqual(await app.run(give, []), { b: [null], p: { x: 1, y: 2n }, u: "http://x/y", zero: 0 });
  assert.equal(await app.run(app.step("nothing", () => {}), []), null);
});

const cycle = { a: [] };
cycle.a.push({ up: cycle });
let deep = {};
for (let depth = 0; depth < 150; depth++) deep = { deep };

const UNFIT = {
  "a function": [() => ({ f: [1, () => 1] }), /^the result of step `s` cannot be recorded: \$\.f\[1\] is a function$/],
  "a symbol": [() => Symbol("s"), /\$ is a symbol/],
  "a cycle": [() => cycle, /\$\.a\[0\]\.up contains itself/],
  "depth": [() => deep, /nested deeper than 100 levels/],
  "a promise inside": [() => ({ p: Promise.resolve(1) }), /\$\.p is a promise: await it/],
  "an error": [() => [new Error("x")], /\$\[0\] is an error: throw it/],
  "a regular expression": [() => /x/, /\$ is a RegExp/],
  "weak things": [() => new WeakMap(), /\$ is a WeakMap/],
  "floats": [() => new Float64Array(2), /\$ is a Float64Array/],
};

test("what cannot be recorded fails the node with its place, and is not tried again", async (t) => {
  const app = open(t);
  for (const [name, [body, message]] of Object.entries(UNFIT)) {
    let count = 0;
    const step = app.step("s", () => (count++, body()), { retries: 5 });
    const error = await app.run(step, []).catch((thrown) => thrown);
    assert.ok(error instanceof RunFailed, name);
    assert.equal(error.failure.class, "decode", name);
    assert.match(error.failure.message, message, name);
    assert.equal(count, 1, name);
  }
  await assert.rejects(app.run(app.step("x", (f) => f), [() => 1]), /the arguments of workflow `x` cannot be recorded: \$\[0\] is a function/);
});

test("large values go round", async (t) => {
  const app = open(t, { durable: true });
  const text = "grüße ".repeat(300_000);
  const echo = app.step("echo", (value) => value);
  assert.equal(await app.run(app.workflow("big", (value) => echo(echo(value))), [text]), text);
});
