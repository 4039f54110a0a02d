// A body that ends its process.

import { Fusion } from "fusion-kit";

const app = new Fusion(process.argv[2]);
const before = app.step("before", () => "before");
const exits = app.step("exits", () => process.exit(7));
const flow = app.workflow("flow", () => exits(before()));
await app.run(flow, [], { id: "exit-1" });
