//! What is proved, and what only claims to be.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::Standing::{Done, Failed, Open, Uncovered, Unproved};
use super::*;
use crate::check::{Gates, Proof};
use crate::{spec, tasks};

const SPEC: &str = "# A\n\n### User Story 1 - One (P1)\n\nFR-001\n\n## Requirements\n- **FR-001**: One & all\n- **FR-002**: Two\n- **FR-003**: Three\n- **SC-001**: Fast\n";
const TASKS: &str =
    "- [x] T001 [US1] Do (FR-001)\n- [x] T002 Do (FR-002)\n- [ ] T003 Do (FR-002)\n";

fn done(proofs: Vec<Proof>) -> TaskProgress {
    TaskProgress { state: TaskState::Done, by: "w".into(), proofs, ..TaskProgress::default() }
}

fn at(progress: &Progress, tasks: &str) -> Coverage {
    coverage((&spec::read(SPEC), &[]), &tasks::plan(tasks), progress, Path::new("/nowhere"))
}

#[test]
fn requirements_of_components_have_rows_and_are_done_by_what_proves_them() {
    let read = |component: &str, text: &str| -> Vec<spec::OfComponent> {
        let requirements = spec::read(text).requirements.into_iter();
        requirements
            .map(|requirement| spec::OfComponent { component: component.to_owned(), requirement })
            .collect()
    };
    let brought = read(
        "payments checkout",
        "# P\n\n## Requirements\n- **FR-PAY-001**: Nobody pays twice\n- **FR-PAY-002**: Refunds\n- **FR-001**: Another\n",
    );
    let plan = tasks::plan(&format!("{TASKS}- [x] T004 Pay (FR-PAY-001)\n"));
    let covered = |progress: &Progress| {
        coverage((&spec::read(SPEC), &brought), &plan, progress, Path::new("/nowhere"))
    };
    let rows = |covered: &Coverage| -> Vec<(String, String, Standing, bool)> {
        let rows = covered.requirements.iter().skip(4).cloned();
        rows.map(|row| (row.id, row.component, row.standing, row.counts)).collect()
    };
    let of = || "payments checkout".to_owned();
    let mut progress = Progress::default();
    let ticked = covered(&progress);
    // A tick proves nothing; they are counted apart; the specification's own FR-001 stays the only one.
    assert_eq!(
        rows(&ticked),
        [
            ("FR-PAY-001".into(), of(), Unproved, false),
            ("FR-PAY-002".into(), of(), Uncovered, false)
        ]
    );
    assert_eq!((ticked.proved, ticked.of_components), ((0, 3), (0, 2)));
    progress.tasks.insert("T004".into(), done(vec![Proof::new("command", "a", true, "")]));
    let proved = covered(&progress);
    assert_eq!((rows(&proved)[0].2, proved.proved, proved.of_components), (Done, (0, 3), (1, 2)));
    let page = page("a", &proved, &[], &[]);
    assert!(page.contains("FR-PAY-001<br><small>of payments checkout</small>"), "{page}");
    let json = serde_json::to_value(&proved).unwrap();
    assert_eq!(json["requirements"][4]["component"], "payments checkout");
    assert!(json["requirements"][0].get("component").is_none());
}

