// An agent of thirteen turns that writes every call to a ledger. reader.mjs STORE LEDGER

import { appendFileSync } from "node:fs";
import { Agent, Fusion, Provider, answer } from "fusion-kit";

const [, , store, ledger] = process.argv;
const note = (text) => appendFileSync(ledger, `${text}\n`);

class Model extends Provider {
  async complete(request, call) {
    const turn = request.messages.filter((one) => one.role === "assistant").length;
    note(`model ${turn} ${call.key}`);
    const more = { usage: { input: 1, output: 1 }, cost: "0.01" };
    return turn === 12 ? answer("read all", more) : answer("", { ...more, calls: [["look", { page: turn }]] });
  }
}

const look = {
  name: "look",
  parameters: { type: "object", properties: { page: { type: "integer" } }, required: ["page"] },
  run({ page }) {
    note(`tool ${page}`);
    return `page ${page}`;
  },
};

const app = new Fusion(store);
app.addAgent(new Agent("reader", { model: new Model(), tools: [look] }));
const run = await app.ask("reader", "read", { id: "r" });
const reply = await run.result({ timeout: "60s" });
if (reply.text !== "read all" || reply.turns !== 13 || reply.cost !== "0.13") throw new Error(JSON.stringify(reply));
await app.close();
