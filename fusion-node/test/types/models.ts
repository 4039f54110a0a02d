// What the types say of providers and agents. Compiled, never run.

import { Agent, Fault, Fusion, Provider, Scripted, agent, answer, provider, textOf, tool, type Answer, type Reply, type Request } from "fusion-kit";

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

export async function use(): Promise<string> {
  const said: Answer = await app.providers.complete(provider("openai:gpt-4o-mini", { key: "k" }), "hi");
  for await (const chunk of app.providers.stream(new Scripted(["hi", ["a", "b"]]), "hi")) chunk.type.length;
  const vectors: number[][] = await app.providers.embed("openai", ["a"]);
  const run = await app.ask(writer, "hi");
  const reply: Reply = await run.result();
  // @ts-expect-error: there is no such kind
  new Fault("nonsense", "x");
  // @ts-expect-error: there is no such field
  new Agent("x", { modell: "local" });
  // @ts-expect-error: there is no such option
  echo.withRetry({ attempt: 3 });
  return `${said.finish} ${vectors.length} ${reply.text}`;
}
