// What the types say of providers and agents. Compiled, never run.

import { Agent, CommandAgent, Fault, Fusion, Provider, Rotation, Scripted, agent, answer, provider, textOf, tool, type Answer, type Reply, type Request } from "fusion-kit";

const app = new Fusion();

class Echo extends Provider {
  override async complete(request: Request): Promise<Answer> {
    return answer(textOf(request), { calls: [["look", { a: 1 }]], usage: { input: 1, output: 2 }, cost: "0.01" });
  }
}

class Words extends Provider {
  override async *stream(request: Request) {
    yield textOf(request);
    yield { type: "end", finish: "stop" };
  }
}

const echo: Echo = app.providers.add(new Echo(), "mine");
const look = tool<{ city: string }>({ name: "look", parameters: { type: "object" }, run: ({ city }) => city.length });

class Judge extends Agent {
  override capabilities = { review: 0.9 };
  override async run(ctx: Parameters<Agent["run"]>[0], prompt: string): Promise<string> {
    const reply: Reply = await ctx.work(writer, prompt);
    return reply.text;
  }
}

const writer = new Agent("writer", {
  model: echo.withRetry({ attempts: 3, on: ["overloaded"] }).withFallback([new Words(), { provider: "openai", model: "small" }, "ollama"]),
  tools: [look],
  limits: { turns: 5, cost: "1.00", time: "10m" },
  price: { input: "0.15", output: "0.60" },
});
const judge: Judge = app.addAgent(new Judge());
app.workflow("w", (topic: string) => agent(judge, agent("writer", topic).get("text")));

const fixer = app.addAgent(new CommandAgent("fixer", { program: "claude", mode: "edit", time: "30m" }));
app.workflow("mend", (at: string) => agent(fixer, "Mend it.", { workspace: at, session: agent(fixer, "Look.").get("session") }));
const stack: Provider = new Rotation([echo, "openai"]).withRedact("TOKEN", { values: ["x"] }).withBatch({ texts: 10 }).withObserve("a").withRecord("f");
const loaded: Provider = app.providers.load("libwords.so", { config: { a: 1 }, secrets: ["KEY"] });
new Agent("clerk", { model: stack, tools: [{ mcp: ["npx", "server"], name: "files", allow: ["read_*"] }, { mcp: "http://h/mcp", name: "h", allow: ["*"], key: "k" }] });
// @ts-expect-error: there is no such mode
new CommandAgent("fixer", { program: "claude", mode: "write" });
// @ts-expect-error: which tools are allowed has to be said
new Agent("clerk", { tools: [{ mcp: ["npx", "server"], name: "files" }] });

export async function use(): Promise<string> {
  const said: Answer = await app.providers.complete(provider("openai:gpt-4o-mini", { key: "k" }), "hi");
  for await (const chunk of app.providers.stream(new Scripted(["hi", ["a", "b"]]), "hi")) chunk.type.length;
  const vectors: number[][] = await app.providers.embed("openai", ["a"]);
  const run = await app.ask(writer, "hi");
  await app.run(writer, "hi");
  const reply: Reply = await run.result();
  const files: string[] | undefined = reply.files;
  const calls: number = app.providers.metrics("a").reduce((sum, row) => sum + row.calls + (row.faults.auth ?? 0), 0);
  const span: string | undefined = app.providers.spans()[0]?.name;
  // @ts-expect-error: there is no such kind
  new Fault("nonsense", "x");
  // @ts-expect-error: there is no such field
  new Agent("x", { modell: "local" });
  // @ts-expect-error: there is no such option
  echo.withRetry({ attempt: 3 });
  return `${said.finish} ${vectors.length} ${reply.text} ${files} ${calls} ${span} ${loaded.name}`;
}
