//! What a build must reach.

use serde::Serialize;

use super::matrix::{Coverage, Standing, TaskState};
use crate::check::Gates;

/// A gate that is not reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The gate: `coverage`, `success`, `placeholders`, `checks`, `critical`.
    pub gate: String,
    /// What is missing.
    pub message: String,
}

/// Says which gates are not reached. None when all are.
#[expect(clippy::cast_precision_loss, reason = "counts of tasks are far below 2^52")]
pub fn refusals(coverage: &Coverage, gates: &Gates) -> Vec<Refusal> {
    let mut found = Vec::new();
    let mut refuse =
        |gate: &str, message: String| found.push(Refusal { gate: gate.to_owned(), message });
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let (proved, all) = coverage.proved;
    if coverage.share < gates.coverage {
        let message = format!(
            "{proved} of {all} requirements are proved ({}): {} are asked for",
            percent(coverage.share),
            percent(gates.coverage)
        );
        refuse("coverage", message);
    }
    let wanted: Vec<TaskState> = coverage
        .tasks
        .values()
        .map(|one| one.state)
        .filter(|state| *state != TaskState::SetAside)
        .collect();
    let good =
        wanted.iter().filter(|state| matches!(state, TaskState::Done | TaskState::Ticked)).count();
    let share = if wanted.is_empty() { 1.0 } else { good as f64 / wanted.len() as f64 };
    if share < gates.success {
        let message = format!(
            "{good} of {} tasks are done ({}): {} are asked for",
            wanted.len(),
            percent(share),
            percent(gates.success)
        );
        refuse("success", message);
    }
    if !gates.placeholders {
        for (id, task) in &coverage.tasks {
            let wrong = |proof: &&crate::check::Proof| proof.check == "file" && !proof.passed;
            for proof in task.proofs.iter().filter(wrong) {
                refuse("placeholders", format!("{} of {id}: {}", proof.subject, proof.detail));
            }
        }
    }
    let requirements = coverage.requirements.iter().map(|row| (&row.id, &row.checks));
    let stories = coverage.stories.iter().map(|row| (&row.id, &row.checks));
    for (id, checks) in requirements.chain(stories) {
        let fails = |proof: &&crate::check::Proof| proof.check != "file" && !proof.passed;
        for proof in checks.iter().filter(fails) {
            refuse("checks", format!("{id}: {} {}: {}", proof.check, proof.subject, proof.detail));
        }
    }
    for id in &gates.critical {
        if let Some(message) = critical(coverage, id) {
            refuse("critical", message);
        }
    }
    found
}

/// Why a requirement or a story that is critical is not tested; a file that is there is no test.
fn critical(coverage: &Coverage, id: &str) -> Option<String> {
    let (done, checks) = if let Some(row) = coverage.requirements.iter().find(|row| row.id == *id) {
        (row.standing == Standing::Done, &row.checks)
    } else if let Some(row) = coverage.stories.iter().find(|row| row.id == *id) {
        (row.checks.iter().all(|proof| proof.passed), &row.checks)
    } else {
        return Some(format!("{id} is critical, and spec.md does not have it"));
    };
    let tested = checks.iter().any(|proof| proof.passed && proof.check != "file");
    if done && tested {
        return None;
    }
    let why = if tested {
        "it is not done"
    } else {
        "no command, service or schema that was checked proves it"
    };
    Some(format!("{id} is critical: {why}"))
}
