//! On a real terminal: colours, lines that move, Ctrl-C. `script` makes the terminal, as it does for people.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::support::{Project, Ran};

/// `slow` goes on until there is a file `go`.
const SLOW: &str = "\
nodes:
  first: { command: [echo, hi] }
  slow: { command: [sh, -c, 'while [ ! -e go ]; do sleep 0.05; done'], needs: [first] }
outputs: { said: '{{ nodes.first.lines[0] }}' }
";

/// Starts a command line on a terminal of 100 columns.
fn start(project: &Project, line: &str) -> Child {
    let mut command = project.command("script");
    let inner = format!("stty cols 100 rows 30; exec \"$FUSION\" {line}");
    command.args(["-qefc", &inner, "/dev/null"]).env("FUSION", env!("CARGO_BIN_EXE_fusion"));
    command.env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end; standard error and output are one on a terminal.
fn end(project: &Project, mut child: Child) -> Ran {
    drop(child.stdin.take());
    project.ran(&child.wait_with_output().unwrap())
}

/// Reads what the terminal got until it shows a text.
fn until(child: &mut Child, text: &str) -> String {
    let mut seen = Vec::new();
    let out = child.stdout.as_mut().unwrap();
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).contains(text) {
        assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn a_terminal_gets_moving_lines_and_then_the_result() {
    let project = Project::with(SLOW);
    let id = project.id();
    let mut child = start(&project, &format!("run w.yaml --id {id}"));
    let shown = until(&mut child, "1/2");
    assert!(shown.contains("node.succeeded  first"), "{shown:?}");
    until(&mut child, "slow ");
    project.write("go", "");
    let ran = end(&project, child);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("said: hi"), "{:?}", ran.stdout);
    // The cursor is given back, and nothing that moved is left below the result.
    let last = ran.stdout.trim_end().lines().last().unwrap_or_default();
    assert!(last.contains("said: hi"), "{:?}", ran.stdout);
    let (hidden, shown) = (ran.stdout.rfind("\u{1b}[?25l"), ran.stdout.rfind("\u{1b}[?25h"));
    assert!(hidden.is_none() || hidden < shown, "{:?}", ran.stdout);
}

#[test]
fn a_terminal_gets_colours_unless_it_does_not_want_them() {
    let project = Project::with(SLOW);
    project.write("go", "");
    project.fusion("run w.yaml --id r");
    let green = "\u{1b}[32msucceeded\u{1b}[0m";
    let ran = end(&project, start(&project, "runs list"));
    assert!(ran.stdout.contains(green), "{:?}", ran.stdout);
    let red = end(&project, start(&project, "runs show none"));
    assert!(red.stdout.contains("\u{1b}[31merror\u{1b}[0m"), "{:?}", red.stdout);
    for plain in ["runs list --no-color", "runs show none --no-color", "runs list --json"] {
        let ran = end(&project, start(&project, plain));
        assert!(!ran.stdout.contains('\u{1b}'), "{plain}: {:?}", ran.stdout);
    }
    let plain = end(&project, start(&project, "run w.yaml --no-color"));
    assert!(
        plain.stdout.contains("run.succeeded") && !plain.stdout.contains('\u{1b}'),
        "{:?}",
        plain.stdout
    );
    assert!(!project.fusion("runs list").stdout.contains('\u{1b}'), "a pipe gets none");
}

#[test]
fn control_characters_reach_no_terminal() {
    let project = Project::with(
        "nodes: { a: { command: [sh, -c, 'printf \"x\\033[5mblink\\a\" >&2; exit 1'] } }\n",
    );
    let ran = end(&project, start(&project, "run w.yaml"));
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("x^[[5mblink^G"), "{:?}", ran.stdout);
    assert!(!ran.stdout.contains("\u{1b}[5m") && !ran.stdout.contains('\u{7}'), "{:?}", ran.stdout);
}

#[test]
fn ctrl_c_on_a_terminal_leaves_a_run_that_goes_on() {
    let project = Project::with(SLOW);
    let id = project.id();
    let mut child = start(&project, &format!("run w.yaml --id {id}"));
    until(&mut child, "slow ");
    // What a keyboard sends: the terminal makes a signal of it, for the whole group of processes.
    child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    let ran = end(&project, child);
    assert_eq!(ran.code, 130, "{:?}", ran.stdout);
    assert!(ran.stdout.contains("fusion recover"), "{:?}", ran.stdout);
    let shown = project.fusion(&format!("runs show {id} --json")).json();
    assert_eq!(shown["status"], "pending", "{shown:#}");
    assert_eq!(shown["nodes"]["first"]["status"], "succeeded");
    project.write("go", "");
    let recovered = project.fusion("recover --json").json();
    assert_eq!(recovered["runs"][0]["status"], json!("succeeded"), "{recovered:#}");
}

#[test]
fn a_dashboard_shows_what_changes_and_gives_the_terminal_back() {
    let project = Project::with(SLOW);
    project.write("go", "");
    project.fusion("run w.yaml --id first");
    let mut child = start(&project, "dashboard --watch --interval 50ms");
    let shown = until(&mut child, "q quit");
    assert!(shown.contains("\u{1b}[?1049h") && shown.contains("succeeded"), "{shown:?}");
    project.fusion("tasks add --id later Write");
    until(&mut child, "queued");
    child.stdin.as_mut().unwrap().write_all(b"jkq").unwrap();
    let ran = end(&project, child);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("\u{1b}[?1049l"), "{:?}", ran.stdout);
}
