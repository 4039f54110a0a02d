// A worker thread with an engine of its own.

import { parentPort, workerData } from "node:worker_threads";
import { Fusion } from "fusion-kit";

const app = new Fusion();
if (workerData === "run") {
  const double = app.step("double", async (n) => n * 2);
  parentPort.postMessage(await app.run(double, [21]));
  await app.close();
} else {
  const hang = app.step("hang", () => {
    parentPort.postMessage("hangs");
    return new Promise(() => {});
  });
  await app.run(hang, []);
}
