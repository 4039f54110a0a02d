//! Tests of workflow files.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::error::Error;
use crate::model::graph::{Action, Kind, OnFailure, OnItemFailure, WaitSpec};
use crate::model::{OnUnknown, Timeout, limits};

const RELEASE: &str = include_str!("tests/release.yaml");

/// Every error as one line: place, code, sentence, hint.
fn errors(text: &str) -> Vec<String> {
    let Err(error) = parse(text, "w.yaml") else { return Vec::new() };
    error.all().map(line).collect()
}

fn line(error: &Error) -> String {
    let place = error.place().map_or_else(|| "-".to_owned(), ToString::to_string);
    format!("{place} {} {} | {}", error.code(), error.message(), error.hint_text().unwrap_or("-"))
}

fn node(lines: &str) -> String {
    format!("fusion: 1\nname: w\nnodes:\n  a:\n{lines}\n")
}

#[test]
fn the_example_of_the_contract_is_read_whole() {
    let file = parse(RELEASE, "release.yaml").unwrap();
    let graph = &file.graph;
    assert_eq!((graph.name.as_str(), graph.version, graph.nodes.len()), ("release-notes", 3, 6));
    assert_eq!(graph.on_failure, OnFailure::FinishBranches);
    let needs: Vec<String> = graph.nodes.iter().map(|node| node.needs.join(" ")).collect();
    assert_eq!(needs, ["", "log", "log", "kinds each", "write", "ok write"]);
    let log = graph.nodes[0].policy_ref();
    assert_eq!((log.retry.attempts, log.retry.initial_ms, log.retry.max_ms), (3, 5_000, 30_000));
    assert_eq!(log.timeout, Some(Timeout::Fixed(120_000)));
    let Kind::Map(map) = &graph.nodes[2].kind else { panic!("a map") };
    assert_eq!((map.max_parallel, map.on_item_failure), (8, OnItemFailure::Stop));
    let more = graph.nodes[3].more.as_ref().unwrap();
    assert_eq!(more.fallback.as_ref().unwrap().action, Action::Agent(Box::new(json!("gemini"))));
    assert_eq!(
        Some(&more.fallback.as_ref().unwrap().with),
        graph.nodes[3].kind.task().map(|t| &t.with)
    );
    assert!(graph.nodes[4].policy_ref().timeout.is_none(), "a person is not hurried by defaults");
    let publish = graph.nodes[5].policy_ref();
    assert!(publish.at_most_once && publish.retry.attempts == 1);
    assert_eq!(file.warnings, []);
    let again: crate::model::Graph = serde_json::from_value(json!(graph)).unwrap();
    assert_eq!(again, *graph);
}

#[test]
fn every_key_arrives() {
    let text = include_str!("tests/every_key.yaml");
    let file = parse(text, "w.yaml").unwrap();
    let node = |index: usize| &file.graph.nodes[index];
    let Some(Action::Command(program)) = node(0).kind.task().map(|task| &task.action) else {
        panic!()
    };
    assert_eq!(program.argv, ["tool", "-n", "10", "true"]);
    assert_eq!(program.env["A"], "1");
    assert_eq!(program.env["B"], "{{ inputs.n }}");
    assert_eq!(program.cwd.as_deref(), Some("/tmp"));
    let policy = node(0).policy_ref();
    assert_eq!(
        (policy.retry.attempts, policy.retry.on.len(), policy.retry.not_on.len()),
        (2, 1, 2)
    );
    assert!((policy.retry.jitter - 0.5).abs() < 1e-9);
    let learned = Timeout::Learned { factor: 2.0, floor_ms: 1_000, ceiling_ms: 600_000 };
    assert_eq!(
        (&policy.timeout, policy.heartbeat_ms, policy.priority),
        (&Some(learned), Some(30_000), -3)
    );
    assert_eq!(policy.cache.as_ref().unwrap().version, "2");
    assert_eq!(node(0).more.as_ref().unwrap().validate.len(), 2);
    let Kind::Repeat(repeat) = &node(1).kind else { panic!() };
    assert_eq!((repeat.max, repeat.pause_ms), (5, 1_000));
    let Kind::Wait(wait) = &node(3).kind else { panic!() };
    assert_eq!(**wait, WaitSpec::Signal { name: "go".into(), timeout_ms: Some(3_600_000) });
    assert_eq!(node(4).policy_ref().on_unknown, OnUnknown::WaitHuman);
    assert!(node(4).policy_ref().cache.is_none());
    assert_eq!(file.workflows["sub"].nodes.len(), 1);
}

