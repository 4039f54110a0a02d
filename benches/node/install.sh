#!/bin/sh
# Puts the package with the release build of the addon into node_modules of this folder.
set -eu
cd "$(dirname "$0")"
root=../..
place=node_modules/fusion-kit
rm -rf "$place"
mkdir -p "$place"
for part in package.json README.md index.cjs index.mjs index.d.ts index.d.mts lib types bin; do
  cp -r "$root/fusion-node/$part" "$place/"
done
platform=$(node -p 'const l = process.platform === "linux" ? (process.report.getReport().header.glibcVersionRuntime ? "-gnu" : "-musl") : ""; process.platform + "-" + process.arch + l')
for library in libfusion_node.so libfusion_node.dylib fusion_node.dll; do
  if [ -f "${CARGO_TARGET_DIR:-$root/target}/release/$library" ]; then
    cp "${CARGO_TARGET_DIR:-$root/target}/release/$library" "$place/fusion_node.$platform.node"
  fi
done
ls -l "$place"/*.node
