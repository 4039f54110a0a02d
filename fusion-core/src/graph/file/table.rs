//! The keys of a workflow file: the one table that the reader, the messages and the JSON Schema are made of.

use super::agents::{AGENT, MODEL};
use super::shape::Shape::{
    Any, Bool, Dict, Int, List, Null, Number, Object, OneOf, Text, Time, Word, Words,
};
use super::shape::{Field, Shape, Table};
use crate::model::limits;

pub(super) const fn key(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, shape, required: false, about }
}

pub(super) const fn must(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, shape, required: true, about }
}

pub(super) const MANY: i64 = u32::MAX as i64;
const FINITE: f64 = 1e6;

/// The types of inputs.
pub(crate) const TYPES: &[&str] =
    &["string", "integer", "number", "boolean", "array", "object", "any"];
/// The keys of which a task has exactly one.
pub(super) const ACTIONS: [&str; 5] = ["step", "command", "agent", "model", "workflow"];
/// The keys of which a node has exactly one.
const WORK: [&str; 6] = ["step", "command", "agent", "model", "workflow", "wait"];
/// The keys of which a wait has exactly one.
pub(super) const WAITS: [&str; 4] = ["duration", "until", "signal", "approval"];
/// The keys that only a `command` has.
pub(super) const PROGRAM: [&str; 3] = ["stdin", "cwd", "env"];

const TEXTS: Shape = OneOf(&[List(&Text), Text]);
const NODES: Shape = Dict(&Object(&NODE));
const INPUTS: Shape = Dict(&OneOf(&[Object(&INPUT), Null]));
const VERSION: Shape = Int(0, MANY);
const FAILURE: Shape = Words(&["stop", "finish_branches"]);
const ITEM_FAILURE: Shape = Words(&["stop", "finish", "collect"]);
const UNKNOWN: Shape = Words(&["fail", "wait_human"]);
const COMMAND: Shape = List(&Word);
const NAMED: Shape = OneOf(&[Text, Object(&MODEL)]);
const DESCRIBED: Shape = OneOf(&[Text, Object(&AGENT)]);
const TIMEOUT: Shape = OneOf(&[Time, Object(&ADAPTIVE)]);
const CACHE: Shape = OneOf(&[Bool, Object(&REUSE)]);
#[expect(clippy::cast_possible_wrap, reason = "a small number")]
const PARALLEL: Shape = Int(1, limits::BODIES_IN_FLIGHT as i64);
const ENV: Shape = Dict(&Word);
const RETRIES: Shape = Object(&RETRY);
const SLOTS: Shape = Object(&CONCURRENCY);
const PRIORITY: Shape = Int(i32::MIN as i64, i32::MAX as i64);

/// The file.
pub(crate) static FILE: Table = Table {
    name: "workflow",
    about: "A workflow file of Fusion.",
    one_of: &[],
    keys: &[
        must("fusion", Int(1, 1), "The version of the file format: 1."),
        must("name", Text, "The name of the workflow."),
        key(
            "version",
            VERSION,
            "Your version number of the definition; runs keep the one that they began with.",
        ),
        key("description", Text, "What the workflow is for."),
        key("inputs", INPUTS, "The inputs by name."),
        key("defaults", Object(&DEFAULTS), "What every node has unless it says otherwise."),
        must("nodes", NODES, "The nodes by name."),
        key("outputs", Dict(&Any), "The outputs by name; texts are templates."),
        key(
            "on_failure",
            FAILURE,
            "What happens to the rest when a node fails for good: `stop` (default) or `finish_branches`.",
        ),
        key(
            "workflows",
            Dict(&Object(&BODY)),
            "Further workflows, for `workflow:` nodes of this file.",
        ),
    ],
};

/// A further workflow in the file.
pub(crate) static BODY: Table = Table {
    name: "further_workflow",
    about: "A workflow that nodes of the same file run by its name.",
    one_of: &[],
    keys: &[
        key("version", VERSION, "Your version number of the definition."),
        key("description", Text, "What the workflow is for."),
        key("inputs", INPUTS, "The inputs by name."),
        key("defaults", Object(&DEFAULTS), "What every node has unless it says otherwise."),
        must("nodes", NODES, "The nodes by name."),
        key("outputs", Dict(&Any), "The outputs by name; texts are templates."),
        key("on_failure", FAILURE, "What happens to the rest when a node fails for good."),
    ],
};

/// An input.
pub(crate) static INPUT: Table = Table {
    name: "input",
    about: "A declared input.",
    one_of: &[],
    keys: &[
        key("type", Words(TYPES), "The type that a value must have; `any` by default."),
        key(
            "default",
            Any,
            "The value that is taken when none is given; without it the input is required.",
        ),
        key("description", Text, "What the input is for."),
        key("choices", List(&Any), "The only values that are allowed."),
    ],
};

