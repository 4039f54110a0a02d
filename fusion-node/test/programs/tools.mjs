// A server of the Model Context Protocol: `node tools.mjs LOG` on its standard input and output, or `node tools.mjs LOG KEY`, behind HTTP
// on a port that it says first.

import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const [log, key] = process.argv.slice(2);
const integers = (...names) => ({ type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "integer" }])), required: names });
const tools = [
  { name: "add", description: "Adds.", inputSchema: integers("a", "b") },
  { name: "show_env", inputSchema: integers() },
  { name: "destroy", inputSchema: integers() },
];

function called({ name, arguments: given }) {
  if (name === "add") return String(given.a + given.b);
  return name === "show_env" ? `${Object.keys(process.env).sort().join(" ")} TOKEN=${process.env.TOKEN}` : "all is gone";
}

function answered({ method, params }) {
  switch (method) {
    case "initialize":
      appendFileSync(log, "started\n");
      return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "calc", version: "1" } };
    case "tools/list":
      return { tools };
    case "tools/call":
      return { content: [{ type: "text", text: called(params) }] };
    default:
      return {};
  }
}

const told = (message) => JSON.stringify({ jsonrpc: "2.0", id: message.id, result: answered(message) });

if (key === undefined) {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const message = JSON.parse(line);
    if (message.id !== undefined) console.log(told(message));
  });
} else {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.method !== "POST") return response.writeHead(405).end();
    if (request.headers.authorization !== `Bearer ${key}`) return response.writeHead(401).end();
    const message = JSON.parse(body);
    if (message.id === undefined) return response.writeHead(202).end();
    return response.writeHead(200, { "content-type": "application/json" }).end(told(message));
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
}
