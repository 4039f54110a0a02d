//! What whoever works at a task is told: the tasks that come first, the requirements that it names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::model::{Plan, State, Task};
use crate::spec::Spec;

/// Gives the texts of the requirements that a task names, each after an empty line; those that nobody knows are left out.
pub(crate) fn requirements(task: &Task, texts: &BTreeMap<String, String>) -> String {
    let mut told = String::new();
    for id in &task.requirements {
        if let Some(text) = texts.get(id) {
            // Writing to a string cannot fail.
            let _ = write!(told, "\n\n{id}: {text}");
        }
    }
    told
}

/// The most lines that are named in one sentence.
const LINES: usize = 12;

/// Says which tasks name no requirement, in one sentence; nothing where all do, or none is there to be named.
pub fn unnamed(plan: &Plan, spec: &Spec) -> Option<String> {
    let mut lines: Vec<usize> = plan
        .tasks
        .iter()
        .filter(|task| task.requirements.is_empty() && task.state != State::Cancelled)
        .map(|task| task.line)
        .collect();
    let (count, all) = (lines.len(), plan.tasks.len());
    if count == 0 || spec.requirements.is_empty() {
        return None;
    }
    lines.truncate(LINES);
    let shown: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let more = if count > LINES { format!(" and {} more", count - LINES) } else { String::new() };
    Some(format!(
        "{count} of {all} tasks name no requirement and prove none: tasks.md lines {}{more}; write `(FR-001)` into the line of a task \
         that serves FR-001",
        shown.join(", ")
    ))
}

/// What open tasks need of open ones; what was put off or given up hands on what it needed itself.
pub(crate) fn open_needs(plan: &Plan) -> Vec<Vec<usize>> {
    let places: HashMap<&str, usize> =
        plan.tasks.iter().enumerate().map(|(at, task)| (task.id.as_str(), at)).collect();
    let direct = |at: usize| {
        let needs = plan.tasks.get(at).into_iter().flat_map(|task| &task.needs);
        needs.filter_map(|need| places.get(need.id.as_str()).copied())
    };
    let of = |at: usize| {
        let (mut needs, mut seen) = (Vec::new(), HashSet::new());
        let mut rest: Vec<usize> = direct(at).collect();
        while let Some(need) = rest.pop() {
            if !seen.insert(need) {
                continue;
            }
            match plan.tasks.get(need).map(|task| task.state) {
                Some(State::Open) => needs.push(need),
                Some(State::Deferred | State::Cancelled) => rest.extend(direct(need)),
                Some(State::Done) | None => {}
            }
        }
        needs.sort_unstable();
        needs
    };
    (0..plan.tasks.len()).map(of).collect()
}
