// The public names: the same in both module systems, each with a type and a doc.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import * as esm from "fusion-kit";

const require = createRequire(import.meta.url);
const place = dirname(require.resolve("fusion-kit/package.json"));

test("import and require give the same objects", () => {
  const cjs = require("fusion-kit");
  assert.deepEqual(Object.keys(esm).sort(), Object.keys(cjs).sort());
  for (const name of Object.keys(cjs)) assert.equal(esm[name], cjs[name], name);
  assert.ok(!("default" in esm));
});

/** Reads the declarations: exported names with their members, and what has no doc. */
function declared() {
  const program = ts.createProgram([join(place, "index.d.ts")], { strict: true, target: ts.ScriptTarget.ES2022, types: ["node"] });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(place, "index.d.ts")));
  const names = new Map();
  const bare = [];
  for (const found of checker.getExportsOfModule(module)) {
    const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0;
    if (symbol.getDocumentationComment(checker).length === 0) bare.push(symbol.name);
    // Those that the declared type has itself: members named by well-known symbols are found no other way.
    const isTyped = symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface);
    const known = isTyped ? checker.getDeclaredTypeOfSymbol(symbol).getProperties() : [];
    const members = known.filter((one) => one.parent === undefined || one.parent === symbol);
    for (const member of members) {
      if (member.getDocumentationComment(checker).length === 0 && !(member.flags & ts.SymbolFlags.TypeParameter)) bare.push(`${symbol.name}.${member.name}`);
    }
    if (isValue) names.set(symbol.name, new Set(members.map((member) => String(member.escapedName).replace(/^__@(\w+)@.*$/, "[$1]"))));
  }
  return { names, bare };
}

test("every public name has a type and a doc, and the other way round", () => {
  const { names, bare } = declared();
  assert.deepEqual(bare, [], "these have no doc");
  // A run is only made by the engine: its class is a type, not a value.
  names.delete("Run");
  assert.deepEqual([...names.keys()].sort(), Object.keys(esm).sort());
});

test("every public member of a class has a type, and the other way round", async () => {
  const { names } = declared();
  const app = new esm.Fusion();
  const run = await app.start(app.step("one", () => 1));
  await run.result();
  const made = { Fusion: app, Run: run, Graph: new esm.Graph("g") };
  for (const [name, object] of Object.entries(made)) {
    const keys = new Set([...Reflect.ownKeys(Object.getPrototypeOf(object)), ...Reflect.ownKeys(object)]);
    const shown = [...keys].filter((key) => key !== "constructor").map((key) => (typeof key === "symbol" ? `[${key.description.replace(/^(Symbol|nodejs)\./, "")}]` : key));
    assert.deepEqual(shown.sort(), [...names.get(name)].sort(), name);
  }
  await app.close();
});

test("nothing but the package's own files is in it, and it depends on nothing", () => {
  const manifest = require("fusion-kit/package.json");
  assert.equal(manifest.dependencies, undefined);
  assert.equal(esm.version, manifest.version);
  const files = readdirSync(place).sort();
  for (const wanted of ["README.md", "index.cjs", "index.d.mts", "index.d.ts", "index.mjs"]) assert.ok(files.includes(wanted), wanted);
  assert.ok(!files.some((name) => ["src", "test", "Cargo.toml"].includes(name)), files.join(" "));
  assert.match(readFileSync(join(place, "README.md"), "utf8"), /npm install fusion-kit/);
});
