//! What became of each phase of a plan, in the form in which agents report a phase.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::matrix::{Coverage, TaskProgress, TaskState};
use crate::tasks::{Plan, Task};

/// The report of a phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseReport {
    /// Who worked at it, several with a comma between; `none` when nobody did.
    pub agent: String,
    /// The phase: `phase_2`, and `phase_2_complete` when nothing of it is open.
    pub phase: String,
    /// Its heading.
    pub name: String,
    /// Its tasks by id: where they stand, who did them, how many checks hold.
    pub results: Value,
    /// Whether each of its tasks is done, and checks of it were made and all held. What was put off does not count.
    pub checkpoint_validated: bool,
}

/// Reports every phase that has tasks, in the order of the plan.
pub fn phases(plan: &Plan, coverage: &Coverage) -> Vec<PhaseReport> {
    let one = |(part, phase): (usize, &crate::tasks::Phase)| {
        let tasks: Vec<&Task> = plan.tasks.iter().filter(|task| task.part == part).collect();
        let known: Vec<(&Task, &TaskProgress)> = tasks
            .into_iter()
            .filter_map(|task| Some((task, coverage.tasks.get(&task.id)?)))
            .collect();
        let key = phase.key.as_deref().unwrap_or(&phase.name);
        (!known.is_empty()).then(|| report(key, &phase.name, &known))
    };
    plan.phases.iter().enumerate().filter_map(one).collect()
}

fn report(key: &str, name: &str, known: &[(&Task, &TaskProgress)]) -> PhaseReport {
    let due =
        || known.iter().map(|(_, task)| *task).filter(|task| task.state != TaskState::SetAside);
    let is_over = |task: &TaskProgress| matches!(task.state, TaskState::Done | TaskState::Ticked);
    let is_proved = |task: &TaskProgress| {
        !task.proofs.is_empty() && task.proofs.iter().all(|proof| proof.passed)
    };
    let mut agents: Vec<&str> =
        due().map(|task| task.by.as_str()).filter(|by| !by.is_empty()).collect();
    agents.sort_unstable();
    agents.dedup();
    let complete = due().all(is_over);
    let letters = key.chars().map(|sign| if sign.is_alphanumeric() { sign } else { '_' });
    let slug: String = letters.flat_map(char::to_lowercase).collect();
    let mut results = Map::new();
    for (task, now) in known {
        let held = now.proofs.iter().filter(|proof| proof.passed).count();
        let wrong = now.proofs.len() - held;
        let state =
            json!({"state": now.state, "by": now.by, "checks": {"passed": held, "failed": wrong}});
        results.insert(task.id.clone(), state);
    }
    PhaseReport {
        agent: if agents.is_empty() { "none".to_owned() } else { agents.join(", ") },
        phase: format!(
            "phase_{}{}",
            slug.trim_matches('_'),
            if complete { "_complete" } else { "" }
        ),
        name: name.to_owned(),
        results: Value::Object(results),
        checkpoint_validated: complete && due().next().is_some() && due().all(is_proved),
    }
}

/// Gives the JSON Schema of the report of a phase. What an agent found may stand in `results` or in maps of its own.
pub fn phase_schema() -> Value {
    let text = |about: &str| json!({"type": "string", "minLength": 1, "description": about});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The report of a phase",
        "type": "object",
        "required": ["agent", "phase", "checkpoint_validated"],
        "properties": {
            "agent": text("Who worked at it"),
            "phase": text("The phase: `phase_2`, and `phase_2_complete` when nothing of it is open"),
            "name": {"type": "string", "description": "Its heading"},
            "results": {"type": "object", "description": "What came of it, by task or by subject"},
            "checkpoint_validated": {"type": "boolean", "description": "Whether all of it is done, and proved"},
        },
        "additionalProperties": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    })
}