#[test]
fn only_what_is_proved_is_done() {
    let nothing = at(&Progress::default(), TASKS);
    let stand = |covered: &Coverage| {
        covered.requirements.iter().map(|row| row.standing).collect::<Vec<_>>()
    };
    // A box that is ticked proves nothing.
    assert_eq!(stand(&nothing), [Unproved, Open, Uncovered, Uncovered]);
    assert_eq!(nothing.proved, (0, 3), "a measure that nobody works at does not count");
    let mut progress = Progress::default();
    progress.tasks.insert("T001".into(), done(vec![Proof::new("command", "a", true, "")]));
    let one = at(&progress, TASKS);
    assert_eq!(stand(&one), [Done, Open, Uncovered, Uncovered]);
    assert!((one.stories[0].share - 1.0).abs() < f64::EPSILON);
    // A check of the requirement itself counts, too.
    progress.checks.insert("FR-001".into(), vec![Proof::new("http", "a", false, "no")]);
    assert_eq!(stand(&at(&progress, TASKS))[0], Failed);
    // One that was asked for and not made leaves it unproved.
    progress.checks.clear();
    progress.unmade.insert("FR-001".into());
    assert_eq!(stand(&at(&progress, TASKS))[0], Unproved);
    progress.unmade.clear();
    // A check of a story that fails is seen, whatever else is done.
    progress.checks.insert("US1".into(), vec![Proof::new("command", "a", false, "no")]);
    let failed = at(&progress, TASKS);
    assert!(failed.stories[0].share.abs() < f64::EPSILON);
    let open = Gates { coverage: 0.0, success: 0.0, ..Gates::default() };
    assert_eq!(refusals(&failed, &open)[0].gate, "checks");
    // A file that a run has seen and that is gone is no proof any more.
    progress.checks.clear();
    progress.tasks.insert("T001".into(), done(vec![Proof::new("file", "gone.py", true, "")]));
    assert_eq!(stand(&at(&progress, TASKS))[0], Failed);
    // A tick that was taken away means that it is to be done again.
    assert_eq!(stand(&at(&progress, &TASKS.replace("[x] T001", "[ ] T001")))[0], Open);
}

#[test]
fn gates_say_what_is_missing() {
    let mut progress = Progress::default();
    progress.tasks.insert("T001".into(), done(vec![Proof::new("file", "gone.py", true, "")]));
    let gates = Gates {
        critical: vec!["FR-001".into(), "US1".into(), "FR-009".into()],
        ..Gates::default()
    };
    let refused = refusals(&at(&progress, TASKS), &gates);
    let named: Vec<&str> = refused.iter().map(|one| one.gate.as_str()).collect();
    assert_eq!(named, ["coverage", "success", "placeholders", "critical", "critical", "critical"]);
    progress.tasks.insert("T001".into(), done(vec![Proof::new("command", "a", true, "")]));
    let easy = Gates {
        coverage: 0.3,
        success: 0.6,
        placeholders: true,
        critical: vec!["FR-001".into()],
        ..Gates::default()
    };
    assert_eq!(refusals(&at(&progress, TASKS), &easy), []);
}

