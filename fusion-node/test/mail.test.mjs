// Messages between agents, and services.

import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitTimeout } from "fusion-kit";
import { open, until } from "./help.mjs";

const note = (n, more) => ({ sender: "alice", recipient: "bob", messageType: "note", content: { n, at: new Date(n) }, ...more });

for (const durable of [false, true]) {
  test(`messages are delivered until they are acknowledged, ${durable ? "in a file" : "in memory"}`, async (t) => {
    const app = open(t, { durable });
    const bob = await app.messages.mailbox("bob", { hold: "1m", capabilities: ["review"] });
    const sent = await app.send([note(1), note(2), note(3)]);
    assert.deepEqual(sent.map((one) => one.to), [["bob"], ["bob"], ["bob"]]);
    const [one, two] = await bob.receive({ most: 2 });
    assert.deepEqual([one.content, one.sender, one.attempt], [{ n: 1, at: new Date(1) }, "alice", 1]);
    await one.acknowledge();
    await assert.rejects(one.acknowledge(), /before/);
    await two.release();
    const [again] = await bob.receive({ most: 1 });
    assert.deepEqual([again.content.n, again.attempt], [2, 2]);
    const [three] = await bob.receive();
    await bob.acknowledge([again, three]);
    assert.deepEqual(await bob.receive({ wait: 20 }), []);
    assert.equal(await bob.waiting(), 0);
    await app.send(note(4, { recipient: "capability/review", messageId: "once" }));
    assert.equal((await app.send(note(4, { recipient: "capability/review", messageId: "once" }))).duplicate, true);
    for await (const message of bob) {
      await message.acknowledge();
      break;
    }
    const said = await app.messages.history("bob");
    assert.equal(said.filter((one) => one.name === "message.acknowledged").length, 4);
    assert.equal(said[0].message.content.n, 1);
    assert.deepEqual((await app.messages.mailboxes()).map((one) => one.name), ["bob"]);
    await app.messages.remove("bob");
    assert.deepEqual(await app.messages.mailboxes(), []);
  });
}

test("a question gets its answer", async (t) => {
  const app = open(t);
  const bob = await app.messages.mailbox("bob");
  const answers = (async () => {
    const [asked] = await bob.receive();
    await asked.reply("sum", asked.content.reduce((a, b) => a + b));
    return asked.messageId;
  })();
  const answer = await app.messages.request({ sender: "alice", recipient: "bob", messageType: "add", content: [1, 2] });
  const id = await answers;
  assert.deepEqual([answer.content, answer.replyTo], [3, id]);
  const thread = await app.messages.thread(id, ["bob", "alice"]);
  assert.deepEqual(thread.map((one) => one.messageType), ["add", "sum"]);
  await assert.rejects(app.messages.request(note(1), { timeout: 30 }), WaitTimeout);
});

test("topics are subscribed and followed", async (t) => {
  const app = open(t);
  const bob = await app.messages.mailbox("bob");
  await bob.subscribe("build.**");
  await app.send(note(1, { recipient: "topic/build.linux.done" }));
  const [one] = await bob.receive();
  assert.equal(one.recipient, "topic/build.linux.done");
  const stop = new AbortController();
  const came = [];
  const follows = (async () => {
    for await (const said of app.messages.follow("build.**", { signal: stop.signal })) came.push(said.message.content.n);
  })();
  await app.send(note(2, { recipient: "topic/build.mac" }));
  await until(() => came.length === 2);
  stop.abort();
  await follows;
  assert.deepEqual(came.sort(), [1, 2]);
});

test("who does not wait any more takes nothing with it", async (t) => {
  const app = open(t);
  const bob = await app.messages.mailbox("bob");
  for (let n = 0; n < 20; n++) {
    const stop = new AbortController();
    const waits = bob.receive({ signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(waits, /enough/);
  }
  await app.send(note(1));
  const [one] = await bob.receive({ wait: "10s" });
  assert.deepEqual([one.content.n, one.attempt], [1, 1]);
});

test("what makes no sense is refused", async (t) => {
  const app = open(t);
  await assert.rejects(app.send(note(1)), /no mailbox|`bob`/);
  await assert.rejects(app.send({ ...note(1), subject: "x" }), /subject/);
  await assert.rejects(app.messages.mailbox("a b"), /name/);
  await assert.rejects(app.messages.mailbox("bob", { size: 1 }), /size/);
});

test("services are found, called and composed", async (t) => {
  const app = open(t);
  app.object("echo", { on: { say: (turn, content) => `${turn.id} ${content}`, fail: () => { throw new Error("broken"); } } });
  for (const id of ["a", "b"]) await app.services.register({ id, name: "echo", target: `object/echo/${id}`, capabilities: ["talk"], ttl: "1m" });
  assert.deepEqual((await app.services.discover({ capabilities: ["talk"] })).map((one) => one.id), ["a", "b"]);
  const said = [await app.services.call("echo", "say", "hi"), await app.services.call("echo", "say", "hi")];
  assert.deepEqual(said.sort(), ["a hi", "b hi"]);
  await app.services.update("a", { load: 9 });
  assert.equal(await app.services.call("echo", "say", "you", { strategy: "leastLoaded" }), "b you");
  const parts = [{ name: "one", service: "echo", ask: "say" }, { name: "two", service: "echo", ask: "fail" }];
  const both = await app.services.compose(parts, "x", { rule: 1 });
  assert.match(both.one, /x$/);
  assert.match(JSON.stringify(both.failed), /broken/);
  await assert.rejects(app.services.compose(parts, "x"), /broken/);
  await app.services.deregister("a");
  await app.services.beat("b");
  await assert.rejects(app.services.beat("a"), /a/);
});
