// Compiles the examples down to what this Node understands.

import ts from "typescript";

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.includes("/examples/")) return loaded;
  const { outputText } = ts.transpileModule(String(loaded.source), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, allowJs: true },
  });
  return { ...loaded, source: outputText };
}