#[test]
fn a_node_takes_of_the_defaults_what_its_kind_can_have() {
    let defaults = "defaults: { heartbeat: 1m, cache: true, concurrency: { key: k }, timeout: { learned: { ceiling: 1m } } }";
    let nodes = "nodes:\n  s: { step: x }\n  w: { workflow: x }\n  e: { step: x, expand: true }\n  t: { wait: { duration: 1s } }";
    let graph =
        parse(&format!("fusion: 1\nname: w\n{defaults}\n{nodes}\n"), "w.yaml").unwrap().graph;
    let has = |index: usize| {
        let policy: &crate::model::Policy = graph.nodes[index].policy_ref();
        let rest = (policy.cache.is_some(), policy.concurrency.is_some());
        (policy.heartbeat_ms.is_some(), rest, policy.timeout.is_some())
    };
    assert_eq!(has(0), (true, (true, true), true));
    assert_eq!(has(1), (false, (false, false), false));
    assert_eq!(has(2), (true, (true, true), false));
    assert_eq!(has(3), (false, (false, false), false));
}

#[test]
fn json_is_read_too_and_aliases_and_merge_keys_work() {
    let json = json!({"fusion": 1, "name": "j", "nodes": {"a": {"step": "s", "with": {"t": "tab\there \"q\" \u{1f600} é"}}}});
    for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
        let graph = parse(&text, "w.json").unwrap().graph;
        assert_eq!(graph.nodes[0].kind.task().unwrap().with, json["nodes"]["a"]["with"]);
    }
    let text = "fusion: 1\nname: w\nnodes:\n  a: &a\n    step: s\n    retry: &r { attempts: 2 }\n  b: *a\n  c:\n    <<: *a\n    step: t\n    retry: { <<: *r, factor: 3 }\n";
    let graph = parse(text, "w.yaml").unwrap().graph;
    assert_eq!(graph.nodes[1].policy_ref().retry.attempts, 2);
    assert_eq!(graph.nodes[2].policy_ref().retry.attempts, 2);
    assert_eq!(graph.nodes[2].kind.task().unwrap().action, Action::Step("t".into()));
}

