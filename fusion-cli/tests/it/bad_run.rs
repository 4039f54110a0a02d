//! What goes wrong when a run begins or while it runs.

use serde_json::json;

use crate::support::Project;

#[test]
fn an_unknown_step_is_refused_before_anything_begins() {
    let project =
        Project::with("nodes:\n  a: { command: ['true'] }\n  b: { step: classify, needs: [a] }\n");
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 1
--- stderr
error: node `b` needs the step `classify`, which is not in this program [FU0403]
  --> w.yaml:5:14
  hint: run it from the program that has the code, or record it for that program's worker with `--detach`
"##);
    assert!(!project.path(".fusion").exists());
    assert_eq!(project.fusion("run w.yaml --detach").code, 0, "a worker may have the step");
    let named = project.fusion("run w --json");
    assert_eq!((named.code, named.error().as_str()), (1, "FU0403"), "{}", named.all());
}

#[test]
fn a_graph_that_a_body_gives_is_checked_like_a_file() {
    let refused = |printed: &str| {
        let project = Project::with("nodes: { plan: { command: [cat, graph], expand: true } }\n");
        project.write("graph", printed);
        let ran = project.fusion("run w.yaml");
        assert_eq!(ran.code, 1, "{}", ran.all());
        ran.stderr
    };
    insta::assert_snapshot!(refused("fusion: 1\nname: g\nnodes:\n  a: { comand: [x] }\n  b: { command: [x], needs: [aa] }\n"), @r##"
error: run `[ID]` failed: node `plan` failed: the output is no graph: output:4:8: node `a` has no key `comand` (did you mean `command`?) and 1 more [FU0401]
  | output:4:8: FU0203: node `a` has no key `comand` (did you mean `command`?)
  | output:5:30: FU0205: node `b` needs `aa`, which does not exist (known: a, b)
  hint: `fusion runs show [ID]` shows all nodes
"##);
    insta::assert_snapshot!(refused("{\"nodes\": {\"a\": {\"command\": [\"x\"]}}}"), @r##"
error: run `[ID]` failed: node `plan` failed: the output is no graph: output:1:1: the file lacks the key `fusion` (add `fusion:` with the number 1) [FU0401]
  | output:1:1: FU0204: the file lacks the key `fusion` (add `fusion:` with the number 1)
  hint: `fusion runs show [ID]` shows all nodes
"##);
    insta::assert_snapshot!(refused("[1, 2]"), @r##"
error: run `[ID]` failed: node `plan` failed: the output is no graph: output:1:1: a workflow file is a map of keys, found a list [FU0401]
  | output:1:1: FU0204: a workflow file is a map of keys, found a list
  hint: `fusion runs show [ID]` shows all nodes
"##);
    insta::assert_snapshot!(refused(""), @r##"
error: run `[ID]` failed: node `plan` failed: the output is no graph: output:1:1: the file is empty [FU0401]
  | output:1:1: FU0202: the file is empty
  hint: `fusion runs show [ID]` shows all nodes
"##);
    let project = Project::with("nodes: { plan: { command: [cat, graph], expand: true } }\n");
    project.write("graph", "fusion: 1\nname: g\nnodes: { a: { command: [touch, made] } }\n");
    assert_eq!(project.fusion("run w.yaml").code, 0);
    assert!(project.path("made").exists());
}

#[test]
fn inputs_are_checked_before_anything_begins() {
    let project = Project::with(
        "inputs:\n  n: { type: integer, description: how many }\n  m: { type: integer, default: 1 }\nnodes: { a: { command: [echo, '{{ inputs.n }}'] } }\n",
    );
    insta::assert_snapshot!(project.fusion("run w.yaml --input m=many").all(), @r##"
exit 2
--- stderr
error: the input `m` must be a whole number, found "many" [FU0101]
"##);
    insta::assert_snapshot!(project.fusion("run w.yaml --input nn=1 --input m").all(), @r##"
exit 2
--- stderr
error: the input `m` has no `=` [FU0101]
  hint: write `--input NAME=VALUE`
"##);
    for enormous in ["99999999999999999999999", "1e400", "-1.5", "NaN"] {
        let ran = project.fusion(&format!("run w.yaml --json --input n={enormous}"));
        assert_eq!((ran.code, ran.error().as_str()), (2, "FU0101"), "{enormous}");
    }
    assert!(!project.path(".fusion").exists());
}

#[test]
fn a_missing_input_is_named() {
    let project = Project::with(
        "inputs:\n  n: { type: integer, description: how many }\n  who: { type: string }\nnodes: { a: { command: [echo, '{{ inputs.n }} {{ inputs.who }}'] } }\n",
    );
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 2
--- stderr
error: the input `n` is missing [FU0107]
  hint: give it with `--input n=…` (how many)
error: the input `who` is missing [FU0107]
  hint: give it with `--input who=…`
"##);
    insta::assert_snapshot!(project.fusion("run w.yaml --input whoo=x --input n=1").all(), @r##"
exit 2
--- stderr
error: workflow `w` has no input `whoo` [FU0101]
  hint: did you mean `who`?
"##);
    assert!(!project.path(".fusion").exists());
}

#[test]
fn options_with_negative_or_enormous_numbers_are_refused() {
    let project = Project::new();
    for args in [
        "runs list --limit -1",
        "runs list --limit 99999999999999999999999",
        "worker --concurrency 0",
        "recover --concurrency -5",
        "runs prune --older-than 99999999999999999999d",
        "runs prune --older-than -1d",
    ] {
        let ran = project.fusion(args);
        assert_eq!(ran.code, 2, "{args}: {}", ran.all());
        assert!(ran.stderr.starts_with("error: "), "{args}: {}", ran.all());
    }
}

#[test]
fn a_template_that_fails_later_fails_its_node() {
    let project = Project::with(
        "nodes:\n  a: { command: [echo, '{}'] }\n  b: { command: [echo, '{{ nodes.a.json.x.y }}'] }\n",
    );
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 1
--- stdout
run [ID]
[TIME] run.started (w)
[TIME] node.succeeded  a ([LENGTH])
[TIME] node.failed     b ([LENGTH], template): `nodes.a.json` has no `x`, in `{{ nodes.a.json.x.y }}`
[TIME] run.failed (template): node `b` failed: `nodes.a.json` has no `x`, in `{{ nodes.a.json.x.y }}`
--- stderr
error: run `[ID]` failed: node `b` failed: `nodes.a.json` has no `x`, in `{{ nodes.a.json.x.y }}` [FU0401]
  hint: `fusion runs show [ID]` shows all nodes
"##);
}

#[test]
fn a_program_that_is_not_there_fails_its_node() {
    let project = Project::with("nodes: { a: { command: [no-such-program-here] } }\n");
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 1
--- stdout
run [ID]
[TIME] run.started (w)
[TIME] node.failed     a ([LENGTH], spawn): cannot start `no-such-program-here`: not found in PATH (…)
[TIME] run.failed (spawn): node `a` failed: cannot start `no-such-program-here`: not found in PATH (…)
--- stderr
error: run `[ID]` failed: node `a` failed: cannot start `no-such-program-here`: not found in PATH (…) [FU0401]
  hint: `fusion runs show [ID]` shows all nodes
"##);
}

#[test]
fn huge_output_is_refused_not_cut() {
    let project = Project::with(
        "nodes: { a: { command: [sh, -c, 'head -c 20000000 /dev/zero | tr \"\\0\" x'] } }\noutputs: { n: '{{ nodes.a.stdout | length }}' }\n",
    );
    let ran = project.fusion("run w.yaml");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("wrote 20000000 bytes to its standard output"), "{}", ran.stderr);
}

#[test]
fn output_that_is_no_utf8_is_still_text() {
    let project = Project::with(
        "nodes: { a: { command: [printf, 'a\\377b'] } }\noutputs: { x: '{{ nodes.a.stdout }}' }\n",
    );
    let ran = project.fusion("run w.yaml --json");
    assert_eq!((ran.code, &ran.json()["outputs"]["x"]), (0, &json!("a\u{fffd}b")), "{}", ran.all());
}

#[test]
fn an_id_is_taken_once() {
    let project = Project::with(
        "inputs: { n: { type: integer, default: 1 } }\nnodes: { a: { command: [echo, '{{ inputs.n }}'] } }\noutputs: { n: '{{ nodes.a.lines[0] }}' }\n",
    );
    assert_eq!(project.fusion("run w.yaml --id mine").code, 0);
    insta::assert_snapshot!(project.fusion("run w.yaml --id mine --input n=2").all(), @r##"
exit 2
--- stderr
error: run `mine` exists with another input [FU0103]
  hint: choose another id (its input has the hash [HASH], this one [HASH])
"##);
    assert_eq!(project.fusion("run w.yaml --id mine --json").json()["outputs"]["n"], "1");
    let bad = project.args(&["run", "w.yaml", "--id", "no spaces", "--json"]);
    assert_eq!((bad.code, bad.error().as_str()), (2, "FU0102"));
}

#[test]
fn a_run_that_is_not_there_has_a_near_one() {
    let project = Project::with("nodes: { a: { command: ['true'] } }\n");
    project.fusion("run w.yaml --id monday-1");
    project.fusion("run w.yaml --id monday-2");
    insta::assert_snapshot!(project.fusion("runs show mondy-1").all(), @r##"
exit 2
--- stderr
error: there is no run `mondy-1` in this store [FU0104]
  hint: did you mean `monday-1`?
"##);
    insta::assert_snapshot!(project.fusion("runs show monday").all(), @r##"
exit 2
--- stderr
error: 2 runs begin with `monday` [FU0101]
  hint: such as monday-2, monday-1
"##);
    insta::assert_snapshot!(project.fusion("runs cancel monday-1").all(), @r##"
exit 2
--- stderr
error: run `monday-1` has ended: it succeeded [FU0105]
  hint: `fusion runs retry monday-1` takes it up again
"##);
}
