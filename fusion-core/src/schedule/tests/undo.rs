//! Compensation.

use super::bed::Bed;
use super::words::{attempts, other, step, wait};
use crate::model::{
    Answer, Class, Failure, Graph, Input, Message, Payload, RunId, RunStatus, Wait,
};

fn trip() -> Graph {
    Graph::new("g")
        .add(step("flight", "").compensate(other()))
        .add(step("map", "flight"))
        .add(step("hotel", "flight").compensate(other()).policy(attempts(2)))
        .add(step("never", "pay").compensate(other()))
        .add(step("pay", "hotel map").compensate(other()))
}

fn failed() -> (Bed, String) {
    let (mut bed, _) = Bed::begin(trip());
    bed.ok("flight");
    bed.ok("map");
    bed.ok("hotel");
    let said = bed.fail("pay");
    (bed, said)
}

#[test]
fn what_succeeded_is_undone_in_reverse_order() {
    let (mut bed, said) = failed();
    assert_eq!(said, "+fail pay error, start hotel[undo]");
    assert_eq!(bed.live.status(), RunStatus::Running);
    assert_eq!(bed.cancel(), "", "it ends already");
    assert_eq!(bed.ok("hotel[undo]"), "+ok hotel[undo], start flight[undo]");
    assert_eq!(bed.ok("hotel[undo]"), "");
    assert_eq!(bed.ok("flight[undo]"), "+ok flight[undo], +failed, finish");
}

#[test]
fn an_undoing_that_fails_is_tried_again_then_named() {
    let (mut bed, _) = failed();
    assert_eq!(bed.fail("hotel[undo]"), "+fail hotel[undo] error retry@1100");
    assert_eq!(bed.live.rest().expect("it rests").due, Some(1_100));
    assert_eq!(bed.crash(), "", "the pause outlives the owner");
    assert_eq!(bed.live.rest().expect("it rests").due, Some(1_100));
    assert_eq!(bed.at(1_100), "start hotel[undo]#2");
    assert_eq!(bed.crash(), "start hotel[undo]#2");
    assert_eq!(bed.fail("hotel[undo]"), "+fail hotel[undo] error, start flight[undo]");
    assert_eq!(bed.ok("flight[undo]"), "+ok flight[undo], +failed, finish");
    let failure = bed.live.result().and_then(|(_, _, failure)| failure.clone());
    assert_eq!(failure.expect("it failed").message, "node `pay` failed: no; could not undo hotel");
}

#[test]
fn an_undoing_goes_on_where_a_crash_cut_it() {
    let (mut bed, _) = failed();
    assert_eq!(bed.crash(), "start hotel[undo]");
    bed.ok("hotel[undo]");
    assert_eq!(bed.crash(), "start flight[undo]");
    assert_eq!(bed.ok("flight[undo]"), "+ok flight[undo], +failed, finish");
}

#[test]
fn an_undoing_may_be_a_child_run() {
    let (mut bed, _) = failed();
    let key = bed.key("hotel[undo]");
    let run = RunId::new("c").expect("it is an id");
    assert_eq!(bed.say(Input::Waits(key, Wait::Child(run.clone()))), "+wait hotel[undo]");
    assert_eq!(bed.at(9_000), "");
    assert_eq!(bed.crash(), "", "it is neither stopped nor started again");
    let done = Message::ChildDone(key, run, Ok(Payload::NULL));
    assert_eq!(bed.hear(done), "+ok hotel[undo], start flight[undo]");
}

#[test]
fn missing_code_of_an_undoing_parks_the_run() {
    let (mut bed, _) = failed();
    let key = bed.key("hotel[undo]");
    assert_eq!(bed.say(Input::Missing(key, "s".into())), "");
    assert_eq!(bed.at(9_000), "");
    assert!(bed.live.rest().is_some_and(|rest| rest.missing.is_some()));
    assert_eq!(bed.crash(), "start hotel[undo]");
}

