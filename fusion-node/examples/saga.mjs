// A trip is booked in three steps; when one fails, what was booked is given back in reverse order.

import assert from "node:assert/strict";
import { Fusion, RunFailed } from "fusion-kit";

await using app = new Fusion(process.env.FUSION_STORE);
const log = [];

function booking(name) {
  const cancel = app.step(`cancel-${name}`, (receipt) => void log.push(`cancel ${receipt}`));
  const book = (left) => {
    if (left === 0) throw new Error(`no ${name} is left`);
    log.push(`book ${name}`);
    return name;
  };
  return app.step(`book-${name}`, book, { compensate: cancel, retry: { attempts: 2, initial: "50ms" } });
}

const [flight, hotel, car] = ["flight", "hotel", "car"].map(booking);
const trip = app.workflow("trip", (cars) => {
  const seat = flight(1);
  const room = hotel(1).after(seat);
  return [seat, room, car(cars).after(room)];
});

const failed = await app.run(trip, [0]).catch((error) => error);
assert.ok(failed instanceof RunFailed);
assert.deepEqual(log, ["book flight", "book hotel", "cancel hotel", "cancel flight"]);
console.log(`${failed.message}\n  ${log.join("\n  ")}`);
console.log("with a car:", await app.run(trip, [1]));
