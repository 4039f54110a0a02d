//! What starts when: chains, diamonds, conditions, priorities.

use super::bed::Bed;
use super::words::step;
use crate::model::{Graph, Input, Key, NodeIx, Payload, Policy};

fn diamond() -> Graph {
    Graph::new("g").add(step("a", "")).add(step("b", "a")).add(step("c", "a")).add(step("d", "b c"))
}

#[test]
fn an_empty_graph_concludes_at_once() {
    let (mut bed, said) = Bed::begin(Graph::new("g"));
    assert_eq!(said, "conclude");
    assert_eq!(bed.concluded(), "+succeeded, finish");
}

#[test]
fn a_chain_runs_one_by_one() {
    let (mut bed, said) =
        Bed::begin(Graph::new("g").add(step("b", "a")).add(step("a", "")).add(step("c", "b")));
    assert_eq!(said, "start a");
    assert_eq!(bed.ok("a"), "+ok a, start b");
    assert_eq!(bed.ok("b"), "+ok b, start c");
    assert_eq!(bed.ok("c"), "+ok c, conclude");
    assert_eq!(bed.concluded(), "+succeeded, finish");
}

#[test]
fn a_diamond_joins_after_both_sides() {
    let (mut bed, said) = Bed::begin(diamond());
    assert_eq!(said, "start a");
    assert_eq!(bed.ok("a"), "+ok a, start b, start c");
    assert_eq!(bed.ok("c"), "+ok c");
    assert_eq!(bed.ok("b"), "+ok b, start d");
    assert_eq!(bed.ok("d"), "+ok d, conclude");
}

#[test]
fn one_live_need_is_enough() {
    let (mut bed, _) = Bed::begin(diamond());
    bed.ok("a");
    let b = bed.key("b");
    assert_eq!(bed.say(Input::Unwanted(b)), "+skip b");
    assert_eq!(bed.ok("c"), "+ok c, start d");
}

#[test]
fn a_skip_goes_on_through_nodes_that_need_nothing_else() {
    let (mut bed, _) = Bed::begin(diamond().add(step("e", "d")));
    let a = bed.key("a");
    let said = bed.say(Input::Unwanted(a));
    assert_eq!(said, "+skip a, +skip c, +skip b, +skip d, +skip e, conclude");
    assert_eq!(bed.concluded(), "+succeeded, finish");
    assert_eq!(bed.statuses(&["a", "d", "e"]), "skipped skipped skipped");
}

#[test]
fn higher_priorities_start_first_when_slots_are_scarce() {
    let slots = crate::model::limits::BODIES_IN_FLIGHT;
    let mut graph = Graph::new("g");
    for at in 0..slots {
        graph = graph.add(step(&format!("n{at}"), ""));
    }
    for (id, priority) in [("low", -1), ("plain", 0), ("high", 5), ("higher", 9)] {
        let policy = Policy { priority, ..Policy::default() };
        graph = graph.add(step(id, "n0").policy(policy));
    }
    let (mut bed, said) = Bed::begin(graph);
    assert_eq!(said.split(", ").count(), slots);
    assert_eq!(bed.ok("n0"), "+ok n0, start higher");
    assert_eq!(bed.ok("n1"), "+ok n1, start high");
    assert_eq!(bed.ok("n2"), "+ok n2, start plain");
    assert_eq!(bed.ok("n3"), "+ok n3, start low");
}

#[test]
fn an_answer_counts_once() {
    let (mut bed, _) = Bed::begin(diamond());
    let a = bed.key("a");
    let done = |attempt| Input::Done(a, attempt, 1, Ok(Payload::NULL));
    assert_eq!(bed.say(done(2)), "", "this attempt does not run");
    assert_eq!(bed.say(done(1)), "+ok a, start b, start c");
    assert_eq!(bed.say(done(1)), "");
    assert_eq!(bed.say(Input::Unwanted(a)), "");
    assert_eq!(bed.say(Input::Cached(a, 1, Payload::NULL)), "");
    assert_eq!(bed.say(Input::Memo(a, "m".into(), Payload::NULL)), "");
}

#[test]
fn a_cached_outcome_is_an_outcome() {
    let (mut bed, _) = Bed::begin(diamond());
    let a = bed.key("a");
    assert_eq!(bed.say(Input::Cached(a, 1, Payload::NULL)), "+cached a, start b, start c");
}

#[test]
fn strangers_change_nothing() {
    let (mut bed, _) = Bed::begin(diamond());
    for input in super::noise::strangers(4) {
        assert_eq!(bed.say(input.clone()), "", "{input:?}");
    }
    assert_eq!(bed.ok("a"), "+ok a, start b, start c");
}

#[test]
fn inputs_for_another_kind_of_node_change_nothing() {
    let (mut bed, _) = Bed::begin(diamond());
    assert_eq!(bed.say(Input::Expanded(NodeIx(0), 3)), "");
    assert_eq!(bed.say(Input::Again(NodeIx(0), 1, 1, Payload::NULL)), "");
    assert_eq!(bed.say(Input::Done(Key::item(NodeIx(0), 0), 1, 1, Ok(Payload::NULL))), "");
    assert_eq!(bed.ok("a"), "+ok a, start b, start c");
}
