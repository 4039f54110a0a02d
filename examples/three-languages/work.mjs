// The Node program: it has the code of `headline` and of the order's steps, and works on the store until the run has ended.

import { Fusion } from "fusion-kit";

const [store, id] = process.argv.slice(2);
const app = new Fusion(store);

// Arguments have names, in every language: JavaScript gets them as one object.
app.step("headline", ({ counts, title }) => {
  const [[word, count]] = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return `${title}: ${count} times "${word}"`;
});

app.step("reserve", () => {
  throw new Error("this was recorded in Python: it must not run again");
});

app.step("charge", ({ order, receipt }) => `${receipt}, order ${order} charged by Node ${process.versions.node.split(".")[0]}`);

await app.recover();
const run = await app.find(id);
console.log(await run.result({ timeout: "60s" }));
await app.close();
