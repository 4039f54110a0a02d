// What several tests need: stores in folders of their own, programs of their own, patience.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fusion } from "fusion-kit";

/** Gives an engine that is closed when the test ends; with `durable`, on a file. */
export function open(t, { durable = false, url, ...options } = {}) {
  const app = new Fusion(url ?? (durable ? `sqlite://${join(folder(t), "app.db")}` : "memory://"), options);
  t.after(() => app.close());
  return app;
}

/** Gives a folder that is gone when the test ends. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "fusion-kit-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Waits a little. */
export const nap = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something holds. */
export async function until(holds, limit = 20_000) {
  const from = Date.now();
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() - from > limit) throw new Error(`this did not hold within ${limit} ms: ${holds}`);
    await nap(5);
  }
}

/** Starts a program of the tests; gives it with what it says and how it ends. */
export function program(t, name, ...args) {
  const child = spawn(process.execPath, [new URL(`./programs/${name}`, import.meta.url).pathname, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => (said.out += text));
  child.stderr.on("data", (text) => (said.err += text));
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, ...said })));
  const late = setTimeout(() => child.kill("SIGKILL"), 300_000);
  ended.then(() => clearTimeout(late));
  t.after(() => child.kill("SIGKILL"));
  return { child, ended, said };
}
