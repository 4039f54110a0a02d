//! Pause, resume, cancel, and code that is not here.

use super::bed::Bed;
use super::words::{attempts, other, step, wait};
use crate::model::{Graph, Input, RunId, RunStatus, Wait};

fn chain() -> Graph {
    Graph::new("g").add(step("a", "")).add(step("b", "a").policy(attempts(3)))
}

#[test]
fn a_paused_run_starts_nothing_and_hears_everything() {
    let (mut bed, _) = Bed::begin(chain());
    assert_eq!(bed.pause(), "+pause");
    assert_eq!(bed.pause(), "");
    assert_eq!(bed.live.status(), RunStatus::Paused);
    assert_eq!(bed.ok("a"), "+ok a");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.live.status(), RunStatus::Paused);
    assert_eq!(bed.live.rest().expect("it rests").due, None);
    assert_eq!(bed.resume(), "+resume, start b");
    assert_eq!(bed.resume(), "");
}

#[test]
fn timers_and_pauses_are_held_while_a_run_is_paused() {
    let graph = Graph::new("g").add(wait("a", "")).add(step("b", "").policy(attempts(3)));
    let (mut bed, _) = Bed::begin(graph);
    let a = bed.key("a");
    bed.fail("b");
    bed.pause();
    assert_eq!(bed.say(Input::Waits(a, Wait::Timer(500))), "+wait a", "it is due, and held");
    assert_eq!(bed.at(5_000), "");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.resume(), "+resume, +ok a, start b#2");
}

#[test]
fn a_paused_run_whose_last_body_ends_is_done() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")));
    bed.pause();
    assert_eq!(bed.ok("a"), "+ok a, conclude");
    assert_eq!(bed.live.status(), RunStatus::Running);
    assert_eq!(bed.pause(), "", "nothing is left to pause");
    assert_eq!(bed.concluded(), "+succeeded, finish");
}

#[test]
fn a_failure_ends_a_paused_run_and_undoes_it() {
    let graph =
        Graph::new("g").add(step("a", "").compensate(other())).add(step("b", "").after(["a"]));
    let (mut bed, _) = Bed::begin(graph);
    bed.ok("a");
    bed.pause();
    assert_eq!(bed.fail("b"), "+fail b error, start a[undo]");
    assert_eq!(bed.crash(), "start a[undo]");
    assert_eq!(bed.ok("a[undo]"), "+ok a[undo], +failed, finish");
}

#[test]
fn cancel_stops_what_runs_once_and_waits_for_it() {
    let graph = Graph::new("g").add(step("a", "")).add(step("b", "")).add(step("c", "a"));
    let (mut bed, _) = Bed::begin(graph);
    assert_eq!(bed.cancel(), "+cancel, stop a, stop b");
    assert_eq!(bed.cancel(), "");
    assert_eq!(bed.pause(), "");
    assert_eq!(bed.ok("a"), "+ok a", "a late answer is recorded and starts nothing");
    assert_eq!(bed.stopped("b"), "+cancelled, finish");
    let failure = bed.live.result().and_then(|(_, _, failure)| failure.clone());
    assert_eq!(failure.expect("it was cancelled").message, "cancelled by ann: why");
    assert_eq!(bed.ok("b"), "", "nothing is heard after the end");
    assert_eq!(bed.say(Input::Adopted), "");
}

#[test]
fn a_paused_run_can_be_cancelled() {
    let (mut bed, _) = Bed::begin(chain());
    bed.pause();
    bed.ok("a");
    assert_eq!(bed.cancel(), "+cancel, +cancelled, finish");
}

#[test]
fn a_run_that_is_cancelled_while_it_fails_has_failed() {
    let graph = Graph::new("g").add(step("a", "")).add(step("b", ""));
    let (mut bed, _) = Bed::begin(graph);
    bed.fail("a");
    assert_eq!(bed.cancel(), "+cancel");
    assert_eq!(bed.stopped("b"), "+failed, finish");
}

#[test]
fn a_cancelled_run_that_nobody_owns_ends_when_it_is_taken_over() {
    let (mut bed, _) = Bed::begin(chain());
    bed.cancel();
    assert_eq!(bed.crash(), "+cancelled, finish");
}

#[test]
fn a_cancel_ends_a_pause_between_attempts() {
    let (mut bed, _) = Bed::begin(chain());
    bed.ok("a");
    bed.fail("b");
    assert_eq!(bed.statuses(&["b"]), "retrying");
    assert_eq!(bed.cancel(), "+cancel, +cancelled, finish");
    assert_eq!(bed.statuses(&["b"]), "cancelled");
}

#[test]
fn timers_of_a_run_that_was_asked_to_end_are_not_due() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")).add(wait("t", "")));
    bed.say(Input::Waits(bed.key("t"), Wait::Timer(1_500)));
    assert_eq!(bed.live.due(), Some(1_500));
    assert_eq!(bed.cancel(), "+cancel, stop a");
    assert_eq!(bed.live.due(), None, "a driver would spin until `a` has stopped");
    assert_eq!(bed.at(2_000), "");
    assert_eq!(bed.stopped("a"), "+cancelled, finish");
}

#[test]
fn missing_code_parks_the_run_with_the_reason() {
    let (mut bed, _) = Bed::begin(chain());
    let a = bed.key("a");
    assert_eq!(bed.say(Input::Missing(a, "fetch@2".into())), "");
    assert_eq!(bed.live.status(), RunStatus::Waiting);
    assert_eq!(bed.live.rest().expect("it rests").missing.as_deref(), Some("fetch@2"));
    assert_eq!(bed.at(9_000), "");
    assert_eq!(bed.crash(), "start a", "another process may have it");
}

#[test]
fn children_pause_and_go_on_with_their_parent() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")).add(step("b", "a")));
    let (a, child) = (bed.key("a"), RunId::new("kid").unwrap());
    assert_eq!(bed.say(Input::Waits(a, Wait::Child(child.clone()))), "+wait a");
    assert_eq!(bed.pause(), "+pause, pause-child kid");
    assert_eq!(bed.crash(), "pause-child kid", "the last owner may have died before it said so");
    assert_eq!(bed.resume(), "+resume, resume-child kid");
    assert_eq!(bed.crash(), "resume-child kid");

    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")));
    assert_eq!(bed.pause(), "+pause");
    let said = bed.say(Input::Waits(a, Wait::Child(child)));
    assert_eq!(said, "+wait a, pause-child kid", "it was just being started");
}

#[test]
fn equal_runs_do_not_try_again_in_step() {
    let dues: std::collections::BTreeSet<Option<i64>> = ["r1", "r2", "r3", "r4"]
        .into_iter()
        .map(|id| {
            let mut policy = super::words::attempts(2);
            policy.retry.jitter = 1.0;
            policy.retry.initial_ms = 1_000_000;
            policy.retry.max_ms = 1_000_000;
            let mut bed = Bed::new(Graph::new("g").add(step("a", "").policy(policy)));
            bed.live = bed.live.of(&RunId::new(id).unwrap());
            bed.say(Input::Adopted);
            bed.fail("a");
            bed.live.rest().and_then(|rest| rest.due)
        })
        .collect();
    assert_eq!(dues.len(), 4, "{dues:?}");
}
