//! What reaches the screen: no control characters of others, more with `-v`, less with `-q`, and JSON that says all.

use serde_json::Value;

use crate::support::{Project, Ran};

/// A program that clears the screen, rings, turns text around and uses the short form of an escape.
const WILD: &str = "\
nodes:
  a: { command: [printf, 'one\\033[2J\\a\\tx\\302\\233 two'] }
  b: { command: [sh, -c, 'printf \"bad\\033]0;title\\a \\342\\200\\256end\" >&2; exit 1'], needs: [a] }
outputs: { x: '{{ nodes.a.stdout }}' }
";

fn is_clean(ran: &Ran) {
    let wild = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
    assert!(!ran.stdout.contains(wild) && !ran.stderr.contains(wild), "{:?}", ran.all());
}

#[test]
fn control_characters_of_programs_are_shown_not_sent() {
    let project = Project::with(WILD);
    let ran = project.fusion("run w.yaml --id r");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("bad^[]0;title^G <U+202E>end"), "{}", ran.stderr);
    is_clean(&ran);
    for args in [
        "runs show r --outputs",
        "runs list",
        "runs logs r",
        "why r",
        "runs replay r",
        "runs show r --json",
        "runs list --json",
        "runs logs r --json",
        "run w.yaml --json",
        "-v run w.yaml -q",
    ] {
        let ran = project.fusion(args);
        assert!(ran.stdout.len() + ran.stderr.len() > 20, "{args}: {}", ran.all());
        is_clean(&ran);
    }
    // The journal keeps what the program wrote.
    let shown = project.fusion("runs show r --json").json();
    assert_eq!(shown["nodes"]["a"]["output"]["stdout"], "one\u{1b}[2J\u{7}\tx\u{9b} two");
    project.write("ok.yaml", "fusion: 1\nname: ok\nnodes: { a: { command: [printf, 'a\\033[2Jb'] } }\noutputs: { x: '{{ nodes.a.stdout }}' }\n");
    assert_eq!(project.fusion("run ok.yaml -q").stdout, "x: a^[[2Jb\n");
}

#[test]
fn verbose_shows_more_and_quiet_less() {
    let project = Project::with(
        "nodes: { a: { command: [echo, hi] } }\noutputs: { x: '{{ nodes.a.lines[0] }}' }\n",
    );
    let told = |args: &str| project.fusion(args).stderr.lines().count();
    assert_eq!(told("run w.yaml"), 0);
    let one = project.fusion("run w.yaml -v");
    assert_eq!(one.code, 0);
    for words in ["run driven here", "node succeeded", "run ended", "node=\"a\""] {
        assert!(one.stderr.contains(words), "{words}: {}", one.stderr);
    }
    let (less, more) = (told("run w.yaml -v"), told("run w.yaml -vv"));
    assert!(0 < less && less < more, "{less} {more}");
    assert_eq!(project.fusion("run w.yaml -q").all(), "exit 0\n--- stdout\nx: hi\n");
    // Both together: what the engine does, and results.
    let both = project.fusion("run w.yaml -q -v");
    assert_eq!(both.stdout, "x: hi\n");
    assert!(both.stderr.contains("run ended"), "{}", both.stderr);
    let mut filtered = project.command(env!("CARGO_BIN_EXE_fusion"));
    let ran =
        project.finish(filtered.args(["run", "w.yaml"]).env("FUSION_LOG", "fusion_core=debug"));
    assert!(ran.stderr.contains("DEBUG"), "{}", ran.stderr);
}

