//! A layer that is missing refuses the command, unless the policy says that less will do.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::error::{Code, Result};
use fusion_core::run::Wish;
use fusion_core::workspace::{Command, Isolation, Network, Output, Policy, Sandbox};

use crate::ground::{Ground, policy, sandbox};

/// A bubblewrap under which the kernel answers to one system call that it does not know it, as an older one does.
fn without(call: libc::c_long, folder: &Path) -> PathBuf {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let rules = [(call, Vec::new())].into();
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let program: BpfProgram =
        SeccompFilter::new(rules, SeccompAction::Allow, missing, arch).unwrap().try_into().unwrap();
    let mut bytes = Vec::new();
    for step in &program {
        bytes.extend(step.code.to_ne_bytes());
        bytes.extend([step.jt, step.jf]);
        bytes.extend(step.k.to_ne_bytes());
    }
    std::fs::write(folder.join("filter"), bytes).unwrap();
    script(
        folder,
        &format!("exec /usr/bin/bwrap --seccomp 9 \"$@\" 9< {}/filter", folder.display()),
    )
}

fn script(folder: &Path, line: &str) -> PathBuf {
    let path = folder.join("bwrap");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "#!/bin/sh\n{line}").unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn run(sandbox: &Sandbox, ground: &Ground, isolation: Isolation) -> Result<Output> {
    let command = Command {
        argv: ["sh", "-c", "echo ran; echo made > made"].map(str::to_owned).into(),
        cwd: ground.path("work"),
        writable: vec![ground.path("work")],
        ..Command::default()
    };
    sandbox.run(command, &Policy { isolation, ..policy() }, Arc::new(Wish::default())).await
}

async fn refused(sandbox: Sandbox, why: &str) {
    let ground = Ground::new();
    let error = run(&sandbox, &ground, Isolation::Strict).await.unwrap_err();
    assert_eq!(error.code(), Code::NoSandbox);
    assert!(error.to_string().contains(why), "{error}");
    assert!(!ground.path("work/made").exists(), "it ran");
    let output = run(&sandbox, &ground, Isolation::Available).await.unwrap();
    assert_eq!((output.code, output.level.is_strict()), (Some(0), false), "{output:?}");
    assert!(output.level.missing.iter().any(|said| said.contains(why)), "{}", output.level);
}

#[tokio::test]
async fn without_bubblewrap() {
    let folder = tempfile::tempdir().unwrap();
    refused(sandbox().bubblewrap(folder.path().join("none")), "none").await;
}

#[tokio::test]
async fn with_a_bubblewrap_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let broken =
        script(folder.path(), "echo 'bwrap: No permissions to create a new namespace' >&2; exit 1");
    refused(sandbox().bubblewrap(broken), "No permissions").await;
}

#[tokio::test]
async fn without_landlock() {
    let folder = tempfile::tempdir().unwrap();
    let without = without(libc::SYS_landlock_create_ruleset, folder.path());
    refused(sandbox().bubblewrap(without), "Landlock").await;
}

#[tokio::test]
async fn without_landlock_that_was_there_a_moment_ago() {
    let (folder, ground) = (tempfile::tempdir().unwrap(), Ground::new());
    let whole = script(folder.path(), "exec /usr/bin/bwrap \"$@\"");
    let sandbox = sandbox().bubblewrap(whole);
    assert!(run(&sandbox, &ground, Isolation::Strict).await.is_ok());
    std::fs::remove_file(ground.path("work/made")).unwrap();
    without(libc::SYS_landlock_restrict_self, folder.path());
    let error = run(&sandbox, &ground, Isolation::Strict).await.unwrap_err();
    assert_eq!(error.code(), Code::NoSandbox);
    assert!(!ground.path("work/made").exists(), "it ran");
}

#[tokio::test]
async fn without_seccomp() {
    let folder = tempfile::tempdir().unwrap();
    let without = without(libc::SYS_seccomp, folder.path());
    refused(sandbox().bubblewrap(without), "seccomp").await;
}

#[tokio::test]
async fn without_a_launcher() {
    let ground = Ground::new();
    let sandbox = sandbox().launcher(["/nowhere/fusion", "sandbox"]);
    let error = run(&sandbox, &ground, Isolation::Strict).await.unwrap_err();
    assert_eq!(error.code(), Code::NoSandbox);
    assert!(!ground.path("work/made").exists());
}

#[tokio::test]
async fn off_is_said_aloud_and_reported() {
    let ground = Ground::new();
    let output = run(&sandbox(), &ground, Isolation::Off).await.unwrap();
    assert_eq!(output.level.name(), "none");
    assert!(ground.path("work/made").exists());
}

#[tokio::test]
async fn a_program_that_nobody_allowed_is_not_started() {
    let ground = Ground::new();
    let only = Policy { programs: Some(vec!["git".to_owned()]), ..policy() };
    let command = Command {
        argv: ["sh", "-c", "echo made > made"].map(str::to_owned).into(),
        cwd: ground.path("work"),
        writable: vec![ground.path("work")],
        ..Command::default()
    };
    let error = sandbox().run(command, &only, Arc::new(Wish::default())).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidInput);
    assert!(error.message().contains("does not allow `sh`"), "{error}");
    assert!(!ground.path("work/made").exists());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let ground = Ground::new();
    let command = Command {
        argv: vec!["no-such-program".to_owned()],
        cwd: ground.path("work"),
        writable: vec![ground.path("work")],
        ..Command::default()
    };
    let error = sandbox().run(command, &policy(), Arc::new(Wish::default())).await.unwrap_err();
    assert_eq!(error.code(), Code::Workspace);
    assert!(error.message().contains("`no-such-program` does not exist"), "{error}");
}

#[tokio::test]
async fn a_network_of_its_own_has_nobody_else_in_it() {
    let mut ground = Ground::new();
    let own = Policy { network: Network::Own, ..policy() };
    let talk = "
import os, socket, threading
server = socket.create_server(('127.0.0.1', 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b'hello'), daemon=True).start()
print(socket.create_connection(server.getsockname()).recv(9).decode())
for attempt in (lambda: socket.create_connection(('127.0.0.1', int(os.environ['PORT'])), 1),
                lambda: socket.socket(socket.AF_UNIX).connect('\\0' + os.environ['NAMED']),
                lambda: socket.create_connection(('1.1.1.1', 80), 1)):
    try: attempt(); print('ESCAPED')
    except OSError as error: print(error)";
    let output = ground.run(&["python3", "-c", talk], own).await;
    assert!(output.stdout.starts_with(b"hello\n"), "{output:?}");
    assert_eq!(ground.reached(&output), None, "{output:?}");
}
