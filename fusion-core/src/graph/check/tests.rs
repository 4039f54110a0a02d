//! Tests of the check, on graphs from code.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::error::Code;
use crate::model::graph::{Action, Check, Input, Map, Node, Task, WaitSpec};
use crate::model::{Backoff, Concurrency, Graph, Policy, Timeout};

const UPSIDE_DOWN: Timeout = Timeout::Learned { factor: 2.0, floor_ms: 9, ceiling_ms: 1 };

fn graph(nodes: impl IntoIterator<Item = Node>) -> Graph {
    let mut graph = Graph::new("g");
    graph.nodes = nodes.into_iter().collect();
    graph.inputs = BTreeMap::from([("limit".to_owned(), Input::default())]);
    graph
}

/// Every error as one line: code, sentence, hint.
fn said(graph: &Graph) -> Vec<String> {
    let Err(error) = check(graph, &Places::none()) else { return Vec::new() };
    let line = |e: &crate::error::Error| {
        format!("{} {} ({})", e.code(), e.message(), e.hint_text().unwrap_or("-"))
    };
    error.all().map(line).collect()
}

fn expect(nodes: impl IntoIterator<Item = Node>, parts: &[&str]) {
    let said = said(&graph(nodes));
    assert_eq!(said.len(), parts.len(), "{said:#?}");
    for part in parts {
        assert!(said.iter().any(|line| line.contains(part)), "{part} in {said:#?}");
    }
}

fn step(id: &str) -> Node {
    Node::step(id, "work")
}

#[test]
fn names_and_needs() {
    expect([step("a"), step("b").after(["a"])], &[]);
    expect(
        [
            step(""),
            step("a b"),
            step(&"x".repeat(200)),
            step("a"),
            step("a"),
            step("c").after(["A", "zzz"]),
        ],
        &[
            "FU0102 a node has an empty name",
            "FU0102 the name of node \"a b\" has the sign ' '",
            "has 200 bytes",
            "FU0208 there are two nodes `a`",
            "FU0205 node `c` needs `A`, which does not exist (did you mean `a`?)",
            "FU0205 node `c` needs `zzz`, which does not exist (known:",
        ],
    );
}

#[test]
fn a_circle_is_a_path_also_through_templates() {
    expect(
        [
            step("a").after(["c"]),
            step("b").with(json!({"x": "{{ nodes.a }}"})),
            step("c").when("nodes.b.ok"),
        ],
        &["FU0206 the nodes need one another in a circle: a → c → b → a"],
    );
    expect([step("a").after(["a"])], &["circle: a → a"]);
    expect(
        [step("a").with("{{ nodes.a }}")],
        &["FU0206 node `a`, `with`: the node reads its own output"],
    );
    expect(
        [step("a").compensate(Task::new(Action::Step("undo".into())).with("{{ nodes.a }}"))],
        &[],
    );
}

#[test]
fn templates_name_what_exists() {
    expect(
        [
            step("fetch-all"),
            step("log").with(json!([{"x": "{{ nodes.lgo.stdout }}"}])),
            step("c").with("{{ nodes.fetch-all }} {{ inputs.limt }} {{ foo }} {{ fetch-all }}"),
            step("d").when("inputs.limit >"),
            step("e").with("{{ nodes[inputs.limit] }}{{ 1 | uper }}{{ 1 is evn }}{{ limit }}"),
        ],
        &[
            "FU0205 node `log`, `with[0].x`: there is no node `lgo` (did you mean `log`?)",
            "`nodes.fetch-all` reads as `nodes.fetch` minus the rest (write `nodes[\"fetch-all\"]`)",
            "there is no input `limt` (did you mean `limit`?)",
            "FU0207 node `d`, `when`:",
            "`nodes` alone says not which one",
            "there is no filter `uper` (did you mean `upper`?)",
            "there is no test `evn` (did you mean `even`?)",
            "there is no `limit` here (an input is `inputs.limit`)",
        ],
    );
    let map = step("m").with("{{ item }} {{ index }}").map("{{ nodes.a.lines }}");
    let repeat = step("r").with("{{ previous }} {{ round }}").until("output.done or round > 3", 5);
    expect([step("a"), map, repeat], &[]);
    expect([step("a").with("{{ item }}")], &["there is no `item` here"]);
}

