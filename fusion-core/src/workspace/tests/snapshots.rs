//! Snapshots: complete, cheap, exact, out of reach.

use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::*;
use crate::workspace::{Change, Changed};

fn fill(workspace: &Workspace) {
    workspace.write("projects/a/b/c.txt", b"deep").unwrap();
    workspace.write("projects/run.sh", b"#!/bin/sh\n").unwrap();
    workspace.write(".agent/state.json", b"{}").unwrap();
    workspace.write("logs/noise", b"noise").unwrap();
    let script = workspace.projects().join("run.sh");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a/b/c.txt", workspace.projects().join("link")).unwrap();
    std::fs::create_dir(workspace.projects().join("empty")).unwrap();
}

fn kinds(changes: &[Change]) -> Vec<(&str, Changed)> {
    changes.iter().map(|change| (change.path.as_str(), change.kind)).collect()
}

#[test]
fn what_was_there_comes_back() {
    let ground = Ground::new();
    let workspace = &ground.workspace;
    fill(workspace);
    let before = workspace.snapshot().unwrap();
    assert!(!before.entries.keys().any(|path| path.starts_with("logs")));
    let projects = workspace.projects();
    workspace.write("projects/a/b/c.txt", b"other").unwrap();
    std::fs::remove_file(projects.join("link")).unwrap();
    std::fs::create_dir(projects.join("link")).unwrap();
    std::fs::write(projects.join("link/inner"), "x").unwrap();
    std::fs::remove_dir(projects.join("empty")).unwrap();
    symlink(ground.outside(""), projects.join("empty")).unwrap();
    std::fs::set_permissions(projects.join("run.sh"), std::fs::Permissions::from_mode(0o600))
        .unwrap();
    workspace.write("projects/new/file", b"x").unwrap();
    workspace.remove(".agent/state.json").unwrap();
    let changes = workspace.diff(&before, &workspace.now().unwrap());
    assert_eq!(
        kinds(&changes),
        [
            (".agent/state.json", Changed::Removed),
            ("projects/a/b/c.txt", Changed::Content),
            ("projects/empty", Changed::Content),
            ("projects/link", Changed::Content),
            ("projects/link/inner", Changed::Added),
            ("projects/new", Changed::Added),
            ("projects/new/file", Changed::Added),
            ("projects/run.sh", Changed::Mode),
        ]
    );
    assert_eq!(workspace.restore(&before).unwrap().len(), 8);
    assert_eq!(workspace.now().unwrap().hash(), before.hash());
    assert!(workspace.restore(&before).unwrap().is_empty());
    assert!(ground.is_untouched());
}

#[test]
fn what_did_not_change_costs_nothing() {
    let ground = Ground::new();
    let workspace = &ground.workspace;
    let big = vec![7; 1 << 20];
    workspace.write("projects/one", &big).unwrap();
    workspace.write("projects/two", &big).unwrap();
    let size = || {
        let objects = ground.folder.path().join("root/kept/.objects");
        crate::workspace::quota::measure(&objects).unwrap().bytes
    };
    let first = workspace.snapshot().unwrap();
    let kept = size();
    assert!(kept < (1 << 20) + 100_000, "{kept} bytes for two equal files");
    for number in 2..=5 {
        assert_eq!(workspace.snapshot().unwrap().number, number);
    }
    assert_eq!(size(), kept);
    assert_eq!(workspace.snapshots().unwrap(), [1, 2, 3, 4, 5]);
    workspace.write("projects/two", b"small").unwrap();
    let last = workspace.snapshot().unwrap();
    for number in 1..=5 {
        workspace.forget(number).unwrap();
    }
    assert!(size() > 1 << 20, "`one` is still needed");
    workspace.remove("projects/one").unwrap();
    workspace.snapshot().unwrap();
    workspace.forget(last.number).unwrap();
    assert!(size() < 100_000, "{}", size());
    assert_eq!(code(workspace.kept(first.number)), Some(Code::InvalidInput));
}

#[test]
fn a_change_that_hides_behind_its_times_is_seen() {
    let ground = Ground::new();
    let path = ground.planted("file");
    std::fs::write(&path, "one").unwrap();
    let times = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    let set_back =
        || std::fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
    set_back();
    let before = ground.workspace.snapshot().unwrap();
    std::fs::write(&path, "two").unwrap();
    set_back();
    let after = ground.workspace.snapshot().unwrap();
    assert_eq!(kinds(&before.diff(&after)), [("projects/file", Changed::Content)]);
}

#[test]
fn a_damaged_snapshot_changes_nothing() {
    let ground = Ground::new();
    let workspace = &ground.workspace;
    workspace.write("projects/a", b"first").unwrap();
    workspace.write("projects/b", b"first too").unwrap();
    let before = workspace.snapshot().unwrap();
    workspace.write("projects/a", b"second").unwrap();
    workspace.write("projects/b", b"second too").unwrap();
    let hash = crate::model::Digest::of(b"first too").to_string();
    let object = ground.folder.path().join("root/kept/.objects").join(&hash[..2]).join(&hash[2..]);
    std::fs::write(&object, "firsT too").unwrap();
    let error = workspace.restore(&before).unwrap_err();
    assert!(error.message().contains("`projects/b`"), "{error}");
    assert_eq!(workspace.read("projects/a").unwrap(), b"second");
    std::fs::write(object, "first too").unwrap();
    workspace.restore(&before).unwrap();
    assert_eq!(workspace.read("projects/b").unwrap(), b"first too");
}

#[test]
fn the_rights_of_an_owner_are_never_restored() {
    let ground = Ground::new();
    std::fs::write(ground.planted("tool"), "x").unwrap();
    std::fs::set_permissions(ground.planted("tool"), std::fs::Permissions::from_mode(0o6755))
        .unwrap();
    let before = ground.workspace.snapshot().unwrap();
    ground.workspace.remove("projects/tool").unwrap();
    ground.workspace.restore(&before).unwrap();
    let mode = ground.planted("tool").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_state_comes_back(
        before in prop::collection::btree_map("[ab]{1,2}(/[ab]{1,2}){0,2}", "[a-z]{0,4}", 0..8),
        after in prop::collection::btree_map("[ab]{1,2}(/[ab]{1,2}){0,2}", "[a-z]{0,4}", 0..8),
    ) {
        let ground = Ground::new();
        let put = |files: &std::collections::BTreeMap<String, String>| {
            for (path, text) in files {
                // One that lies beneath a file cannot be made.
                let _ = ground.workspace.write(format!("projects/{path}"), text.as_bytes());
            }
        };
        put(&before);
        let first = ground.workspace.snapshot().unwrap();
        for found in ground.workspace.list("projects").unwrap() {
            ground.workspace.remove(format!("projects/{}", found.name)).unwrap();
        }
        put(&after);
        let second = ground.workspace.snapshot().unwrap();
        ground.workspace.restore(&first).unwrap();
        prop_assert_eq!(ground.workspace.now().unwrap().hash(), first.hash());
        ground.workspace.restore(&second).unwrap();
        prop_assert_eq!(ground.workspace.now().unwrap().hash(), second.hash());
    }
}