#[test]
fn a_cancelled_run_is_undone_and_a_pause_does_not_hold_that() {
    let (mut bed, _) = Bed::begin(trip());
    bed.ok("flight");
    assert_eq!(bed.cancel(), "+cancel, stop map, stop hotel");
    assert_eq!(bed.stopped("map"), "");
    assert_eq!(bed.ok("hotel"), "+ok hotel, start hotel[undo]", "it ended after all");
    assert_eq!(bed.pause(), "");
    bed.ok("hotel[undo]");
    assert_eq!(bed.ok("flight[undo]"), "+ok flight[undo], +cancelled, finish");
}

#[test]
fn answers_that_come_while_a_run_is_undone_change_nothing() {
    let graph = Graph::new("g")
        .add(step("a", "").compensate(other()))
        .add(wait("w", "").compensate(other()))
        .add(step("c", "a"));
    let (mut bed, _) = Bed::begin(graph);
    let (w, ask) = (bed.key("w"), Wait::Approval("r".into(), "ok?".into(), None));
    bed.say(Input::Waits(w, ask));
    bed.ok("a");
    assert_eq!(bed.fail("c"), "+fail c error, start a[undo]");
    let answer = Answer { approved: true, by: "ann".into(), comment: String::new() };
    assert_eq!(bed.hear(Message::Answer(w.node, answer)), "");
    assert_eq!(bed.ok("a[undo]"), "+ok a[undo], +failed, finish");
}

#[test]
fn branches_finish_before_anything_is_undone() {
    let graph = Graph::new("g")
        .add(step("a", "").compensate(other()))
        .add(step("b", ""))
        .add(step("c", "a").compensate(other()))
        .finish_branches();
    let (mut bed, _) = Bed::begin(graph);
    bed.ok("a");
    assert_eq!(bed.fail("b"), "+fail b error");
    assert_eq!(bed.ok("c"), "+ok c, start c[undo]");
    assert_eq!(bed.pause(), "", "nothing of the graph is left to pause");
    assert_eq!(bed.fail("c[undo]"), "+fail c[undo] error, start a[undo]");
    assert_eq!(bed.crash(), "start a[undo]");
    assert_eq!(bed.ok("a[undo]"), "+ok a[undo], +failed, finish");
}

#[test]
fn outputs_that_fail_undo_what_was_done() {
    let graph = Graph::new("g")
        .add(step("a", "").compensate(other()))
        .add(step("b", "a").compensate(other()));
    let (mut bed, _) = Bed::begin(graph);
    bed.ok("a");
    assert_eq!(bed.ok("b"), "+ok b, conclude");
    let failed = || Input::Concluded(Err(Failure::new(Class::TEMPLATE, "output `x`: no")));
    assert_eq!(bed.say(failed()), "+outputs-failed, start b[undo]");
    assert_eq!(bed.say(failed()), "", "it is said once");
    assert_eq!(bed.ok("b[undo]"), "+ok b[undo], start a[undo]");
    assert_eq!(bed.crash(), "start a[undo]", "another owner does not try the outputs again");
    assert_eq!(bed.fail("a[undo]"), "+fail a[undo] error, +failed, finish");
    let failure = bed.live.result().and_then(|(_, _, failure)| failure.clone()).unwrap();
    assert_eq!(
        (failure.class, &*failure.message),
        (Class::TEMPLATE, "output `x`: no; could not undo a")
    );
    assert_eq!(bed.retry(&["a"]), "+retry, start a#2");
    bed.ok("a");
    assert_eq!(bed.ok("b"), "+ok b, conclude");
    assert_eq!(bed.concluded(), "+succeeded, finish");
}

#[test]
fn outputs_that_fail_with_nothing_to_undo_end_the_run() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")));
    assert_eq!(bed.ok("a"), "+ok a, conclude");
    assert_eq!(bed.say(Input::Concluded(Err(Failure::error("no")))), "+failed, finish");
}
