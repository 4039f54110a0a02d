// Hosts objects until it is killed.

import { Fusion } from "fusion-kit";

const app = new Fusion(process.argv[2]);
app.object("cart", { state: () => 0, on: { add: (turn, n) => (turn.state += n) } });
await app.objects.active();
console.log("ready");
setInterval(() => {}, 1_000_000);
