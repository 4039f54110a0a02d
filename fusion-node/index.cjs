"use strict";
// The public names, for CommonJS.

const { public: errors } = require("./lib/errors.cjs");
const { Agent, CommandAgent, agent, tool } = require("./lib/agent.cjs");
const { answer, textOf } = require("./lib/chat.cjs");
const { Fusion } = require("./lib/fusion.cjs");
const { Graph } = require("./lib/graph.cjs");
const { Provider, Rotation, Scripted, provider } = require("./lib/provider.cjs");
const { Component, Project, Spec } = require("./lib/specs.cjs");
const { command, expr, wait } = require("./lib/step.cjs");
const { version } = require("./package.json");

module.exports = {
  Agent, CommandAgent, Component, Fusion, Graph, Project, Provider, Rotation, Scripted, Spec, agent, answer, command, expr, provider, textOf, tool, wait, version, ...errors,
};
