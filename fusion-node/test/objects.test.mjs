// Durable objects: a state that outlives programs, one message at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fusion } from "fusion-kit";
import { folder, nap, open, program, until } from "./help.mjs";

const cart = {
  state: () => ({ items: {}, opened: new Date(0) }),
  on: {
    add(turn, { sku, n = 1 }) {
      turn.state.items[sku] = (turn.state.items[sku] ?? 0) + n;
      turn.event("added", { sku, n });
      return this.count(turn);
    },
    count: (turn) => Object.values(turn.state.items).reduce((a, b) => a + b, 0),
    clear: (turn) => void (turn.state = { ...turn.state, items: {} }),
    fail(turn) {
      turn.state.items.lost = 1;
      throw new RangeError("not today");
    },
  },
};

for (const durable of [false, true]) {
  test(`an object keeps its state, ${durable ? "in a file" : "in memory"}`, async (t) => {
    const app = open(t, { durable });
    const carts = app.object("cart", cart);
    const mine = carts.get("42");
    assert.equal(await mine.call("add", { sku: "book" }), 1);
    assert.equal(await mine.call("add", { sku: "pen", n: 3 }), 4);
    assert.deepEqual(await mine.state(), { items: { book: 1, pen: 3 }, opened: new Date(0) });
    await assert.rejects(mine.call("fail"), /not today/);
    assert.equal(await mine.call("count"), 4, "what failed left nothing behind");
    const events = await mine.history();
    assert.deepEqual(events.filter((one) => one.name === "added").map((one) => one.data.sku), ["book", "pen"]);
    const { seq } = await mine.look();
    assert.equal(seq, events.at(-1).seq);
    await assert.rejects(mine.call("add", { sku: "x" }, { expect: 1 }), (error) => error.code === "FU0309");
    await mine.call("clear", undefined, { expect: seq });
    assert.deepEqual((await mine.state()).items, {});
    assert.deepEqual((await mine.state({ at: seq })).items, { book: 1, pen: 3 });
    await assert.rejects(mine.call("ad"), /`cart` has no message `ad`; there are add, clear, count, fail/);
    assert.deepEqual(await carts.list(), { ids: ["42"], next: null });
  });
}

test("one message at a time", async (t) => {
  const app = open(t);
  const slow = app.object("slow", {
    state: () => 0,
    handle: async (turn) => {
      const seen = turn.state;
      await nap(1);
      turn.state = seen + 1;
      return turn.state;
    },
  });
  await Promise.all(Array.from({ length: 50 }, () => slow.get("1").call("go")));
  assert.equal(await slow.get("1").state(), 50);
});

test("told messages are handled, timers come, hooks are called", async (t) => {
  const app = open(t);
  const said = [];
  const bell = app.object("bell", {
    state: () => ({ rang: 0 }),
    on: {
      set(turn, ms) {
        turn.timer("ring", ms, "ding");
        turn.timer("never", "1h");
        turn.stop("never");
      },
      ring(turn, what) {
        said.push([turn.isTimer, what]);
        turn.state.rang += 1;
      },
    },
    activate: (turn) => void said.push(`up ${turn.id}`),
    deactivate: (turn) => void said.push(`down ${turn.state.rang}`),
  });
  await app.objects.setIdle(30);
  await bell.get("1").tell("set", 10);
  await until(() => said.includes("down 1"));
  assert.deepEqual(said.slice(0, 2), ["up 1", [true, "ding"]]);
  await until(async () => (await app.objects.active()) === 0);
});

test("newer code raises what older code wrote", async (t) => {
  const url = `sqlite://${folder(t)}/a.db`;
  const first = new Fusion(url);
  await first.object("n", { state: () => 1, on: { up: (turn) => (turn.state += 1) } }).get("x").call("up");
  await first.close();
  const second = open(t, { url });
  const on = { up: (turn) => (turn.state.n += 1) };
  const raised = second.object("n", { version: 3, state: () => ({ n: 1 }), on, upcast: (version, state) => (version === 1 ? [state] : { n: state[0] }) });
  assert.equal(await raised.get("x").call("up"), 3);
  assert.deepEqual(await raised.get("x").state(), { n: 3 });
  await second.close();
  const third = open(t, { url });
  const old = third.object("n", { version: 2, state: () => [1], on });
  await assert.rejects(old.get("x").call("up", undefined, { timeout: "5s" }), (error) => error.code === "FU0702");
});

test("an object of another process is called, and outlives it", async (t) => {
  const url = `sqlite://${folder(t)}/a.db`;
  const host = program(t, "object-host.mjs", url);
  await until(() => host.said.out.includes("ready"));
  const app = open(t, { url });
  const there = app.objects.get("cart", "1");
  assert.equal(await there.call("add", 2, { timeout: "20s" }), 2);
  host.child.kill("SIGKILL");
  await host.ended;
  const here = app.object("cart", { state: () => 0, on: { add: (turn, n) => (turn.state += n) } });
  assert.equal(await here.get("1").call("add", 5, { timeout: "30s" }), 7);
});

test("a definition that makes no sense is refused", (t) => {
  const app = open(t);
  assert.throws(() => app.object("a b", cart), /name/);
  assert.throws(() => app.object("cart", {}), /either `on`/);
  assert.throws(() => app.object("cart", { ...cart, state: () => 0, onn: {} }), /onn/);
});
