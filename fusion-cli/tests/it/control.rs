//! Several processes on one store.

use std::process::Child;

use serde_json::json;

use crate::support::{Project, Ran};

const ASK: &str = "\
nodes:
  a: { command: [echo, hi] }
  ok: { wait: { approval: { role: boss, message: 'Publish?' } }, needs: [a] }
  b: { command: [echo, '{{ nodes.ok.by }}: {{ nodes.ok.comment }}'], when: nodes.ok.approved }
outputs: { said: '{{ nodes.b.lines[0] }}' }
";

fn end(project: &Project, child: Child) -> Ran {
    project.ran(&child.wait_with_output().unwrap())
}

#[test]
fn one_process_waits_and_another_one_approves() {
    let project = Project::with(ASK);
    let waiting = project.start("run w.yaml --id long-name");
    project.until("runs show long-name --json", |run| run["nodes"]["ok"]["status"] == "waiting");
    insta::assert_snapshot!(project.fusion("why long").all(), @r##"
exit 0
--- stdout
node `ok` waits for a boss's answer to "Publish?"
  `b` needs `ok`
  try: fusion runs approve long-name ok
"##);
    let answered = project.args(&["runs", "approve", "long", "--by", "jane", "--comment", "go"]);
    assert_eq!(answered.all(), "exit 0\n--- stdout\napprove: run long-name\n");
    insta::assert_snapshot!(end(&project, waiting).all(), @r##"
exit 0
--- stdout
run long-name
[TIME] run.started (w)
[TIME] node.succeeded  a ([LENGTH])
[TIME] node.waiting    ok (approval, boss): Publish?
  Publish?
  answer with: fusion runs approve long-name ok   (or: fusion runs reject long-name ok)
[TIME] approval.granted ok (by jane, go)
[TIME] node.succeeded  ok ([LENGTH])
[TIME] node.succeeded  b ([LENGTH])
[TIME] run.succeeded
succeeded in [LENGTH]
said: jane: go
"##);
    insta::assert_snapshot!(project.fusion("runs approve long-name").all(), @r##"
exit 2
--- stderr
error: node `ok` has been answered already, by jane [FU0105]
  hint: the run takes the first answer
"##);
}

#[test]
fn what_is_said_to_a_run_that_nobody_drives_is_kept() {
    let project = Project::with(ASK);
    insta::assert_snapshot!(project.fusion("run w.yaml --id r --detach").all(), @r##"
exit 0
--- stdout
r
--- stderr
it is recorded: `fusion worker` or `fusion recover` drives it
"##);
    insta::assert_snapshot!(project.fusion("recover").all(), @r##"
exit 0
--- stdout
took over run r
run r waiting
"##);
    insta::assert_snapshot!(project.fusion("runs reject r ok").all(), @r##"
exit 0
--- stdout
reject: run r
--- stderr
no process drives the run now: `fusion recover` or a `fusion worker` carries it out
"##);
    let recovered = project.fusion("recover --json").json();
    assert_eq!(recovered["runs"][0]["run"], "r");
    let nodes = project.fusion("runs show r --json").json();
    assert_ne!(nodes["nodes"]["ok"]["status"], "waiting", "{nodes:#}");
    assert_eq!(project.fusion("recover").stdout, "nothing is left to recover\n");
}

#[test]
fn signals_pauses_and_cancels_reach_another_process() {
    let project = Project::with(
        "nodes:\n  s: { wait: { signal: go } }\n  n: { command: [sleep, '60'], needs: [s] }\n",
    );
    let run = project.start("run w.yaml --id r");
    project.until("runs show r --json", |run| run["nodes"]["s"]["status"] == "waiting");
    assert_eq!(project.fusion("runs pause r").code, 0);
    project.until("runs show r --json", |run| run["status"] == "paused");
    assert_eq!(project.args(&["runs", "signal", "r", "go", "{\"x\": 1}"]).code, 0);
    assert_eq!(project.fusion("runs resume r").code, 0);
    let shown = project.until("runs show r --json", |run| run["nodes"]["n"]["status"] == "running");
    assert_eq!(shown["nodes"]["s"]["output"], json!({"x": 1}));
    assert_eq!(project.fusion("runs cancel r --why enough").code, 0);
    let ran = end(&project, run);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("FU0402"), "{}", ran.all());
    assert_eq!(project.fusion("runs list --json").json()["runs"][0]["status"], "cancelled");
}

#[test]
fn a_worker_takes_what_is_recorded_and_drains() {
    let project = Project::with(
        "nodes:\n  n: { command: [echo, done] }\noutputs: { x: '{{ nodes.n.lines[0] }}' }\n",
    );
    project.fusion("run w.yaml --id first --detach");
    let mut worker = project.start("worker --concurrency 4");
    project.fusion("run w.yaml --id second --detach");
    for id in ["first", "second"] {
        project.until(&format!("runs show {id} --json"), |run| run["status"] == "succeeded");
    }
    signal(&worker, "TERM");
    assert_eq!(worker.wait().unwrap().code(), Some(0));
}

#[test]
fn runs_are_retried_forked_replayed_and_pruned() {
    let project = Project::with(
        "nodes:\n  a: { command: [sh, -c, 'date +%N > stamp; cat stamp'] }\n  b: { command: [cat, wanted], needs: [a] }\noutputs: { b: '{{ nodes.b.lines[0] }}' }\n",
    );
    assert_eq!(project.fusion("run w.yaml --id r -q").code, 1);
    let stamp = std::fs::read_to_string(project.path("stamp")).unwrap();
    project.write("wanted", "here\n");
    assert_eq!(project.fusion("runs retry r -q").all(), "exit 0\n--- stdout\nb: here\n");
    project.write("wanted", "there\n");
    assert_eq!(
        project.fusion("runs fork r --from b --id f -q").all(),
        "exit 0\n--- stdout\nb: there\n"
    );
    assert_eq!(std::fs::read_to_string(project.path("stamp")).unwrap(), stamp, "`a` ran once");
    assert_eq!(project.fusion("runs export r -o r.capsule").code, 0);
    let replay = project.fusion("runs replay r.capsule --json");
    assert_eq!(replay.code, 0, "{}", replay.all());
    assert_eq!(replay.json()["status"], "succeeded");
    assert_eq!(project.fusion("runs replay r --json").json()["problems"], json!([]));
    let mut bytes = std::fs::read(project.path("r.capsule")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    project.write("r.capsule", bytes);
    assert_eq!(project.fusion("runs replay r.capsule --json").error(), "FU0311");
    insta::assert_snapshot!(project.fusion("runs prune --status succeeded").all(), @r##"
exit 2
--- stderr
error: 2 runs would be deleted [FU0101]
  hint: `--yes` deletes them, `--dry-run` lists them
"##);
    insta::assert_snapshot!(project.fusion("runs prune --older-than 30d --yes").all(), @r##"
exit 0
--- stdout
deleted 0 runs
"##);
    insta::assert_snapshot!(project.fusion("runs prune --status succeeded --yes").all(), @r##"
exit 0
--- stdout
deleted 2 runs
"##);
    assert_eq!(project.fusion("runs list --json").json()["runs"], json!([]));
}

#[test]
fn kept_outputs_are_forgotten_when_somebody_says_so() {
    let project =
        Project::with("nodes: { a: { command: [sh, -c, 'echo x >> ran'], cache: true } }\n");
    let ran = || std::fs::read_to_string(project.path("ran")).unwrap().lines().count();
    for _ in 0..2 {
        assert_eq!(project.fusion("run w.yaml -q").code, 0);
    }
    assert_eq!(ran(), 1, "the second run took the output over");
    assert_eq!(project.fusion("runs prune --cached").code, 2, "it says of what age");
    let would = project.fusion("runs prune --older-than 0s --cached --dry-run --json").json();
    assert_eq!(would["would_forget"], 1);
    insta::assert_snapshot!(project.fusion("runs prune --older-than 0s --cached --yes").all(), @r##"
exit 0
--- stdout
deleted 2 runs and 1 kept output
"##);
    assert_eq!(project.fusion("run w.yaml -q").code, 0);
    assert_eq!(ran(), 2);
    let none = project.fusion("providers prune --older-than 30d --dry-run --json").json();
    assert_eq!(none, json!({"would_delete": []}));
}

#[test]
fn retries_and_forks_can_be_left_to_others() {
    let project = Project::with(
        "nodes: { a: { command: [cat, wanted] } }\noutputs: { a: '{{ nodes.a.lines[0] }}' }\n",
    );
    assert_eq!(project.fusion("run w.yaml --id r -q").code, 1);
    project.write("wanted", "here\n");
    insta::assert_snapshot!(project.fusion("runs retry r --detach").all(), @r##"
exit 0
--- stdout
r
--- stderr
it is recorded: `fusion worker` or `fusion recover` drives it
"##);
    assert_eq!(project.fusion("runs show r --json").json()["status"], "pending");
    let forked = project.fusion("runs fork r --id f --detach --json");
    assert_eq!((forked.code, &forked.json()["status"]), (0, &json!("pending")), "{}", forked.all());
    let recovered = project.fusion("recover --json").json();
    assert_eq!(recovered["runs"].as_array().unwrap().len(), 2, "{recovered:#}");
    for id in ["r", "f"] {
        let run = project.fusion(&format!("runs show {id} --json")).json();
        assert_eq!(run["outputs"]["a"], "here", "{run:#}");
    }
}

#[test]
fn a_run_is_shown_and_logged() {
    let project = Project::with(ASK);
    let run = project.start("run w.yaml --id r");
    project.until("runs show r --json", |run| run["nodes"]["ok"]["status"] == "waiting");
    // Columns are as wide as what is in them, which differs from one time to another.
    let shown = regex::Regex::new("(\\S)  +").unwrap();
    let shown = shown.replace_all(&project.fusion("runs show r").all(), "$1  ").into_owned();
    insta::assert_snapshot!(shown, @r##"
exit 0
--- stdout
run r
workflow w version 1
waiting, began [MOMENT], [LENGTH] ago

node  status  attempts  took  about
a  succeeded  1  [LENGTH]
ok  waiting  [LENGTH]  asks boss: Publish?
b  pending
"##);
    project.fusion("runs approve r");
    end(&project, run);
    insta::assert_snapshot!(project.fusion("runs logs r --severity info").all(), @r##"
exit 0
--- stdout
[TIME] run.started (w)
[TIME] node.succeeded  a ([LENGTH])
[TIME] node.waiting    ok (approval, boss): Publish?
[TIME] approval.granted ok (by tester)
[TIME] node.succeeded  ok ([LENGTH])
[TIME] node.succeeded  b ([LENGTH])
[TIME] run.succeeded
"##);
    let events = project.fusion("runs logs r --json --node ok").stdout;
    let names: Vec<String> = events
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["name"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(names.first().map(String::as_str), Some("node.waiting"));
    assert_eq!(names.last().map(String::as_str), Some("node.succeeded"));
    let doctor = project.fusion("doctor --json");
    assert_eq!((doctor.code, &doctor.json()["store"]["durability"]), (0, &json!("sync")));
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, name: &str) {
    let project = Project::new();
    let killed = project.shell(&format!("kill -{name} {}", child.id()));
    assert_eq!(killed.code, 0, "{}", killed.all());
}
