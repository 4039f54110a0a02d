#!/usr/bin/env node
"use strict";
// The `fusion` command.

const native = require("../lib/native.cjs");

process.exitCode = native.cli(["fusion", ...process.argv.slice(2)]);
