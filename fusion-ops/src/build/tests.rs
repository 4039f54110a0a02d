//! Jobs, the workflow of a build, boxes.

use std::fmt::Write as _;

use fusion_core::Fusion;
use fusion_core::graph::file;
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::check::Settings;
use crate::spec::{self, Folder};
use crate::tasks::{self, State};

const SPEC: &str = "# Blog\n\n### User Story 1 - Read (P1)\n\n1. **Given** a, **When** b, **Then** c\n\n## Requirements\n\n\
                    - **FR-001**: Posts {{ secrets.KEY }} {% for %}\n- **FR-002**: Lists\n";
const TASKS: &str = "## Phase 1: Core\n- [x] T001 Begin\n- [ ] T002 [US1] Write src/a.py (FR-001)\n- [-] T003 Later (depends on T002)\n\
                     - [ ] T004 Use it (FR-002) (depends on T003)\n- [ ] T005 Remove src/old.py (FR-PAY-001)\n";

fn folder(at: &std::path::Path, tasks: &str) -> Folder {
    std::fs::write(at.join("spec.md"), SPEC).unwrap();
    std::fs::write(at.join("tasks.md"), tasks).unwrap();
    Folder::open(at).unwrap()
}

fn crew(workers: usize) -> Crew {
    let worker = |at: usize| Worker {
        name: format!("w{at}"),
        agent: json!({"program": "claude", "mode": "edit", "workspace": "{{ inputs.workspace }}"}),
    };
    let tasks = ["T002", "T004", "T005"].map(|id| (id.to_owned(), (0..workers).collect()));
    Crew {
        workers: (0..workers).map(worker).collect(),
        tasks: tasks.into(),
        jobs: 1,
        attempts: 3,
        person: true,
    }
}

#[test]
fn jobs_hold_what_their_task_needs() {
    let text = "build: 1\nchecks:\n- { task: T002, command: [a] }\n- { requirement: FR-002, command: [b] }\n- { story: US1, command: [c] }\ninputs: { T004: [x.sql] }\n";
    let settings = Settings::parse(text, "build.yaml").unwrap();
    let jobs = jobs(
        &tasks::plan(TASKS),
        &Said::new(
            &spec::read(SPEC),
            [("FR-PAY-001".to_owned(), "Nobody pays twice".to_owned())].into(),
        ),
        &settings,
    );
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["T002", "T004", "T005"]);
    // What was put off hands on what it needed.
    assert_eq!((&jobs[0].needs, &jobs[1].needs), (&vec![], &vec!["T002".to_owned()]));
    assert_eq!((jobs[0].checks.len(), jobs[1].checks.len()), (2, 1));
    assert_eq!(jobs[1].inputs, ["x.sql"]);
    assert_eq!(jobs[0].files, ["src/a.py"]);
    assert!(jobs[2].prompt.contains("FR-PAY-001: Nobody pays twice"));
    assert!(jobs[2].files.is_empty(), "a task that removes a file does not leave it");
    assert!(
        jobs[0].prompt.contains("FR-001: Posts {{ secrets.KEY }}")
            && !jobs[0].prompt.contains("FR-002")
    );
    // The check of the requirement is made at the end, and it is none of tests.
    assert_eq!(jobs[0].also, "");
    assert!(jobs[0].prompt.contains("given a, when b, then c"));
}

#[test]
fn agents_are_told_of_the_tests_at_the_end() {
    let settings = Settings::parse("build: 1\nchecks: [{ tests: true }]\n", "build.yaml").unwrap();
    let spec = spec::read(SPEC);
    let said = Said::new(&spec, std::collections::BTreeMap::new());
    let (told, plain) = (
        jobs(&tasks::plan(TASKS), &said, &settings),
        jobs(&tasks::plan(TASKS), &said, &Settings::default()),
    );
    assert!(told[0].also.contains("tests are found and run"));
    assert_eq!(told[0].basis, plain[0].basis, "it is done for the same words");
}

#[test]
fn the_workflow_is_right_for_every_crew() {
    let at = TempDir::new().unwrap();
    let build = prepare(&folder(at.path(), TASKS)).unwrap();
    for workers in 1..=3 {
        for person in [true, false] {
            let crew = Crew { person, ..crew(workers) };
            let text = build.workflow(at.path(), &crew).to_string();
            let file = file::parse(&text, "w").unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(file.graph.nodes.len(), 4);
            assert!(file.warnings.is_empty(), "{:?}", file.warnings);
            assert!(!text.contains("secrets"), "texts of the specification are no templates");
        }
    }
}

#[test]
fn the_id_is_of_the_texts_and_not_of_the_boxes() {
    let at = TempDir::new().unwrap();
    let id = |tasks: &str, workers: usize| {
        prepare(&folder(at.path(), tasks)).unwrap().id(at.path(), &crew(workers))
    };
    let first = id(TASKS, 1);
    assert_eq!(first, id(&TASKS.replace("[ ] T002", "[x] T002"), 1));
    assert_ne!(first, id(&TASKS.replace("Use it", "Use them"), 1));
    assert_ne!(first, id(TASKS, 2));
    assert!(first.starts_with("build-") && first.len() <= 128);
}

