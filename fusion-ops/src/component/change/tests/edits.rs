//! What people edited, and what stood there before.

use std::fs;

use tempfile::TempDir;

use super::super::super::tests::{add, go, remove, texts, tree};
use super::super::super::{Action, Goal, Options, ProblemKind, Project, Registry};

const FILES: &str = "[[files]]\nfrom = \"a\"\nto = \"src/a.txt\"\n[[blocks]]\nfrom = \"env\"\ninto = \".env.example\"\n\
                     [[specs]]\nname = \"one\"\n";
const SPEC: (&str, &str) = ("specs/one/spec.md", "# One\n");
const TASKS: &str = "# Tasks\n## Phase 1: All\n- [ ] ONE-001 Do it in src/a.txt (FR-001)\n";

fn registry(version: &str, text: &str) -> Registry {
    let mut registry = Registry::new();
    let tasks = ("specs/one/tasks.md", TASKS);
    registry.add(texts("one", version, FILES, &[("a", text), ("env", "KEY=\n"), SPEC, tasks]));
    registry
}

#[test]
fn what_comes_goes_without_a_trace() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".env.example"), "MINE=1").unwrap();
    let before = tree(folder.path());
    let plan = go(folder.path(), &registry("1.0.0", "x"), &add(&["one"]), &Options::default());
    assert_eq!(plan.components[0].to.as_ref().unwrap().to_string(), "1.0.0");
    assert!(plan.conflicts.is_empty());
    let after = tree(folder.path());
    for path in [
        "src/a.txt",
        "specs/components/one/one/spec.md",
        "specs/components/one/one/tasks.md",
        "fusion.lock",
    ] {
        assert!(after.contains_key(path), "{path}");
    }
    let again = go(folder.path(), &registry("1.0.0", "x"), &add(&["one"]), &Options::default());
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(tree(folder.path()), after);
    go(folder.path(), &registry("1.0.0", "x"), &remove(&["one"]), &Options::default());
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn edits_are_kept_and_shown() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    go(path, &registry("1.0.0", "x"), &add(&["one"]), &Options::default());
    fs::write(path.join("src/a.txt"), "mine").unwrap();
    let env = fs::read_to_string(path.join(".env.example")).unwrap();
    fs::write(path.join(".env.example"), env.replace("KEY=", "KEY=secret")).unwrap();
    fs::remove_file(path.join("specs/components/one/one/spec.md")).unwrap();
    let verified = Project::open(path).unwrap().verify(&registry("1.0.0", "x")).unwrap();
    let found: Vec<(&str, ProblemKind)> =
        verified.problems.iter().map(|one| (one.path.as_str(), one.kind)).collect();
    let expected = [
        ("specs/components/one/one/spec.md", ProblemKind::Missing),
        ("src/a.txt", ProblemKind::Changed),
        (".env.example", ProblemKind::Changed),
    ];
    assert_eq!(found, expected);
    let newer = registry("1.1.0", "y");
    let plan = go(path, &newer, &Goal::Upgrade(vec![]), &Options::default());
    let conflicts: Vec<&str> = plan.conflicts.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(conflicts, ["src/a.txt"], "{plan:?}");
    assert_eq!(fs::read_to_string(path.join("src/a.txt")).unwrap(), "mine");
    assert!(path.join("specs/components/one/one/spec.md").exists());
    let plan = go(path, &newer, &remove(&["one"]), &Options::default());
    let conflicts: Vec<&str> = plan.conflicts.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(conflicts, ["src/a.txt", ".env.example"]);
    let left: Vec<String> = tree(path).into_keys().collect();
    assert_eq!(left, [".env.example", "src", "src/a.txt"]);
}

#[test]
fn ticks_are_no_edits_and_survive_an_upgrade() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    go(path, &registry("1.0.0", "x"), &add(&["one"]), &Options::default());
    let file = path.join("specs/components/one/one/tasks.md");
    let ticked = fs::read_to_string(&file).unwrap().replace("[ ]", "[x]");
    fs::write(&file, &ticked).unwrap();
    assert!(Project::open(path).unwrap().verify(&registry("1.0.0", "x")).unwrap().is_fine());
    let mut newer = Registry::new();
    let tasks = format!("{TASKS}- [ ] ONE-002 And this\n");
    let files = [("a", "x"), ("env", "KEY=\n"), SPEC, ("specs/one/tasks.md", &*tasks)];
    newer.add(texts("one", "2.0.0", FILES, &files));
    go(path, &newer, &Goal::Upgrade(vec!["one".to_owned()]), &Options::default());
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("- [x] ONE-001") && text.contains("- [ ] ONE-002"), "{text}");
}

#[test]
fn what_was_there_is_kept_or_replaced_and_given_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("src")).unwrap();
    fs::write(path.join("src/a.txt"), "old").unwrap();
    let registry = registry("1.0.0", "x");
    let plan = go(path, &registry, &add(&["one"]), &Options::default());
    assert_eq!(plan.conflicts[0].path, "src/a.txt");
    assert!(Project::open(path).unwrap().verify(&registry).unwrap().is_fine());
    let again = go(path, &registry, &add(&["one"]), &Options::default());
    assert!(again.is_empty(), "{again:?}");
    let overwrite = Options { overwrite: true, ..Options::default() };
    go(path, &registry, &add(&["one"]), &overwrite);
    assert_eq!(fs::read_to_string(path.join("src/a.txt")).unwrap(), "x");
    let plan = go(path, &registry, &remove(&["one"]), &Options::default());
    assert!(plan.changes.iter().any(|change| change.action == Action::Restore));
    assert_eq!(fs::read_to_string(path.join("src/a.txt")).unwrap(), "old");
}

#[test]
fn tasks_go_into_the_plan_of_a_specification() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    fs::create_dir_all(path.join("specs/001-shop")).unwrap();
    let mine = "# Tasks\n## Phase 1: Setup\n- [ ] T001 Create the project\n";
    fs::write(path.join("specs/001-shop/tasks.md"), mine).unwrap();
    let before = tree(path);
    let options = Options { plan: Some("specs/001-shop".to_owned()), ..Options::default() };
    go(path, &registry("1.0.0", "x"), &add(&["one"]), &options);
    let text = fs::read_to_string(path.join("specs/001-shop/tasks.md")).unwrap();
    let plan = crate::tasks::plan(&text);
    assert!(plan.problems.is_empty(), "{:?}", plan.problems);
    let ids: Vec<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["T001", "ONE-001"]);
    assert_eq!(plan.tasks[1].requirements, ["FR-001"]);
    let ticked = text.replace("- [ ] ONE-001", "- [x] ONE-001");
    fs::write(path.join("specs/001-shop/tasks.md"), ticked).unwrap();
    assert!(Project::open(path).unwrap().verify(&registry("1.0.0", "x")).unwrap().is_fine());
    assert!(go(path, &registry("1.0.0", "x"), &add(&["one"]), &options).is_empty());
    go(path, &registry("1.0.0", "x"), &remove(&["one"]), &Options::default());
    assert_eq!(tree(path), before);
}
