// The Node program that starts a run: two of its steps are code of others.

import { Fusion } from "fusion-kit";

const app = new Fusion(process.argv[2]);
const words = app.step("words", (text) => text.split(" "));
// One object goes by name, to a struct in Rust; several arguments go by place, to the parameters in Python.
const count = app.step("count", { elsewhere: true });
const headline = app.step("headline", { elsewhere: true });
const report = app.workflow("report", (text, title) => headline(count({ words: words(text) }), title));

const run = await app.start(report, ["the cat and the dog and the bird", "From Node"], { id: "from-node" });
console.log("started", run.id);
console.log(await run.result({ timeout: "60s" }));
await app.close();
