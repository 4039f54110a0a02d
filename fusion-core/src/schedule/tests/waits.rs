//! Timers, signals, people, child runs.

use super::bed::Bed;
use super::words::{attempts, other, step, wait};
use crate::model::{
    Answer, Class, Failure, Graph, Input, Key, Message, NodeIx, Origin, Payload, RunId, RunStatus,
    Wait,
};

fn waits(bed: &mut Bed, key: &str, wait: Wait) -> String {
    let key = bed.key(key);
    bed.say(Input::Waits(key, wait))
}

fn signal(bed: &mut Bed, name: &str) -> String {
    bed.hear(Message::Signal(name.into(), Payload::from_json_bytes("7")))
}

fn answer(bed: &mut Bed, approved: bool) -> String {
    let node = bed.key("a").node;
    let answer = Answer { approved, by: "ann".into(), comment: String::new() };
    bed.hear(Message::Answer(node, answer))
}

fn run(id: &str) -> RunId {
    RunId::new(id).expect("it is an id")
}

fn child_done(bed: &mut Bed, id: &str, result: Result<Payload, Failure>) -> String {
    let key = bed.key("a");
    bed.hear(Message::ChildDone(key, run(id), result))
}

fn one() -> Graph {
    Graph::new("g").add(wait("a", "")).add(step("b", "a"))
}

#[test]
fn a_timer_fires_once_and_not_before_its_time() {
    let (mut bed, _) = Bed::begin(one());
    assert_eq!(waits(&mut bed, "a", Wait::Timer(2_000)), "+wait a");
    assert_eq!(bed.live.status(), RunStatus::Waiting);
    assert_eq!(bed.live.rest().expect("it rests").due, Some(2_000));
    assert_eq!(bed.at(1_999), "");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(2_000), "+ok a, start b");
    assert_eq!(bed.at(3_000), "");
}

#[test]
fn a_timer_in_the_past_fires_at_once_also_after_a_crash() {
    let (mut bed, _) = Bed::begin(one());
    assert_eq!(waits(&mut bed, "a", Wait::Timer(5)), "+wait a, +ok a, start b");
    let (mut bed, _) = Bed::begin(one());
    waits(&mut bed, "a", Wait::Timer(2_000));
    bed.now = 3_000;
    assert_eq!(bed.crash(), "+ok a, start b");
}

#[test]
fn a_signal_may_come_before_anyone_waits() {
    let (mut bed, _) = Bed::begin(one());
    assert_eq!(signal(&mut bed, "go"), "+signal go");
    assert_eq!(signal(&mut bed, "other"), "+signal other");
    assert_eq!(waits(&mut bed, "a", Wait::Signal("go".into(), None)), "+wait a, +ok a, start b");
    assert_eq!(bed.live.signals.len(), 1, "the other one is kept");
}

#[test]
fn each_signal_wakes_one_node() {
    let graph = Graph::new("g").add(wait("a", "")).add(wait("b", ""));
    let (mut bed, _) = Bed::begin(graph);
    waits(&mut bed, "b", Wait::Signal("go".into(), None));
    waits(&mut bed, "a", Wait::Signal("go".into(), Some(9_000)));
    assert_eq!(signal(&mut bed, "go"), "+signal go, +ok a");
    assert_eq!(bed.live.rest().expect("it rests").due, None, "its limit is forgotten");
    assert_eq!(signal(&mut bed, "go"), "+signal go, +ok b, conclude");
}

#[test]
fn a_signal_that_comes_too_late_is_kept_and_wakes_the_next_attempt() {
    let graph = Graph::new("g").add(wait("a", "").policy(attempts(2)));
    let (mut bed, _) = Bed::begin(graph);
    waits(&mut bed, "a", Wait::Signal("go".into(), Some(2_000)));
    assert_eq!(bed.at(2_000), "+fail a timeout retry@2100");
    assert_eq!(signal(&mut bed, "go"), "+signal go");
    assert_eq!(bed.at(2_100), "start a#2");
    let said = waits(&mut bed, "a", Wait::Signal("go".into(), Some(3_000)));
    assert_eq!(said, "+wait a, +ok a, conclude");
}

#[test]
fn a_limit_that_passes_fails_the_wait_or_takes_the_fallback() {
    let (mut bed, _) = Bed::begin(one());
    waits(&mut bed, "a", Wait::Signal("go".into(), Some(2_000)));
    assert_eq!(bed.at(2_000), "+fail a timeout, +failed, finish");
    let (mut bed, _) = Bed::begin(Graph::new("g").add(wait("a", "").fallback(other())));
    waits(&mut bed, "a", Wait::Approval("r".into(), "ok?".into(), Some(2_000)));
    assert_eq!(bed.at(2_000), "+fail a timeout fallback, start a#2");
    assert_eq!(answer(&mut bed, true), "", "too late");
}

