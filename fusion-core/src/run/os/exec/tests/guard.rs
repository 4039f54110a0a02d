//! What happens to programs when we are gone.
//!
//! A killed process and a dropped guard look the same from the other side of the pipe: it closes.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::super::guard::Guard;
use super::*;

#[expect(clippy::disallowed_methods, reason = "the guard is tested alone")]
fn start(line: &str) -> (Child, Pid) {
    let mut command = Command::new("sh");
    command.args(["-c", line]).process_group(0).stdin(Stdio::null());
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    (child, pid)
}

#[tokio::test]
async fn the_guard_ends_what_runs_and_spares_what_was_let_go() {
    let (ours, free) = (unique_seconds(), unique_seconds());
    let stubborn = format!("trap '' TERM; setsid sleep {ours} & sleep {ours}; true");
    let (mut first, first_pid) = start(&stubborn);
    let (mut second, second_pid) = start(&format!("sleep {ours}; true"));
    let (mut third, third_pid) = start(&format!("sleep {free}; true"));
    await_holders(&ours, 3).await;
    await_holders(&free, 1).await;

    let guard = Guard::default();
    guard.prepare();
    for pid in [first_pid, second_pid, third_pid] {
        guard.add(pid);
    }
    guard.remove(third_pid);
    pause(100).await;
    assert_eq!(holders(&ours).len(), 3, "as long as we live, so do they");
    drop(guard);
    await_holders(&ours, 0).await;
    assert_eq!(holders(&free).len(), 1);

    rustix::process::kill_process_group(third_pid, Signal::KILL).unwrap();
    for child in [&mut first, &mut second, &mut third] {
        child.wait().unwrap();
    }
}

#[tokio::test]
async fn what_others_started_ends_with_us_until_it_is_let_go() {
    let (ours, free) = (unique_seconds(), unique_seconds());
    let (mut first, _) = start(&format!("sleep {ours}; true"));
    let (mut second, second_pid) = start(&format!("sleep {free}; true"));
    await_holders(&ours, 1).await;
    await_holders(&free, 1).await;
    let world = Os::current().unwrap();
    let guarded = [&first, &second].map(|child| world.guard(child.id()));
    let [stays, goes] = guarded;
    drop(goes);
    assert!(!format!("{:?}", world.guard(u32::MAX)).is_empty(), "no such program, no harm");
    pause(100).await;
    assert_eq!(holders(&ours).len(), 1);
    // A process that is killed drops nothing: the guard only sees its pipe close.
    std::mem::forget(stays);
    drop(world);
    await_holders(&ours, 0).await;
    assert_eq!(holders(&free).len(), 1);
    rustix::process::kill_process_group(second_pid, Signal::KILL).unwrap();
    first.wait().unwrap();
    second.wait().unwrap();
}

/// The guards that hang on this pipe are those that were started since.
fn guards() -> Vec<i32> {
    holders("fusion-guard")
}

#[tokio::test]
async fn a_killed_guard_is_replaced() {
    let ours = unique_seconds();
    let (mut child, pid) = start(&format!("sleep {ours}; true"));
    let before = guards();
    let guard = Guard::default();
    guard.prepare();
    guard.add(pid);
    await_holders(&ours, 1).await;
    // Other tests start guards too: ours is the one whose pipe is ours, which only killing it shows.
    let inode = guard.pipe_inode().unwrap();
    let found = guards().into_iter().find(|pid| reads(*pid, inode)).unwrap();
    assert!(!before.contains(&found));
    kill_process(Pid::from_raw(found).unwrap(), Signal::KILL).unwrap();
    while process::read(found).is_some_and(|process| !process.ended) {
        pause(5).await;
    }
    let passing = Pid::from_raw(i32::MAX).unwrap();
    guard.remove(passing);
    drop(guard);
    await_holders(&ours, 0).await;
    child.wait().unwrap();
}

/// Tells whether the standard input of a process is this pipe.
fn reads(pid: i32, inode: u64) -> bool {
    std::fs::read_link(format!("/proc/{pid}/fd/0"))
        .is_ok_and(|target| target.to_str() == Some(&format!("pipe:[{inode}]")))
}

/// Between the start of a program and the word to the guard that it runs, a process may be killed too.
#[tokio::test]
async fn a_program_that_was_just_being_started_does_not_outlive_us() {
    let names = ["FUSION_IDEMPOTENCY_KEY", "FUSION_EPOCH", "FUSION_ATTEMPT"];
    let key = format!("r:1:each[{}]", unique_seconds());
    let environment = |epoch: &str| -> std::collections::BTreeMap<String, String> {
        let values = [key.clone(), epoch.to_owned(), "1".to_owned()];
        names.iter().map(|name| (*name).to_owned()).zip(values).collect()
    };
    let (ours, later) = (unique_seconds(), unique_seconds());
    let start = |seconds: &str, epoch: &str| {
        #[expect(clippy::disallowed_methods, reason = "the guard is tested alone")]
        let mut command = Command::new("sleep");
        command.arg(seconds).envs(environment(epoch)).process_group(0).stdin(Stdio::null());
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let guard = Guard::default();
    guard.prepare();
    let forgotten = guard.announce(&environment("7")).unwrap();
    drop(forgotten);
    std::mem::forget(guard.announce(&environment("2")).unwrap());
    drop(guard);
    let (mut child, mut next) = (start(&ours, "2"), start(&later, "7"));
    await_holders(&ours, 0).await;
    assert_eq!(holders(&later).len(), 1, "a later owner's program is not ours");
    next.kill().unwrap();
    next.wait().unwrap();
    child.wait().unwrap();
}
