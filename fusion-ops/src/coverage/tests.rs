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
    coverage(&spec::read(SPEC), &tasks::plan(tasks), progress, Path::new("/nowhere"))
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
    progress.unmade.insert("FR-001".into(), 1);
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
    let easy =
        Gates { coverage: 0.3, success: 0.6, placeholders: true, critical: vec!["FR-001".into()] };
    assert_eq!(refusals(&at(&progress, TASKS), &easy), []);
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