#[test]
fn what_was_said_while_nobody_drove_the_run_wins_over_a_limit_that_passed_meanwhile() {
    let signal_by = || Wait::Signal("go".into(), Some(2_000));
    let (mut bed, _) = Bed::begin(one());
    waits(&mut bed, "a", signal_by());
    bed.now = 3_000;
    assert_eq!(bed.crash(), "", "the inbox is read first");
    assert!(bed.live.is_limit_due(3_000) && !bed.live.is_limit_due(1_999));
    assert_eq!(signal(&mut bed, "go"), "+signal go, +ok a, start b");
    let (mut bed, _) = Bed::begin(one());
    waits(&mut bed, "a", signal_by());
    bed.now = 3_000;
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(3_000), "+fail a timeout, +failed, finish");
}

#[test]
fn what_ends_beside_a_wait_does_not_end_the_wait_early() {
    let graph = Graph::new("g").add(wait("a", "")).add(step("r", "").until("output", 3));
    let (mut bed, _) = Bed::begin(graph);
    waits(&mut bed, "a", Wait::Signal("go".into(), Some(2_000)));
    bed.now = 3_000;
    let r = bed.key("r").node;
    assert_eq!(bed.say(Input::Again(r, 1, 1, Payload::NULL)), "+round r 1, start r#2");
    assert_eq!(signal(&mut bed, "go"), "+signal go, +ok a");
}

#[test]
fn a_child_run_that_takes_too_long_is_told_to_end_and_its_node_fails() {
    let cancelled = || Err(Failure::new(Class::CANCELLED, "x"));
    let graph = || Graph::new("g").add(step("a", "").policy(attempts(2)));
    let (mut bed, _) = Bed::begin(graph());
    assert_eq!(waits(&mut bed, "a", Wait::ChildUntil(run("c"), 2_000)), "+wait a");
    assert_eq!(bed.live.rest().expect("it rests").due, Some(2_000));
    assert_eq!(bed.at(1_999), "");
    assert_eq!(bed.at(2_000), "stop-child c");
    assert_eq!(bed.at(2_500), "", "it is told once");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(2_500), "stop-child c", "the next owner does not know that it was told");
    assert_eq!(child_done(&mut bed, "c", cancelled()), "+fail a timeout retry@2600");
    assert_eq!(bed.at(2_600), "start a#2");
    waits(&mut bed, "a", Wait::ChildUntil(run("d"), 4_000));
    assert_eq!(child_done(&mut bed, "d", cancelled()), "+fail a cancelled, +failed, finish");
    let (mut bed, _) = Bed::begin(graph());
    waits(&mut bed, "a", Wait::ChildUntil(run("c"), 2_000));
    bed.at(2_000);
    assert_eq!(child_done(&mut bed, "c", Ok(Payload::NULL)), "+ok a, conclude", "it was faster");
}

#[test]
fn a_limit_that_ended_a_child_run_is_a_timeout_though_the_clock_was_set_back() {
    for crash in [false, true] {
        for (class, outcome) in [(Class::LET_GO, "timeout"), (Class::CANCELLED, "cancelled")] {
            let (mut bed, _) = Bed::begin(one());
            waits(&mut bed, "a", Wait::ChildUntil(run("c"), 2_000));
            assert_eq!(bed.at(2_000), "stop-child c");
            bed.now = 500;
            if crash {
                assert_eq!(bed.crash(), "");
            }
            // Whatever it says: only the class counts.
            let why =
                Failure::new(class, "cancelled by its parent `p`: it does not wait any longer");
            let fails = format!("+fail a {outcome}, +failed, finish");
            assert_eq!(child_done(&mut bed, "c", Err(why)), fails);
        }
    }
}

