//! Looking at runs: statuses agree, `why` knows what was said, and what can be read can be looked at.

use serde_json::json;

use crate::control::signal;
use crate::support::{Project, Ran};

#[test]
fn lists_and_runs_say_the_same_status() {
    let project = Project::with(
        "nodes:\n  s: { wait: { signal: go } }\n  n: { command: [sh, -c, 'while [ ! -e go ]; do sleep 0.05; done'] }\n",
    );
    let id = project.id();
    let same = |status: &str| {
        let shown = project.fusion(&format!("runs show {id} --json")).json();
        let listed = project.fusion("runs list --json").json();
        assert_eq!(
            (&shown["status"], &listed["runs"][0]["status"]),
            (&json!(status), &json!(status))
        );
        let filtered = project.fusion(&format!("runs list --json --status {status}")).json();
        assert_eq!(filtered["runs"].as_array().unwrap().len(), 1, "{status}");
    };
    project.fusion(&format!("run w.yaml --id {id} --detach"));
    same("pending");
    let child = project.start(&format!("run w.yaml --id {id}"));
    project.until(&format!("runs show {id} --json"), |run| run["status"] == "running");
    same("running");
    signal(&child, "KILL");
    drop(child.wait_with_output());
    same("pending");
    project.write("go", "");
    let child = project.start(&format!("run w.yaml --id {id}"));
    project.until(&format!("runs show {id} --json"), |run| run["status"] == "waiting");
    same("waiting");
    project.fusion(&format!("runs signal {id} go"));
    assert_eq!(project.ran(&child.wait_with_output().unwrap()).code, 0);
    same("succeeded");
}

#[test]
fn a_paused_run_starts_nothing_and_says_so() {
    let project = Project::with(
        "nodes:\n  a: { command: [sh, -c, 'while [ ! -e go ]; do sleep 0.05; done'] }\n  b: { command: ['true'], needs: [a] }\n",
    );
    let id = project.id();
    let child = project.start(&format!("run w.yaml --id {id}"));
    let show = format!("runs show {id} --json");
    project.until(&show, |run| run["nodes"]["a"]["status"] == "running");
    project.fusion(&format!("runs pause {id}"));
    project.until(&format!("why {id} --json"), |why| {
        why["why"][0]["sentence"].as_str().is_some_and(|said| said.contains("is paused"))
    });
    project.write("go", "");
    let run = project.until(&show, |run| run["nodes"]["a"]["status"] == "succeeded");
    let run = if run["status"] == "paused" {
        run
    } else {
        project.until(&show, |run| run["status"] == "paused")
    };
    assert_eq!(run["nodes"]["b"]["status"], "ready", "{run:#}");
    project.fusion(&format!("runs resume {id}"));
    assert_eq!(project.ran(&child.wait_with_output().unwrap()).code, 0);
}

