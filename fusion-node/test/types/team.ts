// What the types say of teams, messages and objects: compiled with `tsc --strict`, never run.

import { Agent, Fusion } from "fusion-kit";
import type { AgentInfo, Delivery, ObjectRef, Said, Sent, TaskInfo, TaskState } from "fusion-kit";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const app = new Fusion();
export async function main(): Promise<void> {
  const spawned = await app.agents.spawn(new Agent("writer"), { instances: 2, restart: { attempts: 3, initial: "1s" } });
  same<typeof spawned, AgentInfo[]>(true);
  // @ts-expect-error a misspelt option
  await app.agents.spawn("writer", { instanzes: 2 });

  const one = await app.tasks.submit({ title: "write", notBefore: new Date(), retryPolicy: { perAgent: 1 } });
  same<typeof one, TaskInfo>(true);
  const several = await app.tasks.submit(["one", { title: "two", needs: ["one"] }]);
  same<typeof several, TaskInfo[]>(true);
  const state: TaskState = (await app.tasks.wait(one, { timeout: "1m" })).state;
  // @ts-expect-error no such state
  await app.tasks.list({ state: "gone" });
  await (await app.delegate({ concurrency: 2 })).stop();

  const sent: Sent = await app.send({ sender: "a", recipient: "b", messageType: "t", content: { n: 1 } });
  const box = await app.messages.mailbox("b", { hold: "1m" });
  for await (const message of box) same<typeof message, Delivery<any>>(true);
  const [typed] = await box.receive<{ n: number }>();
  same<NonNullable<typeof typed>["content"], { n: number }>(true);
  for await (const said of app.messages.follow("build.**")) same<typeof said, Said>(true);

  const carts = app.object("cart", {
    version: 2,
    state: () => ({ items: {} as Record<string, number> }),
    on: {
      add(turn, given: { sku: string; n?: number }) {
        turn.state.items[given.sku] = given.n ?? 1;
        turn.event("added", given);
        return Object.keys(turn.state.items).length;
      },
      clear: (turn) => void (turn.state = { items: {} }),
    },
  });
  const count = await carts.get("42").call("add", { sku: "book" });
  same<typeof count, number>(true);
  const look = await carts.get("42").state();
  same<typeof look, { items: Record<string, number> }>(true);
  await carts.get("42").call("clear", undefined, { timeout: "1s" });
  // @ts-expect-error no such message
  await carts.get("42").call("remove", 1);
  // @ts-expect-error it takes something else
  await carts.get("42").call("add", { sku: 1 });

  const anywhere: ObjectRef = app.objects.get("cart", "1");
  const reply: string = await anywhere.call("whatever", { a: 1 });
  console.log(state, sent, reply, await app.services.call<number>("sum", "add", [1, 2], { strategy: { sticky: "k" } }));
}
