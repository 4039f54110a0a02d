//! Bodies that rest for a moment, a signal or a person, and are entered again.

use super::bed::Bed;
use super::words::step;
use crate::model::{Answer, Graph, Input, Key, Message, Payload, RunStatus, Wait};

fn rests(bed: &mut Bed, name: &str, wait: Wait) -> String {
    let key = bed.key("a");
    bed.say(Input::Rests(key, name.into(), wait))
}

fn signal(bed: &mut Bed, payload: &str) -> String {
    bed.hear(Message::Signal("go".into(), Payload::from_json_bytes(payload.to_owned())))
}

fn one() -> Bed {
    let (bed, said) = Bed::begin(Graph::new("g").add(step("a", "")).add(step("b", "a")));
    assert_eq!(said, "start a");
    bed
}

fn found(bed: &Bed, name: &str) -> Option<Payload> {
    bed.live.memos(Key::node(bed.key("a").node))?.get(name).cloned()
}

#[test]
fn a_body_sleeps_and_is_entered_again_with_the_same_attempt() {
    let mut bed = one();
    assert_eq!(rests(&mut bed, "nap", Wait::Timer(2_000)), "+rest a nap");
    assert_eq!(bed.live.status(), RunStatus::Waiting);
    assert_eq!(bed.live.rest().expect("it rests").due, Some(2_000));
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(1_999), "");
    assert_eq!(bed.at(2_000), "+memo a, start a");
    assert_eq!(found(&bed, "nap"), Some(Payload::NULL));
    assert_eq!(bed.crash(), "start a", "what came is not waited for again");
    assert_eq!(bed.ok("a"), "+ok a, start b");
    assert_eq!(found(&bed, "nap"), None);
}

#[test]
fn a_signal_is_taken_once_and_may_come_first() {
    let mut bed = one();
    assert_eq!(signal(&mut bed, "1"), "+signal go");
    let go = || Wait::Signal("go".into(), Some(5_000));
    assert_eq!(rests(&mut bed, "first", go()), "+rest a first, +memo a, start a");
    assert_eq!(rests(&mut bed, "second", go()), "+rest a second");
    assert_eq!(signal(&mut bed, "2"), "+signal go, +memo a, start a");
    assert_eq!(bed.live.due(), None, "its limit is forgotten");
    assert_eq!(found(&bed, "first"), Some(Payload::from_json_bytes("1")));
    assert_eq!(found(&bed, "second"), Some(Payload::from_json_bytes("2")));
}

#[test]
fn a_limit_that_passes_is_told_to_the_body_and_takes_no_signal() {
    let mut bed = one();
    assert_eq!(rests(&mut bed, "go", Wait::Signal("go".into(), Some(2_000))), "+rest a go");
    assert_eq!(bed.at(2_000), "+memo a, start a");
    assert!(found(&bed, "go").is_some_and(|value| value.is_empty()));
    assert_eq!(signal(&mut bed, "1"), "+signal go");
    let said = rests(&mut bed, "again", Wait::Signal("go".into(), None));
    assert_eq!(said, "+rest a again, +memo a, start a");
}

#[test]
fn a_person_answers_a_body() {
    let mut bed = one();
    rests(&mut bed, "ok", Wait::Approval("r".into(), "ok?".into(), None));
    let node = bed.key("a").node;
    let answer = Answer { approved: true, by: "ann".into(), comment: String::new() };
    assert_eq!(bed.hear(Message::Answer(node, answer)), "+answer a, +memo a, start a");
    let answer: serde_json::Value = found(&bed, "ok").expect("it is saved").decode().expect("JSON");
    assert_eq!(answer["approved"], true);
}

#[test]
fn a_pause_holds_a_body_that_rests_and_a_cancel_ends_it() {
    let mut bed = one();
    rests(&mut bed, "nap", Wait::Timer(2_000));
    assert_eq!(bed.pause(), "+pause");
    assert_eq!(bed.at(3_000), "");
    assert_eq!(bed.resume(), "+resume, +memo a, start a");
    rests(&mut bed, "more", Wait::Timer(9_000));
    assert_eq!(bed.cancel(), "+cancel, +cancelled, finish");
    assert_eq!(bed.statuses(&["a", "b"]), "cancelled cancelled");
}