#[test]
fn secrets_are_not_recorded() {
    expect(
        [step("a").with("{{ secrets.KEY }}"), Node::command("b", ["x", "{{ secrets.KEY }}"])],
        &[],
    );
    let mut bad = graph([
        step("a").when("secrets.KEY"),
        Node::workflow("b", "other").with("{{ secrets.KEY }}"),
        step("c").map("{{ secrets.KEY }}"),
    ]);
    bad = bad.output("o", "{{ secrets.KEY }}");
    let said = said(&bad);
    assert_eq!(said.len(), 4, "{said:#?}");
    assert!(
        said.iter().all(|line| line.contains("the secret `KEY` would be recorded here")),
        "{said:#?}"
    );
}

#[test]
fn kinds_and_numbers() {
    let policy = |change: fn(&mut Policy)| {
        let mut policy = Policy::PLAIN;
        change(&mut policy);
        step("a").policy(policy)
    };
    let once = |retry: Backoff| Policy { retry, at_most_once: true, ..Policy::PLAIN };
    for (node, part) in [
        (Node::command::<&str>("a", []), "FU0204 the command names no program"),
        (Node::command("a", ["x\0"]), "NUL"),
        (step("a").map("plain"), "`map` needs a list, found the text \"plain\""),
        (step("a").map(json!(5)), "`map` needs a list, found `5`"),
        (step("a").until("true", 0), "`repeat.max` must be from 1"),
        (step("a").until("true", u32::MAX), "`repeat.max` must be from 1"),
        (step("a").until(" ", 1), "FU02"),
        (Node::step("a", " "), "FU0102 the name of the step is empty"),
        (Node::wait("a", WaitSpec::Duration("5 minuts".into())), "did you mean `minutes`?"),
        (Node::wait("a", WaitSpec::Until("tomorrow".into())), "not a moment"),
        (
            Node::wait("a", WaitSpec::Signal { name: "s".into(), timeout_ms: Some(u64::MAX) }),
            "100 years",
        ),
        (policy(|p| p.retry.attempts = 0), "`retry.attempts` must be from 1 to 1000, found 0"),
        (policy(|p| p.retry.factor = f64::NAN), "`retry.factor` must be"),
        (policy(|p| p.retry.factor = -1.0), "`retry.factor` must be"),
        (policy(|p| p.retry.jitter = 1.5), "`retry.jitter` must be from 0 to 1"),
        (policy(|p| p.retry.initial_ms = u64::MAX), "longer than 100 years"),
        (policy(|p| p.timeout = Some(Timeout::Fixed(0))), "`timeout` is nothing"),
        (policy(|p| p.timeout = Some(UPSIDE_DOWN)), "floor"),
        (policy(|p| p.heartbeat_ms = Some(0)), "`heartbeat` is nothing"),
        (
            policy(|p| p.concurrency = Some(Concurrency { key: "k".into(), limit: 0 })),
            "`concurrency.limit`",
        ),
        (
            step("a").policy(once(Backoff { attempts: 2, ..Backoff::ONCE })),
            "a second attempt would run it again",
        ),
    ] {
        let said = said(&graph([node]));
        assert!(said.iter().any(|line| line.contains(part)), "{part}: {said:?}");
    }
    let mut node = step("a");
    node.more_mut().validate = vec![Check::Matches("(".into()), Check::That("output >".into())];
    expect([node], &["`(` is not a regular expression: unclosed group", "`validate[1].that`"]);
}

#[test]
fn what_would_have_no_effect_is_refused() {
    let signal = || Node::wait("a", WaitSpec::Signal { name: "s".into(), timeout_ms: None });
    let time = || Node::wait("a", WaitSpec::Duration("1s".into()));
    let asks = |mut node: Node, change: fn(&mut Policy)| {
        change(&mut node.more_mut().policy);
        node
    };
    let learned = Timeout::Learned { factor: 2.0, floor_ms: 1, ceiling_ms: 9 };
    let mut graph = step("a").policy(Policy { timeout: Some(learned.clone()), ..Policy::PLAIN });
    graph.more_mut().expand = true;
    let learns = Policy { timeout: Some(learned), ..Policy::PLAIN };
    for (node, part) in [
        (Node::command("a", ["x"]).with(1), "node `a` runs a command, which takes no `with` (put"),
        (signal().with(1), "node `a` waits and cannot have `with` (let a node of its own do that"),
        (signal().map(json!([1])), "node `a` waits and cannot have `map`"),
        (time().until("true", 2), "node `a` waits and cannot have `repeat`"),
        (step("a").map(json!([1])).until("true", 2), "has `map` and `repeat` at once"),
        (step("a").until("true", 2).map(json!([1])), "has `map` and `repeat` at once"),
        (asks(time(), |p| p.retry.attempts = 2), "waits for a time, which cannot fail"),
        (asks(signal(), |p| p.timeout = Some(Timeout::Fixed(5))), "`timeout` of their own"),
        (
            asks(Node::workflow("a", "w"), |p| p.heartbeat_ms = Some(5)),
            "runs a workflow and cannot have `heartbeat` (put it on the nodes of that workflow)",
        ),
        (Node::workflow("a", "w").policy(learns), "cannot have a learned `timeout`"),
        (graph, "cannot have a learned `timeout`"),
    ] {
        expect([node], &[part]);
    }
    expect([asks(signal(), |p| p.retry.attempts = 2)], &[]);
}

