//! What a node does: whether it can be done at all.

use serde_json::Value;

use super::names::outside;
use super::report::Report;
use super::site::At;
use crate::error::{Code, Error};
use crate::graph::duration::{parse_moment, parse_ms};
use crate::graph::template::{has_tags, pattern, whole};
use crate::model::graph::{Action, Check, Kind, Map, Node, Repeat, Task, WaitSpec};
use crate::model::limits;

/// Reports what cannot work in the kind of a node, its checks, its fallback and its compensation.
pub(super) fn check(node: &Node, at: &At<'_>, report: &mut Report<'_>) {
    match &node.kind {
        Kind::Run(task) => check_task(task, at, report),
        Kind::Map(map) => {
            check_map(map, at, report);
            check_task(&map.task, at, report);
        }
        Kind::Repeat(repeat) => {
            check_repeat(repeat, at, report);
            check_task(&repeat.task, at, report);
        }
        Kind::Wait(wait) => check_wait(wait, &at.name("wait"), report),
    }
    let Some(more) = &node.more else { return };
    if more.expand && matches!(node.kind, Kind::Map(_) | Kind::Repeat(_)) {
        let message =
            format!("node `{}` cannot `expand`: only a single task gives a graph", node.id);
        let hint = "let a node of its own make the graph";
        report.add(&at.name("expand"), Error::new(Code::WrongType, message).hint(hint));
    }
    if let Some(task) = &more.fallback {
        check_task(task, &at.name("fallback"), report);
    }
    if let Some(task) = &more.compensate {
        check_task(task, &at.name("compensate"), report);
    }
    for (index, one) in more.validate.iter().enumerate() {
        let (Check::Matches(text) | Check::NotMatches(text)) = one else { continue };
        if let Err(why) = pattern::check(text) {
            let message = format!("`{text}` is not a regular expression: {why}");
            let up = at.name("validate");
            report.add(&up.index(index), Error::new(Code::WrongType, message));
        }
    }
}

fn check_task(task: &Task, at: &At<'_>, report: &mut Report<'_>) {
    match &task.action {
        Action::Step(name) => outside(name, "step", &at.name("step"), report),
        Action::Workflow(name) => outside(name, "workflow", &at.name("workflow"), report),
        Action::Command(program) => {
            if !task.with.is_null() {
                let message = format!("{} runs a command, which takes no `with`", at.owner());
                let hint =
                    "put the values into its arguments, into `env` or into `stdin`, as templates";
                report.add(&at.name("with"), Error::new(Code::WrongType, message).hint(hint));
            }
            let at = at.name("command");
            if program.argv.first().is_none_or(|program| program.trim().is_empty()) {
                let error = Error::new(Code::WrongType, "the command names no program");
                report.add(&at, error.hint("write `command: [\"program\", \"argument\"]`"));
            }
            let mut texts = program.argv.iter().chain(&program.stdin).chain(&program.cwd);
            let env = program.env.iter().any(|(key, value)| {
                key.is_empty() || key.contains(['=', '\0']) || value.contains('\0')
            });
            if texts.any(|text| text.contains('\0')) || env {
                let message = "the command has a text with a NUL, or a variable whose name has `=` or nothing in it";
                report.add(&at, Error::new(Code::WrongType, message));
            }
        }
        Action::Agent(value) | Action::Model(value) => {
            if value.is_null() || value.as_str().is_some_and(|name| name.trim().is_empty()) {
                let message = "an agent or a model is named by a text or described by a map";
                report.add(at, Error::new(Code::WrongType, message));
            }
        }
    }
}

fn check_map(map: &Map, at: &At<'_>, report: &mut Report<'_>) {
    if map.max_parallel == 0 {
        let error = Error::new(Code::WrongType, "`max_parallel` must be at least 1");
        report.add(&at.name("max_parallel"), error);
    }
    let message = match &map.over {
        Value::Array(items) if items.len() > limits::MAP_ITEMS => {
            format!("`map` has {} items; the most are {}", items.len(), limits::MAP_ITEMS)
        }
        Value::String(text) if has_tags(text) && whole(text).is_some() => return,
        Value::Array(_) => return,
        Value::String(text) => format!("`map` needs a list, found the text {text:?}"),
        other => format!("`map` needs a list, found `{other}`"),
    };
    let error = Error::new(Code::WrongType, message);
    report.add(
        &at.name("map"),
        error.hint("write a list, or one whole `\"{{ … }}\"` that gives one"),
    );
}

fn check_repeat(repeat: &Repeat, at: &At<'_>, report: &mut Report<'_>) {
    let at = at.name("repeat");
    if repeat.max == 0 || repeat.max > limits::REPEAT_ROUNDS {
        let message = format!(
            "`repeat.max` must be from 1 to {}, found {}",
            limits::REPEAT_ROUNDS,
            repeat.max
        );
        report.add(&at.name("max"), Error::new(Code::WrongType, message));
    }
    if repeat.until.trim().is_empty() {
        let error = Error::new(Code::WrongType, "`repeat.until` is empty");
        report.add(&at.name("until"), error.hint("write a condition, such as `output.done`"));
    }
    timer(repeat.pause_ms, "repeat.pause", &at.name("pause"), report);
}

fn check_wait(wait: &WaitSpec, at: &At<'_>, report: &mut Report<'_>) {
    let wrong = |at: &At<'_>, message: String, report: &mut Report<'_>| {
        report.add(at, Error::new(Code::WrongType, message));
    };
    match wait {
        WaitSpec::Duration(text) if !has_tags(text) => {
            if let Err(message) = parse_ms(text) {
                wrong(&at.name("duration"), message, report);
            }
        }
        WaitSpec::Until(text) if !has_tags(text) => {
            if let Err(message) = parse_moment(text) {
                wrong(&at.name("until"), message, report);
            }
        }
        WaitSpec::Duration(_) | WaitSpec::Until(_) => {}
        WaitSpec::Signal { name, timeout_ms } => {
            outside(name, "signal", &at.name("signal"), report);
            timer(timeout_ms.unwrap_or(0), "timeout", &at.name("timeout"), report);
        }
        WaitSpec::Approval { message, timeout_ms, .. } => {
            if message.trim().is_empty() {
                let message = "`approval.message` is empty: say what is asked".to_owned();
                wrong(&at.name("approval"), message, report);
            }
            timer(timeout_ms.unwrap_or(0), "timeout", &at.name("timeout"), report);
        }
    }
}

/// Reports a length of time over the longest timer.
pub(super) fn timer(ms: u64, name: &str, at: &At<'_>, report: &mut Report<'_>) {
    if ms > limits::TIMER_MS {
        let message = format!("`{name}` is {ms} ms, longer than 100 years");
        report.add(at, Error::new(Code::WrongType, message));
    }
}