#[test]
fn without_tasks_they_are_made() {
    let at = TempDir::new().unwrap();
    std::fs::write(at.path().join("spec.md"), SPEC).unwrap();
    let build = prepare(&Folder::open(at.path()).unwrap()).unwrap();
    assert_eq!(build.jobs.len(), 3);
    assert!(build.made.is_some());
    std::fs::write(at.path().join("spec.md"), "# Nothing\n").unwrap();
    let error = prepare(&Folder::open(at.path()).unwrap()).unwrap_err();
    assert!(error.message().contains("has no tasks"), "{error:?}");
}

#[test]
fn boxes_are_set_and_nothing_else() {
    let at = TempDir::new().unwrap();
    folder(at.path(), TASKS);
    assert_eq!(state(at.path(), "T002").unwrap(), Some(State::Open));
    assert!(set(at.path(), "T002", State::Done).unwrap());
    assert!(!set(at.path(), "T002", State::Done).unwrap(), "twice changes nothing");
    let text = std::fs::read_to_string(at.path().join("tasks.md")).unwrap();
    assert_eq!(text, TASKS.replace("[ ] T002", "[x] T002"));
    assert_eq!(state(at.path(), "T009").unwrap(), None);
    assert!(state(&at.path().join("none"), "T001").is_err());
    let left: Vec<_> =
        std::fs::read_dir(at.path()).unwrap().flatten().map(|one| one.file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn two_processes_leave_one_another_their_ticks() {
    let at = TempDir::new().unwrap();
    let spec = at.path().join("spec");
    std::fs::create_dir(&spec).unwrap();
    folder(&spec, TASKS);
    let one = Fusion::open("memory://").await.unwrap();
    let two = Fusion::builder("memory://").store(one.store()).open().await.unwrap();
    let (first, second) = (Boxes::of(&one, &spec), Boxes::of(&two, &spec));
    first.keep().await.unwrap();
    assert!(second.sweep().await.unwrap().is_empty(), "what was ticked before stays");
    first.prove("T002").await.unwrap();
    set(&spec, "T004", State::Done).unwrap();
    assert_eq!(second.sweep().await.unwrap(), ["T004"], "an agent has ticked it");
    assert_eq!(state(&spec, "T002").unwrap(), Some(State::Done), "the other one has proved it");
    // It was interrupted, and somebody ticks a box before it goes on.
    set(&spec, "T004", State::Done).unwrap();
    second.keep().await.unwrap();
    assert!(first.sweep().await.unwrap().is_empty());
    assert!(
        first.is_of_people("T004").await.unwrap() && !first.is_of_people("T002").await.unwrap()
    );
    first.take_away("T002").await.unwrap();
    set(&spec, "T002", State::Done).unwrap();
    assert_eq!(second.sweep().await.unwrap(), ["T002"], "it is done once more, and not proved yet");
    two.close().await.unwrap();
}

/// Where the other process finds the specification.
const SPEC_OF_OTHER: &str = "FUSION_TEST_TICKS";
const MANY: usize = 60;

/// Sets the boxes of every second task, as one of several processes.
#[test]
fn ticks_of_another_process() {
    #[expect(
        clippy::disallowed_methods,
        reason = "so the test tells its other process where to work"
    )]
    let Ok(given) = std::env::var(SPEC_OF_OTHER) else { return };
    let (half, spec) = given.split_once(' ').unwrap();
    let half: usize = half.parse().unwrap();
    for at in (half..MANY).step_by(2) {
        assert!(set(std::path::Path::new(spec), &format!("T{at:03}"), State::Done).unwrap());
    }
}

#[test]
fn no_tick_is_lost_when_two_processes_set_boxes_at_once() {
    let at = TempDir::new().unwrap();
    let lines: Vec<String> = (0..MANY).map(|at| format!("- [ ] T{at:03} Do it\n")).collect();
    folder(at.path(), &lines.concat());
    let others: Vec<_> = (0..2)
        .map(|half| {
            #[expect(clippy::disallowed_methods, reason = "the test is about another process")]
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "build::tests::ticks_of_another_process"])
                .env(SPEC_OF_OTHER, format!("{half} {}", at.path().display()))
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut other in others {
        assert!(other.wait().unwrap().success());
    }
    let text = std::fs::read_to_string(at.path().join("tasks.md")).unwrap();
    assert_eq!(text, lines.concat().replace("[ ]", "[x]"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_plan_is_a_right_workflow(lines in prop::collection::vec("[ -~é{}%#]{0,40}", 1..12), marks in prop::collection::vec(0..3usize, 12)) {
        let mut text = String::new();
        for (at, (line, mark)) in lines.iter().zip(marks).enumerate() {
            let sign = [" ", "x", "-"][mark];
            let _ = writeln!(text, "- [{sign}] T{at:03} do {line}");
        }
        let plan = tasks::plan(&text);
        let all = jobs(&plan, &Said::new(&spec::read(SPEC), std::collections::BTreeMap::new()), &Settings::default());
        prop_assert_eq!(all.len(), plan.tasks.iter().filter(|task| task.state == State::Open).count());
        let mut own = crew(1);
        own.tasks = all.iter().map(|job| (job.id.clone(), vec![0])).collect();
        let made = workflow(("w", "id"), &all, &own).to_string();
        prop_assert!(file::parse(&made, "w").is_ok(), "{made}");
        // Boxes set one by one, then taken away again, give the text back.
        let done = tasks::tick(&text, &plan, &|_| Some(State::Done));
        let back = tasks::tick(&done, &tasks::plan(&done), &|id| plan.tasks.iter().find(|task| task.id == id).map(|task| task.state));
        prop_assert_eq!(back, text);
    }
}
