"use strict";
// The public names, for CommonJS.

const { public: errors } = require("./lib/errors.cjs");
const { Fusion } = require("./lib/fusion.cjs");
const { Graph } = require("./lib/graph.cjs");
const { command, expr, wait } = require("./lib/step.cjs");
const { version } = require("./package.json");

module.exports = { Fusion, Graph, command, expr, wait, version, ...errors };
