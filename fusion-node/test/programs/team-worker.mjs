// Works at the tasks of a store: hangs in the first one, or does it.

import { Agent, Fusion } from "fusion-kit";

const [url, how] = process.argv.slice(2);

class Slow extends Agent {
  async run() {
    console.log("begun");
    if (how === "hang") await new Promise(() => {});
    return "done by the second";
  }
}

const app = new Fusion(url);
app.addAgent(new Slow());
await app.delegate();
