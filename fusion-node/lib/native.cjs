"use strict";
// Finds the native half: beside this package, or in the package for this platform.

const { existsSync } = require("node:fs");
const { join } = require("node:path");

function isMusl() {
  return !process.report?.getReport()?.header?.glibcVersionRuntime;
}

function load() {
  const libc = process.platform === "linux" ? (isMusl() ? "-musl" : "-gnu") : "";
  const platform = `${process.platform}-${process.arch}${libc}`;
  const beside = join(__dirname, "..", `fusion_node.${platform}.node`);
  if (existsSync(beside)) {
    return require(beside);
  }
  try {
    return require(`@fusion-kit/${platform}`);
  } catch (cause) {
    throw new Error(
      `fusion-kit has no native part for ${platform} here. Install without --omit=optional, or build it: see README.md`,
      { cause },
    );
  }
}

module.exports = load();
