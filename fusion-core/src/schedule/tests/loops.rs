//! Repeat-until: rounds, their limit, their pauses.

use super::bed::Bed;
use super::words::{attempts, other, step};
use crate::model::graph::{Kind, Node};
use crate::model::{Graph, Input, Payload};

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
