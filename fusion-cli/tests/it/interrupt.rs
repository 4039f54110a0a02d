//! Ctrl-C and worse, then going on.

use serde_json::json;

use crate::control::signal;
use crate::support::Project;

/// `slow` notes each of its starts in a ledger, and ends when there is a file `go`.
const SLOW: &str = "\
nodes:
  first: { command: [sh, -c, 'echo first >> ledger'] }
  slow: { command: [sh, -c, 'echo slow >> ledger; while [ ! -e go ]; do sleep 0.05; done'], needs: [first] }
  last: { command: [sh, -c, 'echo last >> ledger'], needs: [slow] }
outputs: { done: '{{ nodes.last.exit_code }}' }
";

fn ledger(project: &Project) -> Vec<String> {
    let text = std::fs::read_to_string(project.path("ledger")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn interrupted(by: &str) -> Project {
    let project = Project::with(SLOW);
    let id = project.id();
    let child = project.start(&format!("run w.yaml --id {id}"));
    project.until(&format!("runs show {id} --json"), |run| {
        run["nodes"]["slow"]["status"] == "running"
    });
    // What the shell writes comes a moment after it is started.
    while ledger(&project).len() < 2 {}
    signal(&child, by);
    let ran = project.ran(&child.wait_with_output().unwrap());
    if by == "KILL" {
        assert_eq!(ran.code, -1);
    } else {
        assert_eq!(ran.code, 130, "{}", ran.all());
        assert!(ran.stderr.contains("fusion recover"), "{}", ran.all());
    }
    project.write("go", "");
    project
}

#[test]
fn recover_finishes_what_ctrl_c_left() {
    for by in ["INT", "TERM", "KILL"] {
        let project = interrupted(by);
        let recovered = project.fusion("recover --json");
        assert_eq!(
            recovered.json()["runs"],
            json!([{"run": project.id(), "status": "succeeded", "error": null}]),
            "{by}"
        );
        assert_eq!(
            ledger(&project),
            ["first", "slow", "slow", "last"],
            "{by}: what was recorded is not done again"
        );
    }
}

#[test]
fn the_same_id_goes_on_with_the_run() {
    let project = interrupted("INT");
    let id = project.id();
    let ran = project.fusion(&format!("run w.yaml --id {id} --json"));
    assert_eq!(ran.json()["outputs"], json!({"done": 0}), "{}", ran.all());
    assert_eq!(ledger(&project), ["first", "slow", "slow", "last"]);
    let again = project.fusion(&format!("run w.yaml --id {id} --json"));
    assert_eq!(again.json()["outputs"], json!({"done": 0}));
    assert_eq!(ledger(&project).len(), 4, "a run that has ended is only told again");
}

#[test]
fn a_second_process_with_the_same_id_follows() {
    let project = Project::with(SLOW);
    let id = project.id();
    let first = project.start(&format!("run w.yaml --id {id} --json"));
    project.until(&format!("runs show {id} --json"), |run| {
        run["nodes"]["slow"]["status"] == "running"
    });
    let second = project.start(&format!("run w.yaml --id {id} --json"));
    project.write("go", "");
    for child in [first, second] {
        let ran = project.ran(&child.wait_with_output().unwrap());
        assert_eq!(ran.json()["outputs"], json!({"done": 0}), "{}", ran.all());
    }
    assert_eq!(ledger(&project), ["first", "slow", "last"], "one process drove");
}