#[test]
fn what_a_level_asks_for_is_refused_when_it_is_missing() {
    let mut progress = Progress::default();
    let easy = Gates { coverage: 0.0, success: 0.0, placeholders: true, ..Gates::default() };
    let named = |progress: &Progress, gates: &Gates, tasks: &str| -> Vec<String> {
        refusals(&at(progress, tasks), gates).into_iter().map(|one| one.message).collect()
    };
    assert_eq!(named(&progress, &easy, TASKS), [""; 0]);
    let every = Gates { every: true, ..easy.clone() };
    assert_eq!(named(&progress, &every, TASKS), ["FR-003 has no task and no check"]);
    // Only what says MUST or SHALL must be: a file is no proof of it, a command is.
    let must = Gates { must: true, ..easy.clone() };
    assert_eq!(named(&progress, &must, TASKS), [""; 0]);
    let spec = spec::read(&SPEC.replace("One & all", "One MUST stay").replace("Two", "It should"));
    let plan = tasks::plan(TASKS);
    let of = |progress: &Progress| {
        let covered = coverage((&spec, &[]), &plan, progress, Path::new("/nowhere"));
        refusals(&covered, &must).into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    assert_eq!(of(&progress).len(), 1);
    progress.tasks.insert("T001".into(), done(vec![Proof::new("command", "a", true, "")]));
    assert_eq!(of(&progress), [""; 0]);
    let tests = Gates { tests: true, ..easy.clone() };
    assert!(named(&progress, &tests, TASKS)[0].contains("not run yet"));
    progress.checks.insert(String::new(), vec![Proof::new("tests", "npm test", false, "two fail")]);
    assert_eq!(named(&progress, &tests, TASKS), ["tests npm test: two fail"]);
    progress.checks.insert(String::new(), vec![Proof::new("tests", "npm test", true, "")]);
    assert_eq!(named(&progress, &tests, TASKS), [""; 0]);
    progress.whole.push(Proof::new("component", "security: a plan", false, "there is none"));
    assert_eq!(named(&progress, &easy, TASKS).len(), 1);
}

#[test]
fn the_page_holds_no_code_of_others() {
    let hostile = "<img src=x onerror=alert(1)>\u{1b}[2J\"'&\u{202e}";
    let mut progress = Progress::default();
    progress
        .tasks
        .insert("T001".into(), done(vec![Proof::new("command", hostile, false, hostile)]));
    let covered = at(&progress, TASKS);
    let html = page(hostile, &covered, &refusals(&covered, &Gates::default()), &[]);
    assert!(
        !html.contains("<img")
            && !html.contains("<script")
            && !html.contains('\u{1b}')
            && !html.contains('\u{202e}')
    );
    assert!(html.contains("One &amp; all"));
}

fn proof() -> impl Strategy<Value = Proof> {
    (prop::bool::ANY, prop::sample::select(vec!["file", "command"]))
        .prop_map(|(passed, check)| Proof::new(check, "gone.py", passed, ""))
}

proptest! {
    #[test]
    fn done_always_has_a_check_that_holds(
        marks in prop::collection::vec(0..3usize, 3),
        states in prop::collection::vec((0..5usize, prop::collection::vec(proof(), 0..3)), 3),
        own in prop::collection::vec(proof(), 0..2),
    ) {
        let mut text = String::new();
        for (at, (mark, line)) in marks.iter().zip(["(FR-001)", "(FR-002)", "(FR-002) (FR-001)"]).enumerate() {
            let _ = writeln!(text, "- [{}] T00{} Do {line}", [" ", "x", "-"][*mark], at + 1);
        }
        let mut progress = Progress::default();
        for (at, (state, proofs)) in states.into_iter().enumerate() {
            let state = [TaskState::Open, TaskState::Running, TaskState::Done, TaskState::Failed, TaskState::Ticked][state];
            progress.tasks.insert(format!("T00{}", at + 1), TaskProgress { state, proofs, ..TaskProgress::default() });
        }
        progress.checks.insert("FR-003".into(), own);
        let covered = at(&progress, &text);
        for row in covered.requirements.iter().filter(|row| row.standing == Standing::Done) {
            prop_assert!(row.checks.iter().any(|proof| proof.passed), "{row:?}");
            prop_assert!(row.checks.iter().all(|proof| proof.passed), "{row:?}");
            prop_assert!(row.tasks.iter().all(|(_, state)| matches!(state, TaskState::Done | TaskState::Ticked | TaskState::SetAside)));
        }
    }
}

#[test]
fn a_phase_is_validated_when_each_of_its_tasks_is_proved() {
    let text = "# Tasks\n## Phase 1: Setup\n- [x] T001 Do a\n- [-] T002 Later\n## Phase 2: Core\n- [x] T003 Do b\n- [x] T004 Do c\n";
    let mut progress = Progress::default();
    progress.tasks.insert("T001".into(), done(vec![Proof::new("command", "a", true, "")]));
    let aside = TaskProgress { state: TaskState::SetAside, ..TaskProgress::default() };
    progress.tasks.insert("T002".into(), aside);
    progress.tasks.insert("T003".into(), done(vec![Proof::new("command", "b", true, "")]));
    let plan = tasks::plan(text);
    let reports = phases(&plan, &at(&progress, text));
    let seen: Vec<(&str, &str, bool)> = reports
        .iter()
        .map(|one| (one.phase.as_str(), one.agent.as_str(), one.checkpoint_validated))
        .collect();
    // A box that somebody ticked is done, and not proved.
    assert_eq!(seen, [("phase_1_complete", "w", true), ("phase_2_complete", "w", false)]);
    let schema = jsonschema::validator_for(&phase_schema()).unwrap();
    assert!(reports.iter().all(|one| schema.is_valid(&serde_json::json!(one))));
    let others = serde_json::json!({
        "agent": "devops-engineer", "phase": "phase_8_complete", "checkpoint_validated": true,
        "infrastructure": {"docker_compose": "valid", "dockerfiles": "built", "documentation": "complete", "deployment_ready": true},
    });
    assert!(schema.is_valid(&others));
    assert!(!schema.is_valid(&serde_json::json!({"agent": "a", "phase": "phase_1"})));
}
