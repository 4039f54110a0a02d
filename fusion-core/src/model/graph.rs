//! A graph as its author wrote it: data, before it is checked and compiled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Policy;

/// A workflow definition: nodes, the edges between them (`needs`), inputs and outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// The name of the workflow.
    pub name: String,
    /// The author's version number of the definition.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: u32,
    /// What it is for, in the author's words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: String,
    /// The inputs by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inputs: BTreeMap<String, Input>,
    /// The nodes, in the author's order: a node's index is its place here.
    pub nodes: Vec<Node>,
    /// The outputs by name; strings are templates.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outputs: BTreeMap<String, Value>,
    /// What happens to the rest when a node fails for good.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_failure: OnFailure,
}

/// What happens to the rest of a run when a node fails for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Running bodies are cancelled and nothing new starts.
    #[default]
    Stop,
    /// What needs the failed node is skipped; everything else goes on.
    FinishBranches,
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array,
    /// A map with text keys.
    Object,
    /// Anything.
    #[default]
    Any,
}

/// One declared input.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Input {
    /// The type that a value must have.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// The value that is taken when none is given; without it the input is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What it is for.
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// The only values that are allowed; empty means all.
    #[serde(skip_serializing_if = "is_default")]
    pub choices: Vec<Value>,
}

/// One vertex of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The name, unique in the graph.
    pub id: Box<str>,
    /// What it does.
    pub kind: Kind,
    /// The names of the nodes that must be settled first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub needs: Vec<Box<str>>,
    /// Everything that most nodes do not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<More>>,
}

/// What most nodes do not have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct More {
    /// The condition, an expression: the node is skipped when it is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Retries, limits, caching.
    #[serde(skip_serializing_if = "is_default")]
    pub policy: Policy,
    /// What the output must satisfy.
    #[serde(skip_serializing_if = "is_default")]
    pub validate: Vec<Check>,
    /// What runs when all attempts have failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Task>,
    /// What undoes the node when the run fails later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Task>,
    /// The output is a graph, which runs in the node's place.
    #[serde(skip_serializing_if = "is_default")]
    pub expand: bool,
    /// What the builder was asked for and the node's kind has no place for: the check of the graph refuses it.
    #[serde(skip)]
    pub misplaced: Vec<&'static str>,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Runs a task once.
    Run(Task),
    /// Runs a task for every item of a list.
    Map(Box<Map>),
    /// Runs a task again and again until a condition holds.
    Repeat(Box<Repeat>),
    /// Waits for a time, a signal or a person.
    Wait(Box<WaitSpec>),
}

/// Something to run, with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What runs.
    pub action: Action,
    /// The arguments; strings in it are templates. A fallback or a compensation without them has those of its node, a
    /// command never has any.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub with: Value,
}

/// What a task runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A registered step, by name.
    Step(Box<str>),
    /// A program.
    Command(Box<Program>),
    /// An agent: by name, by `{needs: [capability]}`, by `{program, ...}`, or described by `{model, tools, ...}`.
    Agent(Box<Value>),
    /// A model call.
    Model(Box<Value>),
    /// Another workflow, by name, as a run of its own.
    Workflow(Box<str>),
}

/// A program to run; all texts are templates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Program {
    /// The program and its arguments; no shell is between.
    pub argv: Vec<String>,
    /// What it reads from its standard input; empty when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Its working directory; the engine's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// What is added to its environment.
    #[serde(skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, String>,
}

/// A fan-out over a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// The list: a template that is one whole expression, or a literal list.
    pub over: Value,
    /// What runs for each item; `item` and `index` are in its scope.
    pub task: Task,
    /// How many items run at once.
    pub max_parallel: u32,
    /// What an item that failed for good does to the node.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_item_failure: OnItemFailure,
}

/// What an item that failed for good does to its map node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnItemFailure {
    /// The node fails at once; running items are cancelled.
    #[default]
    Stop,
    /// The other items run to their end, then the node fails.
    Finish,
    /// The node succeeds; the item's output is `{"error": {class, message}}`.
    Collect,
}

/// A bounded loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// What runs each round; `round` (from 1) and `previous` (its last output) are in its scope.
    pub task: Task,
    /// The condition that ends the loop, an expression with `output` and `round` in its scope.
    pub until: String,
    /// The most rounds; one more is a failure of class `limit`.
    pub max: u32,
    /// The pause between rounds, in milliseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pause_ms: u64,
}

/// What a wait node waits for; texts are templates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitSpec {
    /// A length of time such as `10m`.
    Duration(String),
    /// A moment: RFC 3339 text or milliseconds since 1970.
    Until(String),
    /// A signal of this name; its payload is the output.
    Signal {
        /// The name.
        name: String,
        /// How long at the most, in milliseconds; then the node fails with class `timeout`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// A person's yes or no; the output is `{approved, by, comment, at}`.
    Approval {
        /// The role that is asked: shown with the question; who answers is for the program to check.
        #[serde(default, skip_serializing_if = "is_default")]
        role: String,
        /// What is asked.
        message: String,
        /// How long at the most, in milliseconds; then the node fails with class `timeout`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
}

/// One thing that an output must satisfy; what it says becomes feedback for the next attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Its text has at least so many characters.
    MinChars(usize),
    /// Its text has at most so many characters.
    MaxChars(usize),
    /// Its text contains this text.
    Contains(String),
    /// Its text matches this regular expression.
    Matches(String),
    /// Its text does not match this regular expression.
    NotMatches(String),
    /// Its text is JSON.
    Json(bool),
    /// This expression holds, with `output` in its scope beside all that the task sees.
    That(String),
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