/// A node.
pub(crate) static NODE: Table = Table {
    name: "node",
    about: "A node: exactly one of `step`, `command`, `agent`, `model`, `workflow`, `wait`.",
    one_of: &WORK,
    keys: &[
        key("step", Text, "A registered step (Rust, Python or JavaScript)."),
        key(
            "command",
            COMMAND,
            "A program and its arguments; no shell is between. Its output is {stdout, stderr, lines, json, exit_code, duration_ms}.",
        ),
        key("agent", DESCRIBED, "An agent: its name, what it can do, or what it is."),
        key("model", NAMED, "A model call."),
        key("workflow", Text, "Another workflow, which runs as a run of its own."),
        key("wait", Object(&WAIT), "Waits for a time, a signal or a person."),
        key("description", Text, "What the node is for."),
        key("with", Any, "The arguments; texts are templates. A command has none."),
        key("needs", TEXTS, "Nodes that must be settled first, beside those that templates name."),
        key("when", OneOf(&[Text, Bool]), "A condition: the node is skipped when it is false."),
        key(
            "map",
            OneOf(&[Text, List(&Any)]),
            "A list: the task runs once for each item, with `item` and `index` in scope.",
        ),
        key("max_parallel", PARALLEL, "How many items of a map run at once; 16 by default."),
        key(
            "on_item_failure",
            ITEM_FAILURE,
            "What a failed item does to its map: `stop` (default), `finish` or `collect`.",
        ),
        key("repeat", Object(&REPEAT), "Runs the task again until a condition holds."),
        key("stdin", Text, "What a command reads from its standard input."),
        key(
            "cwd",
            Text,
            "The working directory of a command; a relative one begins in the folder in which `fusion` is called.",
        ),
        key("env", ENV, "What is added to the environment of a command."),
        key("retry", RETRIES, "Further attempts after a failure."),
        key(
            "timeout",
            TIMEOUT,
            "The limit of one attempt, a sub-workflow included; of the whole wait in a `wait` node.",
        ),
        key(
            "heartbeat",
            Time,
            "The longest silence between two heartbeats of a step, or two pieces of output of a command.",
        ),
        key("cache", CACHE, "Reuses an earlier outcome of the same task with the same input."),
        key("concurrency", SLOTS, "Slots shared with other nodes and runs."),
        key("priority", PRIORITY, "Higher starts first; 0 by default."),
        key(
            "at_most_once",
            Bool,
            "Records the start before the body is entered, and never enters it again.",
        ),
        key(
            "on_unknown",
            UNKNOWN,
            "What happens when nobody knows how an at-most-once node ended: `fail` (default) or `wait_human`.",
        ),
        key(
            "validate",
            List(&Object(&CHECK)),
            "What the output must satisfy; what it does not becomes feedback for the next attempt.",
        ),
        key("fallback", Object(&TASK), "What runs when all attempts have failed."),
        key("compensate", Object(&TASK), "What undoes the node when the run fails later."),
        key("expand", Bool, "The output is a graph, which runs in the node's place."),
    ],
};

/// A task beside the node's own.
pub(crate) static TASK: Table = Table {
    name: "task",
    about: "A task: exactly one of `step`, `command`, `agent`, `model`, `workflow`.",
    one_of: &ACTIONS,
    keys: &[
        key("step", Text, "A registered step."),
        key("command", COMMAND, "A program and its arguments."),
        key("agent", DESCRIBED, "An agent: its name, what it can do, or what it is."),
        key("model", NAMED, "A model call."),
        key("workflow", Text, "Another workflow."),
        key(
            "with",
            Any,
            "The arguments; texts are templates. Those of the node when absent, unless this undoes a map or a loop. A command has none.",
        ),
        key("stdin", Text, "What a command reads from its standard input."),
        key(
            "cwd",
            Text,
            "The working directory of a command; a relative one begins in the folder in which `fusion` is called.",
        ),
        key("env", ENV, "What is added to the environment of a command."),
    ],
};

/// What every node has unless it says otherwise.
pub(crate) static DEFAULTS: Table = Table {
    name: "defaults",
    about: "What every node has unless it says otherwise; a node takes what its kind can have: `wait` nodes nothing, `at_most_once` nodes no `retry`, `workflow` nodes no `heartbeat`, `cache` and `concurrency`.",
    one_of: &[],
    keys: &[
        key("retry", RETRIES, "Further attempts after a failure; keys are merged one by one."),
        key("timeout", TIMEOUT, "The limit of one attempt."),
        key(
            "heartbeat",
            Time,
            "The longest silence between two heartbeats of a step, or two pieces of output of a command.",
        ),
        key("cache", CACHE, "Reuses an earlier outcome of the same task with the same input."),
        key("concurrency", SLOTS, "Slots shared with other nodes and runs."),
        key("priority", PRIORITY, "Higher starts first; 0 by default."),
        key(
            "on_unknown",
            UNKNOWN,
            "What happens when nobody knows how an at-most-once node ended.",
        ),
        key("max_parallel", PARALLEL, "How many items of a map run at once."),
        key("on_item_failure", ITEM_FAILURE, "What a failed item does to its map."),
        key(
            "cwd",
            Text,
            "The working directory of commands; a relative one begins in the folder in which `fusion` is called.",
        ),
        key(
            "env",
            ENV,
            "What is added to the environment of commands; keys are merged one by one.",
        ),
    ],
};

