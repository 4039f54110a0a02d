// A web server that embeds the engine. Kill it whenever you like: started again, it resumes the orders that were open.
//   node express.mjs [PORT]
//   curl -X POST localhost:3000/orders/17 -H 'content-type: application/json' -d '{"item": "tea", "price": 7}'
//   curl localhost:3000/orders/17

import express from "express";
import { Fusion, FusionError } from "fusion-kit";

const app = new Fusion(process.env.FUSION_STORE ?? "sqlite://orders.db");
const pause = Number(process.env.STEP_MS ?? 1_000);
const slowly = (value) => new Promise((resolve) => setTimeout(resolve, pause, value));

const reserve = app.step("reserve", async (item) => slowly({ item, shelf: "A7" }), { retries: 3 });
const charge = app.step("charge", async (ctx, price) => slowly({ price, key: ctx.idempotencyKey }), { retries: 3, context: true });
const ship = app.step("ship", async (reserved, paid) => slowly(`${reserved.item} from ${reserved.shelf}, paid ${paid.price}`));
const order = app.workflow("order", (item, price) => {
  const reserved = reserve(item);
  return ship(reserved, charge(price).after(reserved));
});

const taken = await app.recover();
console.log(`resumed ${taken} orders`);

const server = express().use(express.json());
server.post("/orders/:id", async (request, response) => {
  const { item, price } = request.body;
  const run = await app.start(order, [item, price], { id: `order-${request.params.id}` });
  response.status(202).json({ run: run.id });
});
server.get("/orders/:id", async (request, response) => {
  const run = await app.find(`order-${request.params.id}`);
  const { status, outputs, nodes } = await run.show();
  const done = Object.keys(nodes).filter((name) => nodes[name].status === "succeeded");
  response.json({ status, done, result: outputs?.result });
});
server.use((error, _request, response, next) => {
  if (!(error instanceof FusionError)) return next(error);
  const status = error.code === "FU0104" ? 404 : error.code.startsWith("FU01") ? 409 : 500;
  response.status(status).json({ code: error.code, message: error.message, hint: error.hint });
});

const listener = server.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${listener.address().port}`);
});
process.once("SIGTERM", () => listener.close(() => app.close()));
