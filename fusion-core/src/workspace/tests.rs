//! Workspaces as their owner and as their agent's programs see them: what is planted in a folder leads nowhere.

mod archives;
mod paths;
mod snapshots;

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::{Quota, Workspace, Workspaces};
use crate::error::{Code, Result};

/// What stands outside.
const CANARY: &str = "canary-77aa";

struct Ground {
    folder: TempDir,
    all: Workspaces,
    workspace: Workspace,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("outside")).unwrap();
        std::fs::write(folder.path().join("outside/secret"), CANARY).unwrap();
        let all = Workspaces::open(folder.path().join("root")).unwrap();
        let workspace = all.create("@worker").unwrap();
        Self { folder, all, workspace }
    }

    fn outside(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("outside").join(name)
    }

    /// A place in `projects/`, as a program of the agent reaches it.
    fn planted(&self, name: &str) -> std::path::PathBuf {
        self.workspace.projects().join(name)
    }

    fn is_untouched(&self) -> bool {
        let names = std::fs::read_dir(self.folder.path().join("outside")).unwrap().count();
        names == 1 && std::fs::read_to_string(self.outside("secret")).unwrap() == CANARY
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Option<Code> {
    result.err().map(|error| error.code())
}

#[test]
fn a_workspace_is_for_nobody_else() {
    let ground = Ground::new();
    for part in ["", ".agent", "projects", "logs"] {
        let mode = ground.workspace.path().join(part).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{part}");
    }
    let root = ground.folder.path().join("root");
    assert_eq!(root.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(ground.all.list().unwrap(), ["@worker"]);
    assert_eq!(code(ground.all.find("@walker")), Some(Code::InvalidInput));
    let hint = ground.all.find("@walker").unwrap_err().hint_text().map(str::to_owned);
    assert!(hint.unwrap().contains("@worker"));
}

#[test]
fn names_that_are_paths_are_none() {
    let ground = Ground::new();
    for name in ["", ".", "..", "../x", "a/b", "/etc", ".objects", "a\0b", "a b", "ä"] {
        assert_eq!(code(ground.all.create(name)), Some(Code::InvalidId), "{name:?}");
        assert_eq!(code(ground.all.find(name)), Some(Code::InvalidId), "{name:?}");
    }
    assert_eq!(code(ground.all.create(&"n".repeat(101))), Some(Code::InvalidId));
}

#[test]
fn a_quota_bounds_bytes_and_files_and_is_kept() {
    let ground = Ground::new();
    let small = ground.workspace.clone().limited(Quota { bytes: 10, files: 4 }).unwrap();
    small.write("projects/a", b"12345678").unwrap();
    let error = small.write("projects/b", b"123").unwrap_err();
    assert_eq!(error.code(), Code::Limit);
    assert!(error.message().contains("11 bytes are more than 10"), "{error}");
    small.write("projects/a", b"1234567890").unwrap();
    small.write("projects/a", b"").unwrap();
    small.write("projects/x/y/z", b"").unwrap();
    assert_eq!(code(small.write("projects/one-more", b"")), Some(Code::Limit));
    let again = ground.all.find("@worker").unwrap();
    assert_eq!(again.quota(), Quota { bytes: 10, files: 4 });
    assert_eq!(again.usage().unwrap().files, 4);
}

#[test]
fn a_workspace_ends_with_all_that_was_kept_of_it() {
    let ground = Ground::new();
    ground.workspace.write("projects/a", b"mine").unwrap();
    ground.workspace.snapshot().unwrap();
    let other = ground.all.create("other").unwrap();
    other.write("projects/b", b"theirs").unwrap();
    let kept = other.snapshot().unwrap();
    std::os::unix::fs::symlink(ground.outside(""), ground.planted("link")).unwrap();
    std::fs::create_dir_all(ground.planted("closed/inner")).unwrap();
    std::fs::set_permissions(ground.planted("closed"), std::fs::Permissions::from_mode(0o000))
        .unwrap();
    ground.workspace.clone().destroy().unwrap();
    assert!(!ground.workspace.path().exists());
    assert!(ground.is_untouched());
    assert_eq!(ground.all.list().unwrap(), ["other"]);
    other.write("projects/b", b"changed").unwrap();
    other.restore(&kept).unwrap();
    assert_eq!(other.read("projects/b").unwrap(), b"theirs");
    let objects = ground.folder.path().join("root/kept/.objects");
    assert_eq!(super::quota::measure(&objects).unwrap().bytes, 6, "only `theirs` is kept");
}

#[test]
fn who_wants_it_alone_is_refused_while_others_work() {
    use rustix::fs::FlockOperation as How;
    let ground = Ground::new();
    let snapshot = ground.workspace.snapshot().unwrap();
    let turn = ground.workspace.turn(How::NonBlockingLockShared).unwrap();
    let also = ground.all.find("@worker").unwrap().turn(How::NonBlockingLockShared);
    assert!(also.is_ok());
    assert_eq!(code(ground.workspace.restore(&snapshot)), Some(Code::Workspace));
    assert_eq!(code(ground.workspace.archive(ground.outside("a.tar"))), Some(Code::Workspace));
    assert_eq!(code(ground.workspace.clone().destroy()), Some(Code::Workspace));
    drop((turn, also));
    assert!(ground.workspace.restore(&snapshot).unwrap().is_empty());
}