#[test]
fn arguments_are_handed_down_to_what_has_none() {
    let other = || Task::new(Action::Step("other".into()));
    let program = Node::command("x", ["x"]).kind.task().cloned().unwrap();
    let mut graph = graph([
        step("a").with("{{ inputs.limit }}").fallback(other()).compensate(other()),
        step("b").with(1).fallback(other().with(2)).compensate(program.clone()),
        step("c").with("{{ item }}").map(json!([1])).fallback(other()).compensate(other()),
        step("d").with(1).fallback(program),
    ]);
    normalise(&mut graph);
    assert!(check(&graph, &Places::none()).is_ok());
    let with = |task: &Option<Task>| task.as_ref().map_or(json!(null), |task| task.with.clone());
    let both = graph.nodes.iter().filter_map(|node| node.more.as_ref());
    let both: Vec<_> = both.map(|more| (with(&more.fallback), with(&more.compensate))).collect();
    let limit = json!("{{ inputs.limit }}");
    assert_eq!(
        both,
        [
            (limit.clone(), limit),
            (json!(2), json!(null)),
            (json!("{{ item }}"), json!(null)),
            (json!(null), json!(null)),
        ]
    );
}

#[test]
fn an_expression_that_validates_sees_what_the_task_sees() {
    let that = |mut node: Node, text: &str| {
        node.more_mut().validate = vec![Check::That(text.into())];
        node
    };
    expect(
        [
            step("z"),
            that(step("a"), "output == inputs.limit and nodes.z"),
            that(step("b").map(json!([1])), "output > item + index"),
            that(step("c").until("true", 2), "output != previous or round > 1"),
        ],
        &[],
    );
    expect([that(step("a"), "output > item")], &["there is no `item` here"]);
    expect([that(step("a").map(json!([1])), "round")], &["there is no `round` here"]);
}

#[test]
fn normalising_adds_the_needs_that_templates_imply() {
    let mut graph = graph([
        step("a"),
        step("b-c"),
        step("d").with("{{ nodes.a }}").when("nodes['b-c']").after(["a", "a"]),
        step("e")
            .compensate(Task::new(Action::Step("x".into())).with("{{ nodes.e }}{{ nodes.d }}")),
    ]);
    graph.nodes.push(step("f").map("{{ nodes.e }}"));
    if let crate::model::graph::Kind::Map(map) = &mut graph.nodes[4].kind {
        **map = Map { max_parallel: 5_000_000, ..(**map).clone() };
    }
    normalise(&mut graph);
    let needs: Vec<String> = graph.nodes.iter().map(|node| node.needs.join(" ")).collect();
    assert_eq!(needs, ["", "", "a b-c", "d", "e"]);
    let crate::model::graph::Kind::Map(map) = &graph.nodes[4].kind else { panic!("a map") };
    assert_eq!(map.max_parallel, 1024);
    let before = graph.clone();
    normalise(&mut graph);
    assert_eq!(graph, before, "normalising twice changes nothing");
    assert!(check(&graph, &Places::none()).is_ok());
}

#[test]
fn warnings_are_about_what_has_no_effect() {
    let policy = Policy { retry: Backoff { factor: 9.0, ..Backoff::ONCE }, ..Policy::PLAIN };
    let found = warnings(&graph([step("a").policy(policy)]), &Places::none());
    let found: Vec<&str> = found.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        found,
        ["nothing reads the input `limit`", "node `a`: `retry` has no effect without `attempts`"]
    );
}

#[test]
fn a_large_graph_lists_a_hundred_errors_and_counts_the_rest() {
    let many = |need: &str| {
        let node = |n: u32| step(&format!("n{n}")).after([need.replace('#', &(n / 2).to_string())]);
        graph((1..200_000).map(node).chain([step("n0")]))
    };
    assert!(check(&many("n#"), &Places::none()).is_ok());
    let error = check(&many("x#"), &Places::none()).unwrap_err();
    assert_eq!(error.all().count(), 101);
    let last = error.all().last().unwrap();
    assert_eq!((last.code(), last.message()), (Code::Limit, "199899 more errors are not listed"));
}
