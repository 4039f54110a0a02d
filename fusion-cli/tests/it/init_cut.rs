//! `fusion init` that is cut off, done by two at once, or not allowed to write.

use std::fs;
use std::time::Duration;

use crate::init::{files, outside};
use crate::support::Project;

/// Two at the same time: one of them waits its turn by being told so, and nothing is done twice.
#[test]
fn two_at_once_come_to_the_same() {
    let project = Project::new();
    let spec = outside(&project);
    let args = |folder: &str| format!("init {folder} --from-spec {spec} --mode scale");
    assert_eq!(project.fusion(&args("alone/p")).code, 0);
    let both = [project.start(&args("both/p")), project.start(&args("both/p"))];
    let both = both.map(|child| child.wait_with_output().unwrap());
    assert!(both.iter().any(|one| one.status.success()), "{both:?}");
    for one in both.iter().filter(|one| !one.status.success()) {
        let said = String::from_utf8_lossy(&one.stderr);
        assert!(said.contains("FU0309"), "{said}");
    }
    assert_eq!(project.fusion(&args("both/p")).code, 0);
    assert_eq!(files(&project.path("both/p")), files(&project.path("alone/p")));
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    fs::create_dir(project.path("shut")).unwrap();
    fs::set_permissions(project.path("shut"), fs::Permissions::from_mode(0o555)).unwrap();
    // Who may do everything is stopped by nothing.
    if fs::write(project.path("shut/try"), "").is_ok() {
        return;
    }
    for folder in ["shut", "shut/new"] {
        let ran = project.args(&["init", folder]);
        assert_eq!(ran.code, 2, "{}", ran.all());
        assert!(ran.stderr.contains("FU0201"), "{}", ran.all());
    }
}

/// Kills it at moments that differ, then lets it finish: all is as if it had never been killed.
#[test]
fn what_was_killed_is_finished() {
    let project = Project::new();
    let spec = outside(&project);
    let args = |folder: &str| format!("init {folder} --from-spec {spec} --mode scale");
    assert_eq!(project.fusion(&args("whole/p")).code, 0);
    let whole = files(&project.path("whole/p"));
    let mut kills = 0;
    for at in 0..12_u64 {
        let folder = format!("cut{at}/p");
        let mut child = project.start(&args(&folder));
        #[expect(
            clippy::disallowed_methods,
            reason = "the test lets another process work for a while"
        )]
        std::thread::sleep(Duration::from_millis(3 + at * 9));
        kills += u32::from(child.try_wait().unwrap().is_none());
        child.kill().ok();
        child.wait().unwrap();
        let ran = project.fusion(&args(&folder));
        assert_eq!(ran.code, 0, "{at}: {}", ran.all());
        let now = files(&project.path(&folder));
        assert_eq!(now.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "{at}");
        for (name, bytes) in &now {
            assert!(*bytes == whole[name], "{at}: {name}");
        }
    }
    assert!(kills > 0, "it was never killed");
}
