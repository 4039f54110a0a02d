//! What a build must reach.

use serde::Serialize;

use super::matrix::{Coverage, RequirementRow, Standing, TaskState};
use crate::check::Gates;

/// A gate that is not reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The gate: `coverage`, `success`, `placeholders`, `checks`, `tests`, `every`, `critical`.
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
        files(coverage).for_each(|message| refuse("placeholders", message));
    }
    let requirements = coverage.requirements.iter().map(|row| (&row.id, &row.checks));
    let stories = coverage.stories.iter().map(|row| (&row.id, &row.checks));
    for (id, checks) in requirements.chain(stories) {
        let fails = |proof: &&crate::check::Proof| proof.check != "file" && !proof.passed;
        for proof in checks.iter().filter(fails) {
            refuse("checks", format!("{id}: {} {}: {}", proof.check, proof.subject, proof.detail));
        }
    }
    for proof in coverage.checks.iter().filter(|proof| !proof.passed) {
        let gate = if proof.check == "tests" { "tests" } else { "checks" };
        refuse(gate, format!("{} {}: {}", proof.check, proof.subject, proof.detail));
    }
    if gates.tests && !coverage.checks.iter().any(|proof| proof.check == "tests") {
        refuse("tests", "the project's own tests were not run yet".to_owned());
    }
    let bare =
        |row: &&RequirementRow| gates.every && row.counts && row.standing == Standing::Uncovered;
    for row in coverage.requirements.iter().filter(bare) {
        refuse("every", format!("{} has no task and no check", row.id));
    }
    let must =
        coverage.requirements.iter().filter(|row| gates.must && row.counts && says_must(row));
    let mut ids: Vec<&str> = gates.critical.iter().map(String::as_str).collect();
    let more: Vec<&str> = must.map(|row| row.id.as_str()).filter(|id| !ids.contains(id)).collect();
    ids.extend(more);
    for id in ids {
        if let Some(message) = critical(coverage, id) {
            refuse("critical", message);
        }
    }
    found
}

/// Whether a requirement says that something must be, not that it should.
fn says_must(row: &RequirementRow) -> bool {
    let mut words = row.text.split(|sign: char| !sign.is_alphanumeric());
    words.any(|word| ["must", "shall"].iter().any(|sure| word.eq_ignore_ascii_case(sure)))
}

/// What is wrong with the files of tasks, and what to do where a task counts as done.
fn files(coverage: &Coverage) -> impl Iterator<Item = String> {
    coverage.tasks.iter().flat_map(|(id, task)| {
        let done = matches!(task.state, TaskState::Done | TaskState::Ticked);
        let again =
            if done { "; take the tick of the task away, and it is done again" } else { "" };
        let wrong = task.proofs.iter().filter(|proof| proof.check == "file" && !proof.passed);
        wrong.map(move |proof| format!("{} of {id}: {}{again}", proof.subject, proof.detail))
    })
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
