// A program that comes to its end in several ways; it must not be kept alive by what it used.

import { Fusion, wait } from "fusion-kit";

const [how, url] = process.argv.slice(2);
const app = new Fusion(url);
const later = app.step("later", () => new Promise((resolve) => setTimeout(resolve, 200, "late").unref()));
if (how !== "unused") await app.run(app.step("now", (n) => n), [1]);
if (how === "closed") await app.close();
if (how === "disposed") app[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
if (how === "unawaited") {
  const run = await app.start(later);
  run.result().then(() => console.log("the run ended"));
}
if (how === "resting") {
  const run = await app.start(app.workflow("rests", () => wait.sleep("1h")));
  while ((await run.status()) !== "waiting");
}
console.log("end of the file");
