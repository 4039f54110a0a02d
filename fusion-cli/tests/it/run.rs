//! Runs from a file to their end.

use serde_json::json;

use crate::support::Project;

const HELLO: &str = "\
inputs:
  who: { type: string, default: world }
nodes:
  greet: { command: [echo, 'hello {{ inputs.who }}'] }
  loud: { command: [tr, a-z, A-Z], stdin: '{{ nodes.greet.stdout }}' }
outputs: { text: '{{ nodes.loud.lines[0] }}' }
";

#[test]
fn a_pipe_gets_plain_lines() {
    insta::assert_snapshot!(Project::with(HELLO).fusion("run w.yaml").all(), @r##"
exit 0
--- stdout
run [ID]
[TIME] run.started (w)
[TIME] node.succeeded  greet ([LENGTH])
[TIME] node.succeeded  loud ([LENGTH])
[TIME] run.succeeded
succeeded in [LENGTH]
text: HELLO WORLD
"##);
}

#[test]
fn json_has_everything() {
    let ran = Project::with(HELLO).fusion("run w.yaml --json --input who=you --id mine");
    let json = ran.json();
    assert_eq!(ran.code, 0);
    assert_eq!(json["run"], "mine");
    assert_eq!((&json["workflow"], &json["version"]), (&json!("w"), &json!(1)));
    assert_eq!(
        (&json["status"], &json["outputs"]["text"]),
        (&json!("succeeded"), &json!("HELLO YOU"))
    );
    let node = &json["nodes"]["greet"];
    assert_eq!((&node["status"], &node["attempts"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(node["output"]["lines"], json!(["hello you"]));
    assert!(node["started"].as_i64() <= node["finished"].as_i64() && node["started"].is_i64());
    assert!(json.get("error").is_none());
}

#[test]
fn a_failed_run_says_why() {
    let project = Project::with(
        "nodes:\n  bad: { command: [sh, -c, 'echo broken >&2; exit 3'] }\n  next: { command: [echo], needs: [bad] }\n",
    );
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 1
--- stdout
run [ID]
[TIME] run.started (w)
[TIME] node.failed     bad ([LENGTH], exit): `sh` ended with exit code 3: broken
[TIME] run.failed (exit): node `bad` failed: `sh` ended with exit code 3: broken
--- stderr
error: run `[ID]` failed: node `bad` failed: `sh` ended with exit code 3: broken [FU0401]
  | broken
  hint: `fusion runs show [ID]` shows all nodes
"##);
    let json = project.fusion("run w.yaml --json");
    assert_eq!(json.code, 1);
    assert_eq!(json.json()["nodes"]["bad"]["error"]["class"], "exit");
    assert_eq!(json.json()["error"]["class"], "exit");
}

#[test]
fn quiet_prints_results_only() {
    let ran = Project::with(HELLO).fusion("run w.yaml -q");
    assert_eq!(ran.all(), "exit 0\n--- stdout\ntext: HELLO WORLD\n");
}

#[test]
fn inputs_come_from_a_file_too() {
    let project = Project::with(HELLO);
    project.write("in.yaml", "who: file\n");
    let text = |args: &str| project.fusion(args).json()["outputs"]["text"].clone();
    assert_eq!(text("run w.yaml --json --input-file in.yaml"), "HELLO FILE");
    assert_eq!(text("run w.yaml --json --input-file in.yaml -i who=line"), "HELLO LINE");
    project.write("list.json", "[1]");
    assert_eq!(project.fusion("run w.yaml --json --input-file list.json").error(), "FU0101");
}

#[test]
fn sub_workflows_are_found_by_path_and_by_name() {
    let project = Project::with(
        "nodes:\n  a: { workflow: ./sub/child.yaml }\n  b: { workflow: other }\noutputs: { all: '{{ nodes.a.x ~ nodes.b.x }}' }\n",
    );
    std::fs::create_dir(project.path("sub")).unwrap();
    let child = |name: &str, word: &str| {
        format!(
            "fusion: 1\nname: {name}\nnodes: {{ e: {{ command: [echo, {word}] }} }}\noutputs: {{ x: '{{{{ nodes.e.lines[0] }}}}' }}\n"
        )
    };
    project.write("sub/child.yaml", child("inner", "1"));
    project.write("two.yaml", child("other", "2"));
    let json = project.fusion("run w.yaml --json").json();
    assert_eq!(json["outputs"]["all"], "12", "{json:#}");
    // The store keeps the definitions: no file is needed any more.
    for file in ["w.yaml", "two.yaml", "sub/child.yaml"] {
        std::fs::remove_file(project.path(file)).unwrap();
    }
    assert_eq!(project.fusion("run w --json").json()["outputs"]["all"], "12");
}

#[test]
fn a_map_of_many_is_counted_not_listed() {
    let project = Project::with(
        "nodes:\n  each: { map: '{{ range(1200) | list }}', command: ['true'], max_parallel: 64 }\noutputs: { n: '{{ nodes.each | length }}' }\n",
    );
    let json = project.fusion("run w.yaml --json").json();
    assert_eq!(json["outputs"]["n"], 1200);
    let node = &json["nodes"]["each"];
    assert_eq!(node["items"], json!({"count": 1200, "settled": 1200, "failed": 0}));
    assert!(node.get("output").is_none());
}

#[test]
fn secrets_are_used_and_never_shown() {
    let project = Project::with(
        "nodes:\n  use: { command: [sh, -c, 'echo $T; echo $T | wc -c'], env: { T: '{{ secrets.MY_TOKEN }}' } }\noutputs: { all: '{{ nodes.use.stdout }}' }\n",
    );
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    let ran = project
        .finish(command.args(["run", "w.yaml", "--json"]).env("MY_TOKEN", "hunter2-hunter2"));
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(!ran.all().contains("hunter2"), "{}", ran.all());
    assert!(ran.json()["outputs"]["all"].as_str().unwrap().contains("16"));
    let store = std::fs::read(project.path(".fusion/fusion.db")).unwrap();
    assert!(!store.windows(7).any(|part| part == b"hunter2"));
    assert_eq!(project.fusion("run w.yaml --json").json()["error"]["class"], "template");
}

#[test]
fn the_store_stays_out_of_version_control() {
    let project = Project::with(HELLO);
    project.fusion("run w.yaml");
    assert_eq!(std::fs::read_to_string(project.path(".fusion/.gitignore")).unwrap(), "*\n");
    std::fs::create_dir(project.path("deep")).unwrap();
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    let list =
        project.finish(command.args(["runs", "list", "--json"]).current_dir(project.path("deep")));
    assert_eq!(
        list.json()["runs"].as_array().unwrap().len(),
        1,
        "the project is the nearest folder above"
    );
}

#[test]
fn graphs_are_drawn_and_files_checked() {
    let project = Project::with(HELLO);
    insta::assert_snapshot!(project.fusion("graph w.yaml").all(), @r##"
exit 0
--- stdout
flowchart TD
    n0["greet<br/>command echo hello #123;#123; inputs.who #125;#125;"]
    n1["loud<br/>command tr a-z A-Z"]
    n0 --> n1
"##);
    insta::assert_snapshot!(project.fusion("validate w.yaml").all(), @r##"
exit 0
--- stdout
w.yaml: workflow `w` version 1, 2 nodes
"##);
    project.fusion("run w.yaml --id r");
    assert!(project.fusion("graph r").stdout.contains("class n0,n1 succeeded"));
    assert!(project.fusion("graph r --format svg").stdout.starts_with("<svg"));
    assert_eq!(
        project.fusion("graph w.yaml --format json").json()["nodes"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn runs_below_are_told_with_the_way_to_them() {
    let project = Project::with(
        "nodes:\n  sub: { workflow: inner }\n  plan: { command: [cat, graph], expand: true, needs: [sub] }\nworkflows:\n  inner: { nodes: { deep: { workflow: inmost } } }\n  inmost: { nodes: { x: { command: ['true'] } } }\n",
    );
    project.write("graph", "fusion: 1\nname: g\nnodes: { made: { command: ['true'] } }\n");
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 0
--- stdout
run [ID]
[TIME] run.started (w)
[TIME] node.waiting    sub (run)
[TIME] node.waiting    sub/deep (run)
[TIME] node.succeeded  sub/deep/x ([LENGTH])
[TIME] node.succeeded  sub/deep ([LENGTH])
[TIME] node.succeeded  sub ([LENGTH])
[TIME] node.waiting    plan (run)
[TIME] node.succeeded  plan/made ([LENGTH])
[TIME] node.succeeded  plan ([LENGTH])
[TIME] run.succeeded
succeeded in [LENGTH]
"##);
}
