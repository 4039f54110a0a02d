//! Repeat-until: rounds, their limit, their pauses.

use super::bed::Bed;
use super::words::{attempts, other, step};
use crate::model::graph::{Kind, Node};
use crate::model::{Failure, Graph, Input, Message, Payload, RunId, Wait};

fn looped(max: u32, pause_ms: u64) -> Node {
    let mut node = step("a", "").until("output", max);
    if let Kind::Repeat(repeat) = &mut node.kind {
        repeat.pause_ms = pause_ms;
    }
    node
}

fn again(bed: &mut Bed) -> String {
    let key = bed.key("a");
    let attempt = bed.live.attempts(key) + 1;
    bed.say(Input::Again(key.node, attempt, 1, Payload::from_json_bytes("7")))
}

#[test]
fn rounds_go_on_until_one_is_enough() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(5, 0)));
    assert_eq!(again(&mut bed), "+round a 1, start a#2");
    assert_eq!(again(&mut bed), "+round a 2, start a#3");
    let seven = Payload::from_json_bytes("7");
    assert_eq!(bed.live.rounds(bed.key("a").node), (2, Some(&seven)));
    assert_eq!(bed.crash(), "start a#3");
    assert_eq!(bed.live.rounds(bed.key("a").node), (2, Some(&seven)));
    assert_eq!(bed.ok("a"), "+ok a, conclude");
}

#[test]
fn the_last_round_that_is_not_enough_fails() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(2, 0)));
    again(&mut bed);
    assert_eq!(again(&mut bed), "+fail a limit, +failed, finish");
    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(1, 0).fallback(other())));
    assert_eq!(again(&mut bed), "+fail a limit fallback, start a#2");
    assert_eq!(bed.ok("a"), "+ok a, conclude");
}

#[test]
fn rounds_are_apart_and_each_has_its_own_attempts() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(9, 50).policy(attempts(2))));
    assert_eq!(bed.fail("a"), "+fail a error retry@1100");
    assert_eq!(bed.at(1_100), "start a#2");
    assert_eq!(again(&mut bed), "+round a 1");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(1_150), "start a#3");
    assert_eq!(bed.fail("a"), "+fail a error retry@1250", "the budget is new in each round");
    assert_eq!(bed.at(1_250), "start a#4");
    assert_eq!(bed.fail("a"), "+fail a error, +failed, finish");
}

/// Lets the loop wait for a run of its own.
fn child(bed: &mut Bed, id: &str) -> (Input, RunId) {
    let (key, run) = (bed.key("a"), RunId::new(id).expect("it is an id"));
    assert_eq!(bed.say(Input::Waits(key, Wait::Child(run.clone()))), "+wait a");
    (Input::ChildAgain(key.node, run.clone(), Payload::from_json_bytes("7")), run)
}

#[test]
fn rounds_may_be_runs_of_their_own() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(3, 0)));
    let (first, _) = child(&mut bed, "c1");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.say(first.clone()), "+round a 1, start a#2");
    assert_eq!(bed.say(first.clone()), "", "it was heard");
    let (second, _) = child(&mut bed, "c2");
    assert_eq!(bed.say(first), "", "another run is waited for");
    assert_eq!(bed.say(second), "+round a 2, start a#3");
    assert_eq!(bed.crash(), "start a#3");
    let (_, run) = child(&mut bed, "c3");
    let done = Message::ChildDone(bed.key("a"), run, Ok(Payload::NULL));
    assert_eq!(bed.hear(done), "+ok a, conclude");

    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(1, 0)));
    let (last, _) = child(&mut bed, "c1");
    assert_eq!(bed.say(last), "+fail a limit, +failed, finish");

    let (mut bed, _) = Bed::begin(Graph::new("g").add(looped(3, 0)));
    let (_, run) = child(&mut bed, "c1");
    let failed = Message::ChildDone(bed.key("a"), run, Err(Failure::error("no")));
    assert_eq!(bed.hear(failed), "+fail a error, +failed, finish");
}
