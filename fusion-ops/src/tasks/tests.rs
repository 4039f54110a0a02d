//! Plans of all the forms that are found, and what must hold for any text.

use std::collections::BTreeMap;

use fusion_core::graph::file;
use proptest::prelude::*;

use super::*;

fn needs(plan: &Plan, id: &str) -> Vec<(String, Why)> {
    let task = plan.tasks.iter().find(|task| task.id == id).unwrap();
    task.needs.iter().map(|need| (need.id.clone(), need.why)).collect()
}

fn stated(plan: &Plan, id: &str) -> Vec<String> {
    let said = needs(plan, id).into_iter().filter(|(_, why)| *why == Why::Stated);
    said.map(|(id, _)| id).collect()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.tasks.iter().map(|task| task.id.as_str()).collect()
}

const STORIES: &str = "\
# Tasks
## Phase 1: Setup
- [x] T001 Create the project
## Phase 2: Foundational
- [ ] T002 [P] Models in src/models.py
## Phase 3: User Story 1 - Login (P1)
- [ ] T003 [P] [US1] Form in src/form.tsx
- [ ] T004 [US1] Send in src/form.tsx
## Phase 4: User Story 2 - Log out
- [ ] T005 [US2] Button
## Phase 5: Polish
- [-] T006 Later
- [ ] T007 ~~Not any more~~
- [ ] ~~T008 Not any more~~

## Dependencies
";

#[test]
fn phases_files_and_states_are_read() {
    let plan = plan(&format!(
        "{STORIES}- **Foundational (Phase 2)**: Depends on Setup completion - BLOCKS all user stories\n- **User Story 2 (P2)**: Depends on User Story 1\n- **Polish (Final Phase)**: Depends on all user stories being complete\n"
    ));
    let waits: Vec<(&str, String)> = plan
        .phases
        .iter()
        .map(|phase| (phase.key.as_deref().unwrap(), phase.needs.join(" ")))
        .collect();
    assert_eq!(
        waits,
        [
            ("1", String::new()),
            ("2", "1".to_owned()),
            ("3", "2".to_owned()),
            ("4", "3".to_owned()),
            ("5", "3 4".to_owned()),
        ]
    );
    let states: Vec<State> = plan.tasks.iter().map(|task| task.state).collect();
    let open = State::Open;
    assert_eq!(
        states,
        [State::Done, open, open, open, open, State::Deferred, State::Cancelled, State::Cancelled]
    );
    assert_eq!(
        needs(&plan, "T004"),
        [("T002".to_owned(), Why::Phase), ("T003".to_owned(), Why::File)]
    );
    assert!(needs(&plan, "T005").contains(&("T004".to_owned(), Why::Story)));
    assert_eq!(plan.tasks[2].files, ["src/form.tsx"]);
    assert_eq!(plan.problems, []);
}

#[test]
fn statements_of_all_wordings_are_understood() {
    let said = |line: &str, id: &str| stated(&plan(&format!("{STORIES}{line}\n")), id).join(" ");
    assert_eq!(said("- T005 depends on T002, T003", "T005"), "T002 T003");
    assert_eq!(said("- T002 blocks T003-T005", "T005"), "T002");
    assert_eq!(said("- Models (T002) before forms (T003-T004)", "T004"), "T002");
    assert_eq!(said("- T001 → T002 → T003, T004", "T004"), "T002");
    assert_eq!(said("- T003, T004 can run in parallel after T002", "T003"), "T002");
    assert_eq!(said("- T005 requires T001–T003", "T005"), "T001 T002 T003");
    assert_eq!(said("- T005 can start once T004 is done", "T005"), "T004");
    assert_eq!(said("- T005 is blocked by T002", "T005"), "T002");
    assert_eq!(said("- T002 must be completed before T005", "T005"), "T002");
    assert_eq!(said("- Setup (T001) before everything", "T005"), "T001");
    assert_eq!(said("- T005 does not depend on T002", "T005"), "");
    assert_eq!(said("- T003 can run parallel with T005", "T005"), "");
    assert_eq!(
        said("| Task | Depends on |\n|---|---|\n| T005 | T002 and T003 |", "T005"),
        "T002 T003"
    );
}

#[test]
fn tasks_say_what_they_need() {
    let text = "## Phase 1: A\n- [ ] T001 a\n- [ ] T002 b (depends on T001)\n  - **Blocked by**: T003\n- [ ] T003 c\n";
    let plan = plan(text);
    assert_eq!(stated(&plan, "T002"), ["T001", "T003"]);
    let line = plan.tasks[1].needs.iter().find(|need| need.id == "T003").unwrap().line;
    assert_eq!(line, Some(4));
}