#[test]
fn why_knows_what_was_said_and_not_heard() {
    let project = Project::with(
        "nodes:\n  s: { wait: { signal: go } }\n  e: { wait: { approval: { role: editor, message: Ok? } } }\n",
    );
    project.fusion("run w.yaml --id r --detach");
    project.fusion("recover");
    insta::assert_snapshot!(project.fusion("why r").all(), @r##"
exit 0
--- stdout
node `s` waits for the signal `go`
  try: fusion runs signal r go
"##);
    project.fusion("runs signal r go");
    project.fusion("runs cancel r");
    insta::assert_snapshot!(project.fusion("why r").all(), @r##"
exit 0
--- stdout
run `r` has not heard yet of the signal `go`, a cancel by tester: no process drives run `r`
  try: fusion recover (or start a worker); run r goes on from its journal
"##);
    project.fusion("recover");
    insta::assert_snapshot!(project.fusion("why r").all(), @r##"
exit 0
--- stdout
run `r` has ended: it was cancelled by tester
  try: fusion runs retry r
"##);
}

#[test]
fn why_sees_a_dead_process_while_a_run_goes_back() {
    let project = Project::with(
        "nodes:\n  a: { command: ['true'], compensate: { command: [sh, -c, 'while [ ! -e go ]; do sleep 0.05; done'] } }\n  b: { command: ['false'], needs: [a] }\n",
    );
    let id = project.id();
    let child = project.start(&format!("run w.yaml --id {id}"));
    let why = project.until(&format!("why {id} --json"), |why| {
        why["why"][0]["sentence"].as_str().is_some_and(|said| said.contains("undone"))
    });
    assert_eq!(
        why["why"][0]["sentence"],
        format!("run `{id}` goes back: what node `a` did is being undone")
    );
    signal(&child, "KILL");
    drop(child.wait_with_output());
    let why = project.fusion(&format!("why {id} --json")).json();
    let said = why["why"][0]["sentence"].as_str().unwrap();
    assert!(said.contains("died") || said.contains("no process drives"), "{said}");
    assert!(why["why"][0]["hint"].as_str().unwrap().starts_with("fusion recover"), "{why}");
    project.write("go", "");
    assert_eq!(project.fusion("recover").code, 1, "the run has failed, and was compensated");
}

#[test]
fn what_was_undone_and_what_could_not_be_is_shown() {
    let project = Project::with(
        "nodes:\n  a: { command: ['true'], retry: { attempts: 2, initial: 1ms }, compensate: { command: [sh, -c, 'echo stuck >&2; exit 3'] } }\n  \
         b: { command: ['true'], needs: [a], compensate: { command: ['true'] } }\n  \
         c: { command: [sh, -c, 'if [ -e seen ]; then exit 0; fi; touch seen; exit 5'], needs: [b], retry: { attempts: 2, initial: 1ms } }\n  \
         d: { command: [sh, -c, 'exit 4'], needs: [c] }\n",
    );
    assert_eq!(project.fusion("run w.yaml --id r --quiet").code, 1);
    let shown = project.fusion("runs show r").stdout;
    let rows = shown
        .lines()
        .skip_while(|line| !line.starts_with("node"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r##"
node status attempts took about
a succeeded 1 [LENGTH]
a[undo] failed 2 [LENGTH] exit: `sh` ended with exit code 3: stuck
b succeeded 1 [LENGTH]
b[undo] succeeded 1 [LENGTH]
c succeeded 2 [LENGTH]
d failed 1 [LENGTH] exit: `sh` ended with exit code 4
"##);
    let nodes = &project.fusion("runs show r --json").json()["nodes"];
    let undo = &nodes["a"]["undo"];
    assert_eq!((&undo["status"], &undo["attempts"]), (&json!("failed"), &json!(2)), "{nodes:#}");
    assert_eq!(undo["error"]["class"], "exit");
    assert_eq!(undo["error"]["detail"], "stuck\n");
    assert!(undo["started"].as_i64() <= undo["finished"].as_i64() && undo["started"].is_i64());
    assert_eq!(nodes["b"]["undo"]["status"], "succeeded");
    assert_eq!(nodes["b"]["undo"].get("error"), None);
    assert_eq!(nodes["c"].get("undo"), None, "nothing undoes it");
    assert_eq!(nodes["c"].get("error"), None, "a later attempt made it good");
    assert_eq!(nodes["d"].get("undo"), None, "it did nothing");
}

/// Runs `fusion` as somebody who may not write where the project is.
fn as_reader(project: &Project, args: &str) -> Ran {
    let script = format!(
        "chmod a+rx . .fusion; chmod a-w . .fusion .fusion/*; chmod a+r .fusion/*; \
         if [ \"$(id -u)\" = 0 ]; then set -- setpriv --reuid=65534 --regid=65534 --clear-groups; fi; \
         \"$@\" \"$FUSION\" {args}; code=$?; chmod u+w . .fusion .fusion/*; exit $code"
    );
    project.shell(&script)
}

#[test]
fn what_can_only_be_read_can_be_looked_at() {
    let project = Project::with(
        "nodes: { a: { command: [echo, hi] } }\noutputs: { x: '{{ nodes.a.lines[0] }}' }\n",
    );
    project.fusion("run w.yaml --id r");
    project.fusion("run w.yaml --id open --detach");
    for args in [
        "runs list",
        "runs show r",
        "runs logs r",
        "why r",
        "runs replay r",
        "graph r",
        "runs show open",
        "runs export r -o -",
    ] {
        let ran = as_reader(&project, args);
        assert_eq!(ran.code, 0, "{args}: {}", ran.all());
    }
    assert_eq!(as_reader(&project, "runs show r --json").json()["outputs"]["x"], "hi");
    for args in ["runs cancel open", "runs prune r --yes", "recover", "run w.yaml"] {
        let ran = as_reader(&project, &format!("{args} --json"));
        assert_eq!((ran.code, ran.error().as_str()), (1, "FU0307"), "{args}: {}", ran.all());
    }
    let doctor = as_reader(&project, "doctor --json");
    assert_eq!((doctor.code, &doctor.json()["ok"]), (1, &json!(false)), "{}", doctor.all());
    assert_eq!(project.fusion("runs list --json").json()["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_store_in_use_can_be_looked_at_by_readers_too() {
    let project = Project::with("nodes: { s: { wait: { signal: go } } }\n");
    let child = project.start("run w.yaml --id r");
    project.until("runs show r --json", |run| run["nodes"]["s"]["status"] == "waiting");
    let ran = as_reader(&project, "runs show r --json");
    assert_eq!(ran.json()["status"], "waiting", "{}", ran.all());
    project.fusion("runs signal r go");
    assert_eq!(project.ran(&child.wait_with_output().unwrap()).code, 0);
}

#[test]
fn a_variable_that_is_set_to_nothing_says_nothing() {
    let project = Project::with("nodes: { a: { command: [echo, hi] } }\n");
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    let ran = project.finish(command.args(["run", "w.yaml"]).env("FUSION_STORE", ""));
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(project.path(".fusion/fusion.db").exists());
    let ran = project.args(&["runs", "list", "--json", "--store", ""]);
    assert_eq!((ran.code, ran.error().as_str()), (2, "FU0301"), "{}", ran.all());
}