#[test]
fn wrong_usage_is_told_whole_as_json() {
    let project = Project::new();
    insta::assert_snapshot!(project.fusion("runs signal --json").all(), @r##"
exit 2
--- stdout
{
  "error": {
    "code": "usage",
    "message": "the following required arguments were not provided: <RUN> <NAME>",
    "hint": "usage: fusion runs signal --json <RUN> <NAME> [PAYLOAD]",
    "usage": "fusion runs signal --json <RUN> <NAME> [PAYLOAD]",
    "errors": [
      {
        "code": "usage",
        "message": "the following required arguments were not provided: <RUN> <NAME>",
        "hint": "usage: fusion runs signal --json <RUN> <NAME> [PAYLOAD]",
        "usage": "fusion runs signal --json <RUN> <NAME> [PAYLOAD]"
      }
    ]
  }
}
"##);
    insta::assert_snapshot!(project.fusion("runs list --status runing --json").all(), @r##"
exit 2
--- stdout
{
  "error": {
    "code": "usage",
    "message": "invalid value 'runing' for '--status <STATUS>' [possible values: pending, running, waiting, paused, succeeded, failed, cancelled]",
    "hint": "a similar value exists: 'running'",
    "usage": null,
    "errors": [
      {
        "code": "usage",
        "message": "invalid value 'runing' for '--status <STATUS>' [possible values: pending, running, waiting, paused, succeeded, failed, cancelled]",
        "hint": "a similar value exists: 'running'",
        "usage": null
      }
    ]
  }
}
"##);
}

#[test]
fn a_capsule_goes_to_standard_output() {
    let project = Project::with("nodes: { a: { command: [echo, hi] } }\n");
    project.fusion("run w.yaml --id r");
    let piped = project.shell("\"$FUSION\" runs export r -o - | \"$FUSION\" runs replay - --json");
    assert_eq!(piped.json()["status"], "succeeded", "{}", piped.all());
    assert!(!project.path("-").exists());
    let lines = project.fusion("runs export r -o -").stdout;
    let parsed = lines.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>();
    assert!(parsed.unwrap().len() > 3, "{lines}");
}

#[test]
fn every_command_speaks_json() {
    let project = Project::with(
        "nodes:\n  a: { command: [echo, hi] }\n  ok: { wait: { approval: { message: Go? } }, needs: [a] }\noutputs: { x: '{{ nodes.a.lines[0] }}' }\n",
    );
    for (args, code) in [
        ("run w.yaml --id r --detach", 0),
        ("validate w.yaml", 0),
        ("validate w.yaml none.yaml", 2),
        ("graph w.yaml", 0),
        ("schema workflow", 0),
        ("recover", 0),
        ("runs list", 0),
        ("runs show r", 0),
        ("graph r", 0),
        ("why r", 0),
        ("runs why r", 0),
        ("runs pause r", 0),
        ("runs resume r", 0),
        ("runs reject r ok", 0),
        ("runs reject r ok", 2),
        ("recover", 0),
        ("runs watch r", 0),
        ("runs signal r late", 2),
        ("runs cancel r", 2),
        ("runs resolve r a --not-done", 2),
        ("runs retry r ok --detach", 0),
        ("runs fork r --id f --detach", 0),
        ("runs replay r", 0),
        ("runs export r", 0),
        ("runs prune r", 2),
        ("runs prune --status failed --dry-run", 0),
        ("runs prune --older-than 1d --yes", 0),
        ("doctor", 0),
        ("simulate w.yaml --seeds 1", 0),
        ("explain", 0),
        ("explain FU0101", 0),
        ("explain FU9999", 2),
        ("completions bash", 0),
        ("run none", 2),
        ("nonsense", 2),
        ("run", 2),
    ] {
        let ran = project.fusion(&format!("{args} --json"));
        assert_eq!(ran.code, code, "{args}: {}", ran.all());
        let value = ran.json();
        assert!(value.is_object() || value.is_array(), "{args}: {value}");
        assert_eq!(
            value.get("error").is_some_and(|error| error["errors"].is_array()),
            code == 2,
            "{args}: {value:#}"
        );
    }
    let lines = project.fusion("runs logs r --json").stdout;
    assert!(
        lines.lines().count() > 4
            && lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
}