#[test]
fn a_run_knows_whether_it_was_its_parent_that_cancelled_it() {
    let key = Key::node(NodeIx(0));
    let origin = Origin::Child { parent: run("p"), key, depth: 1 };
    for (origin, by, class) in [
        (Some(&origin), crate::schedule::parent(&run("p")), Class::LET_GO),
        (Some(&origin), crate::schedule::parent(&run("other")), Class::CANCELLED),
        (Some(&origin), "fusion".to_owned(), Class::CANCELLED),
        (None, crate::schedule::parent(&run("p")), Class::CANCELLED),
    ] {
        let (mut bed, _) = Bed::begin(one());
        bed.live.start.origin = origin.cloned();
        waits(&mut bed, "a", Wait::Signal("go".into(), None));
        bed.hear(Message::Cancel(by.clone(), "why".to_owned()));
        let (status, _, failure) = bed.live.result().expect("it has ended");
        let failure = failure.as_ref().expect("it was cancelled");
        assert_eq!((*status, &failure.class), (RunStatus::Cancelled, &class), "{by}");
    }
}

#[test]
fn a_person_says_yes_or_no_once() {
    for approved in [true, false] {
        let (mut bed, _) = Bed::begin(one());
        assert_eq!(answer(&mut bed, approved), "", "nobody asked yet");
        let ask = Wait::Approval("r".into(), "ok?".into(), None);
        assert_eq!(waits(&mut bed, "a", ask), "+wait a");
        assert_eq!(bed.crash(), "");
        assert_eq!(answer(&mut bed, approved), "+answer a, +ok a, start b");
        assert_eq!(answer(&mut bed, !approved), "");
        let crate::schedule::Output::One(output) = bed.live.output(bed.key("a")) else {
            panic!("it has one output")
        };
        let output: serde_json::Value = output.decode().expect("it is JSON");
        assert_eq!(output["approved"], approved);
        assert_eq!(output["at"], 1_000);
    }
}

#[test]
fn a_child_run_ends_well_or_not() {
    let (mut bed, _) = Bed::begin(one());
    assert_eq!(waits(&mut bed, "a", Wait::Child(run("c"))), "+wait a");
    assert_eq!(bed.live.children().count(), 1);
    assert_eq!(child_done(&mut bed, "other", Ok(Payload::NULL)), "");
    assert_eq!(child_done(&mut bed, "c", Ok(Payload::NULL)), "+ok a, start b");
    assert_eq!(child_done(&mut bed, "c", Ok(Payload::NULL)), "");

    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "").policy(attempts(2))));
    waits(&mut bed, "a", Wait::Child(run("c")));
    let failed = || Err(Failure::new(Class::EXIT, "no"));
    assert_eq!(child_done(&mut bed, "c", failed()), "+fail a exit retry@1100");
    assert_eq!(bed.at(1_100), "start a#2");
    waits(&mut bed, "a", Wait::Child(run("c")));
    assert_eq!(child_done(&mut bed, "c", failed()), "+fail a exit, +failed, finish");
}

#[test]
fn a_cancel_flows_down_and_the_run_waits_for_its_children() {
    let (mut bed, _) = Bed::begin(one());
    waits(&mut bed, "a", Wait::Child(run("c")));
    assert_eq!(bed.cancel(), "+cancel, stop-child c");
    assert_eq!(bed.live.rest().expect("it rests").due, None);
    assert_eq!(bed.crash(), "stop-child c");
    let cancelled = Err(Failure::new(Class::CANCELLED, "x"));
    assert_eq!(child_done(&mut bed, "c", cancelled), "+fail a cancelled, +cancelled, finish");
    assert_eq!(bed.statuses(&["a", "b"]), "cancelled cancelled");
}

#[test]
fn a_child_that_was_being_started_when_the_run_was_cancelled_is_stopped() {
    let (mut bed, _) = Bed::begin(one());
    assert_eq!(bed.cancel(), "+cancel, stop a");
    assert_eq!(waits(&mut bed, "a", Wait::Child(run("c"))), "+wait a, stop-child c");
    let said = child_done(&mut bed, "c", Ok(Payload::NULL));
    assert_eq!(said, "+ok a, +cancelled, finish", "it was faster");
}

#[test]
fn no_timer_fires_and_no_signal_is_used_up_while_a_run_ends() {
    let graph = Graph::new("g").add(wait("a", "")).add(wait("b", "")).add(step("c", ""));
    let (mut bed, _) = Bed::begin(graph);
    waits(&mut bed, "a", Wait::Timer(2_000));
    waits(&mut bed, "b", Wait::Signal("go".into(), None));
    assert_eq!(bed.cancel(), "+cancel, stop c");
    assert_eq!(bed.at(2_000), "");
    assert_eq!(signal(&mut bed, "go"), "+signal go");
    assert_eq!(bed.stopped("c"), "+cancelled, finish");
    assert_eq!(bed.statuses(&["a", "b", "c"]), "cancelled cancelled cancelled");
}
