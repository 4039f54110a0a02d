//! Everything or nothing: a failure before every single operation, a process that is killed there, and random projects.

use std::fs;
use std::path::Path;
use std::process::Command;

use fusion_core::error::{Code, Error};
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::super::tests::{add, go, remove, texts, tree};
use super::super::super::{Goal, Options, Plan, Project, Registry};

/// Where the child of the test with SIGKILL works, what it does, and before which operation it dies.
const CHILD: &str = "FUSION_TEST_KILLED";

fn registry(version: &str) -> Registry {
    let mut registry = Registry::new();
    let rest = "[requires]\nbase = \"*\"\n[[files]]\nfrom = \"a\"\nto = \"deep/er/a.txt\"\n[[files]]\nfrom = \"b\"\nto = \"b.sh\"\n\
                executable = true\n[[blocks]]\nfrom = \"a\"\ninto = \".env.example\"\n";
    let text = format!("of {version}\n");
    registry.add(texts("top", version, rest, &[("a", &text), ("b", &text)]));
    let rest = "[[files]]\nfrom = \"x\"\nto = \"deep/base.txt\"\n[[blocks]]\nfrom = \"x\"\ninto = \"notes.md\"\n";
    registry.add(texts("base", version, rest, &[("x", &text)]));
    registry
}

/// A project in which each goal has something to do: files of its own, one in the way, an older version.
fn prepared(path: &Path, goal: &str) {
    fs::write(path.join(".env.example"), "MINE=1").unwrap();
    fs::write(path.join("b.sh"), "mine\n").unwrap();
    if goal != "add" {
        let options = Options { overwrite: true, ..Options::default() };
        go(path, &registry("1.0.0"), &add(&["top"]), &options);
    }
}

fn planned(project: &Project, goal: &str) -> Plan {
    let (goal, version) = match goal {
        "add" => (add(&["top"]), "1.0.0"),
        "remove" => (remove(&["top"]), "1.0.0"),
        _ => (Goal::Upgrade(Vec::new()), "1.1.0"),
    };
    let options = Options { overwrite: true, ..Options::default() };
    project.plan(&registry(version), &goal, &options).unwrap()
}

/// How many operations a goal takes, and what is there before and after.
fn operations(goal: &str) -> usize {
    let folder = TempDir::new().unwrap();
    prepared(folder.path(), goal);
    let project = Project::open(folder.path()).unwrap();
    let mut count = 0;
    let counted = project.apply_watched(&planned(&project, goal), &mut |_| {
        count += 1;
        Ok(())
    });
    counted.unwrap();
    count
}

#[test]
fn a_failure_before_any_operation_leaves_everything_as_it_was() {
    for goal in ["add", "upgrade", "remove"] {
        let count = operations(goal);
        assert!(count > 15, "{goal} takes {count} operations");
        for fails in 0..count {
            let folder = TempDir::new().unwrap();
            prepared(folder.path(), goal);
            let before = tree(folder.path());
            let project = Project::open(folder.path()).unwrap();
            let mut at = 0;
            let error = project.apply_watched(&planned(&project, goal), &mut |what| {
                at += 1;
                if at > fails {
                    Err(Error::new(Code::Limit, format!("no: {what}")))
                } else {
                    Ok(())
                }
            });
            assert!(error.unwrap_err().message().starts_with("no: "));
            assert_eq!(tree(folder.path()), before, "{goal} that fails before operation {fails}");
        }
    }
}

