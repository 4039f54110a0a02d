// Types flow from steps through workflows to results: compiled with `tsc --strict`, never run.

import { Fusion, Graph, RunFailed, command, expr, wait } from "fusion-kit";
import type { Approval, Durable, Node, Run, RunEvent, Step, Workflow } from "fusion-kit";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const app = new Fusion("sqlite://app.db");
const fetchPage = app.step("fetch", async (url: string) => ({ url, size: url.length }), { retries: 3, timeout: "30s" });
const merge = app.step("merge", (pages: { size: number }[], title: string) => ({ title, total: pages.length, at: new Date() }));
same<typeof fetchPage, Step<[url: string], { url: string; size: number }>>(true);

const digest = app.workflow("digest", (urls: string[]) => merge(fetchPage.map(urls), "Today"), { version: 1 });
same<typeof digest, Workflow<[urls: string[]], { title: string; total: number; at: Date }>>(true);

const several = app.workflow("several", (n: number) => {
  const page = fetchPage("x");
  same<typeof page, Node<{ url: string; size: number }>>(true);
  const ok = wait.approval("Go?");
  const list = fetchPage.map(["a", "b"]);
  const last = merge(list, page.get("url")).when(ok.get("approved")).after(page, list);
  return { page, ok, first: list.at(0), n, stdout: command(["ls", page.get("url")]).get("stdout"), last };
});

const research = app.durable("research", async (ctx, topic: string) => {
  const plan = await ctx.step("plan", (what: string) => [what], topic);
  same<typeof plan, string[]>(true);
  const page = await ctx.step("page", fetchPage, "url");
  same<typeof page, { url: string; size: number }>(true);
  const ok = await ctx.waitSignal<{ yes: boolean }>("go", { timeout: "1d" });
  same<typeof ok, { yes: boolean } | undefined>(true);
  return plan.length;
});
same<typeof research, Durable<[topic: string], number>>(true);

const withContext = app.step("pay", async (ctx, amount: number) => `${ctx.idempotencyKey} ${amount}`, { context: true });

const count = app.step<[{ words: string[] }], Record<string, number>>("count", { elsewhere: true, retries: 2 });
same<typeof count, Step<[{ words: string[] }], Record<string, number>>>(true);
const counted = app.workflow("counted", (words: string[]) => count({ words }).get("the"));
same<typeof counted, Workflow<[words: string[]], number>>(true);
app.step("untyped", { elsewhere: true });

export async function main(): Promise<void> {
  const run = await app.start(digest, [["a"]], { id: "x" });
  same<typeof run, Run<{ title: string; total: number; at: Date }>>(true);
  const out = await run.result({ timeout: "60s", signal: AbortSignal.timeout(5) });
  same<typeof out, { title: string; total: number; at: Date }>(true);
  const all = await app.run(several, [1]);
  same<typeof all.ok, Approval>(true);
  same<typeof all.first, { url: string; size: number }>(true);
  same<typeof all.stdout, string>(true);
  same<typeof all.n, number>(true);
  same<Awaited<ReturnType<typeof text>>, string>(true);
  for await (const event of run.events()) same<typeof event, RunEvent>(true);
  const number: number = await app.run(research, ["topic"]);
  const graph = new Graph("g", { inputs: { a: "string" } });
  const node = graph.add("n", (a: string) => a.length + number, { args: [graph.input("a")] });
  same<typeof node, Node<number>>(true);
  const outputs = await app.run(graph.output("n", node), { a: "x" });
  same<typeof outputs, Record<string, unknown>>(true);
  try {
    await run.result();
  } catch (error) {
    if (error instanceof RunFailed) same<typeof error.node, string | undefined>(true);
  }
  await app.close();
}

function text() {
  return app.run(withContext, [5]);
}

app.workflow("checked", () => {
  // @ts-expect-error: a number is no URL
  fetchPage(1);
  // @ts-expect-error: the node gives an object, not a text
  fetchPage(fetchPage("a"));
  // @ts-expect-error: an argument is missing
  merge(fetchPage.map(["a"]));
  // @ts-expect-error: there is no such field
  fetchPage("a").get("length");
  // @ts-expect-error: the context is not given by the caller
  withContext({}, 1);
  return merge([fetchPage("a"), { size: 1 }], expr<string>("inputs.args[0]"));
});
// @ts-expect-error: the arguments are a list of lists
void app.start(digest, ["a"]);
// @ts-expect-error: there is no such option
app.step("x", () => 1, { retrys: 3 });
// @ts-expect-error: what is elsewhere has no code here
app.step("z", () => 1, { elsewhere: true });
// @ts-expect-error: without code it has to be elsewhere
app.step("z", { retries: 1 });
app.workflow("wrong", () => {
  // @ts-expect-error: the step takes words by name
  return count(["a"]);
});
// @ts-expect-error: a context needs to be asked for
app.step("y", (ctx: { run: string }, n: number) => n, { context: 1 });