#[test]
fn every_error_is_said_at_once_with_its_place() {
    let text = "fusion: 1
name: w
verson: 2
inputs:
  n: { type: int }
nodes:
  log:
    comand: [git, log]
  each:
    map: \"{{ nodes.lgo.lines }}\"
    step: s
    retry: { attempts: \"three\" }
    with:
      deep: [1, \"x {{ inputs.m }}\"]
      text: |
        one
        two {{ nodes.each }}
  c:
    step: s
    needs: [each, lgo]
outputs:
  o: \"{{ nodes.c | uper }}\"
";
    insta::assert_snapshot!(errors(text).join("\n"));
}

/// Expects a part of some error for each node.
fn explain(table: &[(&str, &str)]) {
    let mut missed = Vec::new();
    for (lines, part) in table {
        let said = errors(&node(lines));
        let fits = |line: &String| part.split(" | ").all(|part| line.contains(part));
        if !said.iter().any(fits) {
            missed.push((part, said));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn wrong_types_and_traps_are_explained() {
    explain(&[
        (
            "    step: s\n    retry: { attempts: 0 }",
            "6:24 FU0204 node `a`: `retry.attempts` must be a whole number from 1 to 1000, found `0`",
        ),
        ("    step: s\n    retry: { attempts: 2.0 }", "found `2.0` | write `2`"),
        (
            "    step: s\n    retry: { attempts: 99999999999999999999 }",
            "`99999999999999999999` does not fit into a number of 64 bits",
        ),
        ("    step: s\n    retry: { factor: .inf }", "`.inf` is not a number that JSON has"),
        (
            "    step: s\n    priority: 010",
            "`010` is ten-based for some readers of YAML | write `10`",
        ),
        ("    step: s\n    timeout: 30", "`30` has no unit: write `30s`"),
        ("    step: s\n    timeout: -5s", "not a length of time"),
        (
            "    step: s\n    expand: yes",
            "must be `true` or `false`, found the text \"yes\" | `yes` is a text in YAML 1.2: write `true`",
        ),
        (
            "    command: git log",
            "`command` must be a list, each item a text or a number, found the text \"git log\" | write a list, such as [\"sh\", \"-c\", \"…\"]",
        ),
        ("    command: []", "FU0204 the command names no program"),
        ("    step: 5", "`step` must be a text, found `5` | quote it"),
        ("    step: s\n    with: {{ inputs.x }}", "FU0202"),
        ("    step: s\n    when: {{ inputs.x }} and 1", "quote the template"),
        ("    step: s\n    with: { a: {{ nodes.b }} }", "quote the template"),
        ("    step: s\n\twith: 1", "found a tab | indent with spaces"),
    ]);
}

#[test]
fn control_characters_are_named_with_their_place() {
    for (text, said) in [
        ("fusion: 1\nname: w\0\n", "w.yaml:2:8 FU0202 this is no YAML: a NUL character (U+0000)"),
        (
            "fusion: 1\r\nname: \"ä\u{1b}[1m\"\r\n",
            "w.yaml:2:9 FU0202 this is no YAML: an escape character (U+001B)",
        ),
        ("fusion: 1\n\u{c}name: w\n", "w.yaml:2:1 FU0202 this is no YAML: a form feed (U+000C)"),
        ("\u{1}", "w.yaml:1:1 FU0202 this is no YAML: a control character (U+0001)"),
    ] {
        let all = errors(text);
        assert!(all.len() == 1 && all[0].starts_with(said), "{text:?}: {all:?}");
        assert!(!all[0].contains("indent"), "{all:?}");
    }
    let all = errors("fusion: 1\nname: w\0");
    assert!(
        all[0].contains("take it away, or write `\\u0000` in a text in double quotes"),
        "{all:?}"
    );
}

#[test]
fn nodes_that_make_no_sense_are_explained() {
    explain(&[
        (
            "    step: s\n    step: t",
            "FU0208 the key `step` is given twice: in line 5 and in line 6",
        ),
        ("    step: s\n    command: [x]", "node `a` has step and command at once"),
        ("    needs: []", "node `a` says not what to run"),
        ("    step: s\n    on_item_failure: stop", "has `on_item_failure` without a `map`"),
        ("    step: s\n    stdin: x", "has `stdin` without a `command`"),
        (
            "    command: [x]\n    with: 1",
            "w.yaml:6:11 FU0204 node `a` runs a command, which takes no",
        ),
        ("    workflow: x\n    cache: true", "node `a` runs a workflow and cannot have `cache`"),
        ("    workflow: x\n    concurrency: { key: k }", "cannot have `concurrency` | put it on"),
        ("    workflow: x\n    expand: true", "node `a` runs a workflow and cannot have `expand`"),
        (
            "    workflow: x\n    timeout: { learned: { ceiling: 1m } }",
            "cannot have a learned `timeout`",
        ),
        (
            "    wait: { signal: s }\n    validate: [{ json: true }]",
            "waits and cannot have `validate`",
        ),
        (
            "    wait: { approval: { message: x, timeout: 1h } }\n    timeout: 2h",
            "has a `timeout`, and its approval another",
        ),
        (
            "    map: [1]\n    step: s\n    repeat: { until: \"true\", max: 2 }",
            "`map` and `repeat` at once",
        ),
        ("    map: [1]\n    wait: { duration: 1s }", "waits and cannot have `map`"),
        ("    wait: { }", "must wait for exactly one thing"),
        ("    wait: { until: 2026-11-21 }", "not a moment"),
        ("    wait: { duration: 5 }", "`wait.duration` must be a text, found `5`"),
        ("    step: s\n    on_unknown: wait_humn", "did you mean `wait_human`?"),
        ("    step: s\n    validate: [{ matches: \"(\" }]", "not a regular expression"),
        (
            "    step: s\n    at_most_once: true\n    retry: { attempts: 2 }",
            "a second attempt would run it again",
        ),
        ("    step: !!python/object x", "means nothing in a workflow file"),
        ("    step: s\n    needs: [a]", "circle: a → a"),
        (
            "    step: s\n    repeat: { until: \"true\" }",
            "the `repeat` of node `a` lacks the key `max`",
        ),
        ("    - x", "node `a` must be a map"),
        ("    step: s\n    x: &a [*a]", "stands inside"),
        ("    step: s\n    with: *nope", "FU0202"),
    ]);
}

#[test]
fn files_that_are_no_workflow_are_refused_whole() {
    for (text, part) in [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("[1, 2]", "a workflow file is a map of keys, found a list"),
        ("fusion: 2\nname: w\nfuture: 1\n", "written for format 2; this engine reads format 1"),
        ("name: w\nnodes: {}\n", "the file lacks the key `fusion`"),
        ("fusion: 1\nnodes: {}\n", "the file lacks the key `name`"),
        ("fusion: 1\nname: w\n", "the file lacks the key `nodes`"),
        ("fusion: \"1\"\nname: w\nnodes: {}\n", "take the quotes away"),
        (
            "fusion: 1\nname: w\nnodes: {}\n---\nfusion: 1\n",
            "w.yaml:4:1 FU0202 there is a second document",
        ),
        ("fusion: 1\nname: w\nversion: 1.0\nnodes: {}\n", "write `1`"),
        ("fusion: 1\nname: \"w", "FU0202 this is no YAML"),
        ("fusion: 1\nname: no way\nnodes: {}", "has the sign ' '"),
        ("{\"fusion\": 1, \"name\": \"w\", \"nodes\": {}", "FU0202"),
    ] {
        let said = errors(text);
        assert!(said.iter().any(|line| line.contains(part)), "{part} in {said:#?}");
        assert!(said.iter().all(|line| line.starts_with("w.yaml:")), "{said:#?}");
    }
    let error = parse_bytes(b"fusion: 1\nname: \xff\n", "w.yaml").unwrap_err();
    assert_eq!(error.to_string(), "w.yaml:2:7: FU0201: the file is not UTF-8 text");
    let utf16: Vec<u8> = "\u{feff}fusion: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(parse_bytes(&utf16, "w.yaml").is_err());
    assert!(parse_bytes("\u{feff}fusion: 1\nname: w\nnodes: {}\n".as_bytes(), "w.yaml").is_ok());
}

#[test]
fn bombs_and_giants_are_quick_clear_errors() {
    let giant = "a: b\n".repeat(2_000_000);
    let said = errors(&giant);
    assert!(said[0].contains("FU0106") && said[0].contains("10000000 bytes"), "{said:?}");
    let level =
        |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
    let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned()
        + &(1..12).map(level).collect::<Vec<_>>().concat();
    assert!(errors(&bomb)[0].contains(&format!("more than {} values", limits::FILE_VALUES)));
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let deep = format!("x: {}1{}", open.repeat(10_000), close.repeat(10_000));
        let said = errors(&deep);
        assert!(said[0].contains("FU0106") || said[0].contains("FU0202"), "{said:?}");
    }
    let many = format!(
        "fusion: 1\nname: w\nnodes:\n{}",
        (0..20_000)
            .map(|n| format!("  n{n}: {{ step: s, kex: 1 }}"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    let said = errors(&many);
    assert_eq!(said.len(), 101, "{}", said.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_bytes(&bytes, "w.yaml");
    }

    #[test]
    fn no_mutated_file_panics(edits in prop::collection::vec((0..RELEASE.len(), "[\\[\\]{}:,&*!|>'\"%@`#?<~a-z0-9\n\t -]{0,3}", 0..4_usize), 1..6)) {
        let mut bytes = RELEASE.as_bytes().to_vec();
        for (at, insert, cut) in edits {
            let at = at.min(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, insert.bytes());
        }
        if let Err(error) = parse_bytes(&bytes, "w.yaml") {
            for one in error.all() {
                prop_assert!(one.place().is_some(), "{one:?}");
            }
        }
    }
}

#[test]
fn an_agent_is_named_or_described() {
    let agent = |words: &str| errors(&node(&format!("    agent: {words}\n    with: x")));
    for words in [
        "claude",
        "{ needs: [documentation] }",
        "{ program: claude, time: 5m, idle: 1m, mode: edit, workspace: x, session: y }",
        "{ model: local, time: 5m, tools: [{ workspace: ./src, write: true }, { command: [git, cargo] }, { http: [docs.rs] }] }",
    ] {
        assert_eq!(agent(words), Vec::<String>::new(), "{words}");
    }
    for (words, told) in [
        ("{ modle: local }", "node `a` has no key `modle` | did you mean `model`?"),
        ("{ system: x }", "says not what it is | give exactly one of `needs`, `model`, `program`"),
        ("{ needs: [x], model: local }", "has needs and model at once"),
        (
            "{ model: local, tools: [{ workspace: x, http: [y] }] }",
            "has workspace and http at once",
        ),
        ("{ model: local, tools: [{ write: true }] }", "says not what it is"),
        ("{ model: local, tools: [{ comand: [x] }] }", "did you mean `command`?"),
        ("{ model: local, tools: [{ command: git }] }", "write a list"),
        ("{ model: local, tools: [{ mcp: [npx, x] }] }", "needs a `name`, and `allow` | say which"),
        ("{ model: local, tools: [{ mcp: [npx], name: x, alow: [y] }] }", "did you mean `allow`?"),
        (
            "{ model: local, tools: [{ http: [y], write: true }] }",
            "tools of a `http` have no `write`",
        ),
        ("{ model: local, tools: [{ command: [y], network: own }] }", "`network` needs `sandbox`"),
        ("{ model: 5 }", "quote it"),
        (
            "{ model: local, mode: edit }",
            "a `model` has no `mode` | it belongs to one with a `program`",
        ),
        (
            "{ program: claude, turns: 3 }",
            "a `program` has no `turns` | it belongs to one with a `model`",
        ),
    ] {
        let said = agent(words);
        assert!(said.len() == 1 && said[0].contains(told), "{words}: {said:?}");
    }
}