/// Further attempts.
pub(crate) static RETRY: Table = Table {
    name: "retry",
    about: "Further attempts after a failure.",
    one_of: &[],
    keys: &[
        key(
            "attempts",
            Int(1, limits::ATTEMPTS as i64),
            "How many attempts there are at the most, the first one counted.",
        ),
        key("initial", Time, "The pause after the first failure; 1s by default."),
        key(
            "factor",
            Number(0.0, FINITE),
            "What each pause is multiplied by to get the next one; 2 by default.",
        ),
        key("max", Time, "The longest pause; 60s by default."),
        key("jitter", Number(0.0, 1.0), "The share of each pause that is drawn at random, 0 to 1."),
        key("on", TEXTS, "The only classes of failure that are tried again."),
        key("not_on", TEXTS, "Classes of failure that are never tried again."),
    ],
};

/// A limit that comes from history.
pub(crate) static ADAPTIVE: Table = Table {
    name: "adaptive_timeout",
    about: "A limit that is learned from earlier attempts.",
    one_of: &[],
    keys: &[must(
        "learned",
        Object(&LEARNED),
        "The 95th percentile of recent successful attempts times a factor.",
    )],
};

/// What a learned limit is made of.
pub(crate) static LEARNED: Table = Table {
    name: "learned_timeout",
    about: "The bounds of a learned limit.",
    one_of: &[],
    keys: &[
        key(
            "factor",
            Number(0.01, FINITE),
            "What the 95th percentile is multiplied by; 3 by default.",
        ),
        key("floor", Time, "The shortest limit; 1s by default."),
        must(
            "ceiling",
            Time,
            "The longest limit; also the one that holds before there is history.",
        ),
    ],
};

/// Reuse of outcomes.
pub(crate) static REUSE: Table = Table {
    name: "cache",
    about: "Reuse of an earlier outcome.",
    one_of: &[],
    keys: &[
        key("ttl", Time, "How long an outcome may be reused; for ever by default."),
        key("version", Word, "A word that is part of the key: changing it forgets what is cached."),
    ],
};

/// Shared slots.
pub(crate) static CONCURRENCY: Table = Table {
    name: "concurrency",
    about: "A named set of slots shared by all runs on a store.",
    one_of: &[],
    keys: &[
        must("key", Text, "The name, a template."),
        key("limit", Int(1, MANY), "How many bodies with this name may run at once; 1 by default."),
    ],
};

/// A loop.
pub(crate) static REPEAT: Table = Table {
    name: "repeat",
    about: "A bounded loop; `round` (from 1) and `previous` are in the task's scope.",
    one_of: &[],
    keys: &[
        must(
            "until",
            OneOf(&[Text, Bool]),
            "The condition that ends the loop, with `output` and `round` in scope.",
        ),
        must(
            "max",
            Int(1, limits::REPEAT_ROUNDS as i64),
            "The most rounds; one more is a failure of class `limit`.",
        ),
        key("pause", Time, "The pause between rounds."),
    ],
};

/// What a node waits for.
pub(crate) static WAIT: Table = Table {
    name: "wait",
    about: "Exactly one of `duration`, `until`, `signal`, `approval`.",
    one_of: &WAITS,
    keys: &[
        key("duration", Text, "A length of time such as `10m`, a template if you like."),
        key("until", Word, "A moment: RFC 3339 with its offset, or milliseconds since 1970."),
        key("signal", Text, "The name of a signal; its payload is the output."),
        key(
            "approval",
            OneOf(&[Text, Object(&APPROVAL)]),
            "A person's yes or no; the output is {approved, by, comment, at}.",
        ),
    ],
};

/// A question to a person.
pub(crate) static APPROVAL: Table = Table {
    name: "approval",
    about: "A question to a person.",
    one_of: &[],
    keys: &[
        key("role", Text, "The role that is asked, a template: shown with the question."),
        must("message", Text, "What is asked."),
        key("timeout", Time, "How long at the most; then the node fails with class `timeout`."),
    ],
};

/// What an output must satisfy.
pub(crate) static CHECK: Table = Table {
    name: "check",
    about: "What an output must satisfy.",
    one_of: &[],
    keys: &[
        key("min_chars", Int(0, MANY), "The text has at least so many characters."),
        key("max_chars", Int(0, MANY), "The text has at most so many characters."),
        key("contains", Text, "The text contains this text."),
        key("matches", Text, "The text matches this regular expression."),
        key("not_matches", Text, "The text does not match this regular expression."),
        key("json", Bool, "The text is JSON."),
        key(
            "that",
            Text,
            "This expression holds; `output` is in its scope, beside all that the task sees.",
        ),
    ],
};