/// What the child does: it changes the project and kills itself on the way. Without the variable it is no test.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test hands its child what to do")]
fn child_that_is_killed() {
    let Ok(said) = std::env::var(CHILD) else { return };
    let (path, rest) = said.rsplit_once('|').unwrap();
    let (path, goal) = path.rsplit_once('|').unwrap();
    let dies: usize = rest.parse().unwrap();
    let project = Project::open(Path::new(path)).unwrap();
    let mut at = 0;
    let _ = project.apply_watched(&planned(&project, goal), &mut |_| {
        if at == dies {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
                .unwrap();
        }
        at += 1;
        Ok(())
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test starts itself, to be killed")]
fn a_killed_process_leaves_all_or_nothing() {
    for goal in ["add", "upgrade", "remove"] {
        let count = operations(goal);
        for dies in 0..count {
            let folder = TempDir::new().unwrap();
            prepared(folder.path(), goal);
            let before = tree(folder.path());
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "component::change::tests::whole::child_that_is_killed"])
                .env(CHILD, format!("{}|{goal}|{dies}", folder.path().display()))
                .output()
                .unwrap();
            let signal = std::os::unix::process::ExitStatusExt::signal(&child.status);
            assert_eq!(
                signal,
                Some(9),
                "{goal} {dies}: {}",
                String::from_utf8_lossy(&child.stdout)
            );
            let project = Project::open(folder.path()).unwrap();
            assert_eq!(project.recovered().is_some(), dies > 0, "{goal} {dies}");
            assert_eq!(
                tree(folder.path()),
                before,
                "{goal} that is killed before operation {dies}"
            );
            // And then it can be done after all.
            project.apply(&planned(&project, goal)).unwrap();
        }
    }
}

#[test]
fn what_changes_in_between_is_not_lost() {
    let folder = TempDir::new().unwrap();
    prepared(folder.path(), "add");
    let project = Project::open(folder.path()).unwrap();
    let plan = planned(&project, "add");
    fs::write(folder.path().join("b.sh"), "changed since\n").unwrap();
    let before = tree(folder.path());
    let error = project.apply(&plan).unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(tree(folder.path()), before);
    // What appears where something new is put.
    let plan = planned(&project, "add");
    let racing = folder.path().join("deep/er/a.txt");
    let mut done = false;
    let error = project.apply_watched(&plan, &mut |what| {
        if what == "move the new deep/er/a.txt to its place" {
            fs::write(&racing, "somebody was faster").unwrap();
            done = true;
        }
        Ok(())
    });
    assert!(done);
    assert_eq!(error.unwrap_err().code(), Code::Conflict);
    assert_eq!(fs::read_to_string(&racing).unwrap(), "somebody was faster");
    assert_eq!(fs::read_to_string(folder.path().join("b.sh")).unwrap(), "changed since\n");
}

#[test]
fn only_one_at_a_time() {
    let folder = TempDir::new().unwrap();
    let _first = Project::open(folder.path()).unwrap();
    let error = Project::open(folder.path()).unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any files of people, any sequence of goals, any place of failure.
    #[test]
    fn nothing_of_anybody_is_lost(
        mine in proptest::collection::btree_map("(deep/er/a[.]txt|deep/base[.]txt|b[.]sh|notes[.]md|[.]env[.]example|own)", "[a-z\n]{0,12}", 0..5),
        fails in 0_usize..60,
        overwrite: bool,
    ) {
        let folder = TempDir::new().unwrap();
        for (path, text) in &mine {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let before = tree(folder.path());
        let options = Options { overwrite, ..Options::default() };
        {
            let project = Project::open(folder.path()).unwrap();
            let plan = project.plan(&registry("1.0.0"), &add(&["top"]), &options).unwrap();
            let mut at = 0;
            let done = project.apply_watched(&plan, &mut |_| {
                at += 1;
                if at > fails { Err(Error::new(Code::Limit, "no")) } else { Ok(()) }
            });
            if done.is_err() {
                prop_assert_eq!(tree(folder.path()), before);
                return Ok(());
            }
        }
        go(folder.path(), &registry("1.1.0"), &Goal::Upgrade(Vec::new()), &Options::default());
        go(folder.path(), &registry("1.1.0"), &remove(&["top"]), &Options::default());
        let mut after = tree(folder.path());
        // What keeps replaced files stays, empty and hidden.
        after.retain(|path, _| !path.starts_with(".fusion"));
        prop_assert_eq!(after, before);
    }
}
