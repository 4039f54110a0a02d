// A durable agent: a loop of model and tool calls. Each call is recorded, so that none is paid for twice: kill the program
// in the middle and start it again, and it goes on at the very call where it stopped.
//   node agent.mjs [QUESTION]

import { Fusion } from "fusion-kit";

await using app = new Fusion(process.env.FUSION_STORE ?? "sqlite://agent.db");

/** Stands for a model: it asks for the tools that it still needs, then answers. Put your provider's client here. */
async function model(messages) {
  console.log(`model call with ${messages.length} messages`);
  if (process.env.DIE_AFTER && messages.length > Number(process.env.DIE_AFTER)) process.kill(process.pid, "SIGKILL");
  const results = messages.filter((message) => message.role === "tool");
  const wanted = ["population of Iceland", "area of Iceland"][results.length];
  if (wanted) return { role: "assistant", tool: { name: "lookUp", argument: wanted } };
  const [people, area] = results.map((message) => message.content);
  return { role: "assistant", content: `${(people / area).toFixed(1)} people per square kilometre` };
}

const FACTS = { "population of Iceland": 393_600, "area of Iceland": 103_000 };
const tools = {
  lookUp(topic) {
    console.log(`looks up the ${topic}`);
    return FACTS[topic];
  },
};

const agent = app.durable("agent", async (ctx, question) => {
  const messages = [{ role: "user", content: question }];
  for (let turn = 1; turn <= 10; turn++) {
    const answer = await ctx.step("model", model, messages);
    messages.push(answer);
    if (!answer.tool) return answer.content;
    const { name, argument } = answer.tool;
    messages.push({ role: "tool", content: await ctx.step(`tool ${name}`, tools[name], argument) });
    ctx.progress({ turn });
  }
  throw new Error("no answer after 10 turns");
}, { retries: 2 });

const question = process.argv[2] ?? "How densely is Iceland populated?";
console.log(await app.run(agent, [question], { id: `agent-${question.length}` }));