#[test]
fn other_forms_of_files_are_read() {
    let headings = plan(
        "## Phase 1\n### T-001: One\n- **Files**: `a.py`\n- **Status**: Done\n### T-002: Two\n- **Preconditions**: All above tasks completed\n",
    );
    assert_eq!(ids(&headings), ["T-001", "T-002"]);
    assert_eq!(headings.tasks[0].state, State::Done);
    assert_eq!(headings.tasks[0].files, ["a.py"]);
    assert_eq!(stated(&headings, "T-002"), ["T-001"]);
    let numbers = plan("## 1. Setup\n- [ ] 1.1 One\n- [x] 1.2 Two\n## 2. Work\n- [ ] 2.1 Three\n");
    assert_eq!(ids(&numbers), ["1.1", "1.2", "2.1"]);
    assert_eq!(numbers.phases.len(), 2);
    let nameless = plan("# Do\n- [ ] One\n- [x] Two\n");
    assert_eq!(ids(&nameless), ["T001", "T002"]);
    let table = plan("## Phase 1: A\n| ID | Task |\n|---|---|\n| T001 | One |\n| T002 | Two |\n");
    assert_eq!(ids(&table), ["T001", "T002"]);
    assert_eq!(table.tasks[1].title, "Two");
    let lines = plan("**Phase 2: B**\n\nT001 [P] One\nT002 Two\n");
    assert_eq!(ids(&lines), ["T001", "T002"]);
    assert_eq!(lines.tasks[1].line, 4);
    assert_eq!(lines.phases[0].key.as_deref(), Some("2"));
}

#[test]
fn circles_missing_and_double_ids_are_reported() {
    let text = "## Phase 1: A\n- [ ] T001 a (depends on T002)\n- [ ] T002 b (depends on T001)\n- [ ] T003 c\n- [ ] T003 d\n\n## Dependencies\n- T003 depends on T030\n";
    let plan = plan(text);
    let said: Vec<(usize, &str)> =
        plan.problems.iter().map(|problem| (problem.line, problem.message.as_str())).collect();
    assert_eq!(
        said,
        [
            (3, "a circle: T001 → T002 → T001; what this line says is left out"),
            (5, "T003 is already the id of line 4: this one is called T003-2"),
            (8, "there is no task T030: did you mean T003?"),
        ]
    );
}

#[test]
fn a_plan_is_a_workflow_that_passes() {
    let text = "## Phase 1: A\n- [ ] T001 Say {{ secrets.KEY }} {% raw %} \"so\" FR-001\n- [-] T002 b (depends on T001)\n- [ ] T003 @claude c (depends on T002)\n- [x] T004 d\n";
    let texts = BTreeMap::from([("FR-001".to_owned(), "The system MUST say it.".to_owned())]);
    let made = workflow(&plan(text), "001 a", &texts).unwrap();
    let read = file::parse(&made, "w.yaml").unwrap();
    let graph = read.graph;
    assert_eq!(
        graph.nodes.iter().map(|node| node.id.to_string()).collect::<Vec<_>>(),
        ["T001", "T003"]
    );
    assert!(made.contains("needs: [\"T001\"]"), "{made}");
    assert!(made.contains("The system MUST say it."));
    let prompt = made.lines().find(|line| line.contains("prompt")).unwrap();
    assert!(!prompt.contains("{{ secrets") && !prompt.contains("{% raw"), "{prompt}");
    assert_eq!(workflow(&plan("- [x] T001 a\n"), "a", &texts), None);
}

/// Lines of which files are made.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("## Phase 1: Setup".to_owned()),
        Just("### Phase 2: User Story 1".to_owned()),
        Just("## Dependencies".to_owned()),
        (0..20_u8, "[ xX-]", "[a-z .`/{%}]{0,20}")
            .prop_map(|(id, tick, words)| format!("- [{tick}] T{id:03} [P] {words}")),
        (0..20_u8, 0..20_u8)
            .prop_map(|(one, other)| format!("- T{one:03} depends on T{other:03}-T{one:03}")),
        (0..20_u8, 0..20_u8).prop_map(|(one, other)| format!("  - T{one:03} → T{other:03}")),
        "\\PC{0,30}",
    ];
    proptest::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n") + "\n")
}

proptest! {
    #[test]
    fn ticks_change_and_nothing_else(text in lines(), done in proptest::collection::vec(any::<bool>(), 64)) {
        let first = plan(&text);
        let wish = |id: &str| {
            let at = first.tasks.iter().position(|task| task.id == id)?;
            Some(if *done.get(at)? { State::Done } else { State::Open })
        };
        let set = tick(&text, &first, &wish);
        prop_assert_eq!(set.len(), text.len());
        for (one, other) in text.chars().zip(set.chars()) {
            prop_assert!(one == other || (" xX-~/>".contains(one) && " xX-".contains(other)));
        }
        let second = plan(&set);
        prop_assert_eq!(first.tasks.len(), second.tasks.len());
        for (one, other) in first.tasks.iter().zip(&second.tasks) {
            prop_assert_eq!((&one.id, &one.title, &one.phase), (&other.id, &other.title, &other.phase));
        }
        // Back again.
        let was = |id: &str| first.tasks.iter().find(|task| task.id == id).map(|task| task.state);
        let back = tick(&set, &second, &was);
        prop_assert_eq!(back.to_lowercase(), text.to_lowercase());
    }

    #[test]
    fn every_plan_can_be_run(text in lines()) {
        let plan = plan(&text);
        if let Some(made) = workflow(&plan, "any", &BTreeMap::new()) {
            let read = file::parse(&made, "w.yaml");
            prop_assert!(read.is_ok(), "{:?}\n{made}\n{text}", read.err());
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC*|[\\s\\[\\]#*~T0-9x-]{0,200}") {
        let plan = plan(&text);
        prop_assert!(plan.tasks.iter().all(|task| task.line >= 1));
    }
}
