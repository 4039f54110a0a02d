//! What follows a failure: the end of the run, other branches, another attempt, a fallback.

use super::bed::Bed;
use super::words::{attempts, other, step};
use crate::model::{Class, Failure, Graph, RunStatus, limits};

fn sides() -> Graph {
    Graph::new("g")
        .add(step("a", ""))
        .add(step("b", ""))
        .add(step("c", "a"))
        .add(step("d", "b"))
        .add(step("e", "c d"))
        .add(step("f", "e d"))
}

#[test]
fn a_failure_stops_the_run() {
    let (mut bed, _) = Bed::begin(sides());
    assert_eq!(bed.fail("a"), "+fail a error, stop b");
    assert_eq!(bed.live.status(), RunStatus::Running);
    assert_eq!(bed.stopped("b"), "+failed, finish");
    let (status, _, failure) = bed.live.result().expect("it ended");
    assert_eq!(*status, RunStatus::Failed);
    assert_eq!(failure.as_ref().expect("it failed").message, "node `a` failed: no");
    assert_eq!(bed.statuses(&["a", "b", "c"]), "failed cancelled cancelled");
}

#[test]
fn a_body_that_ends_although_it_was_stopped_is_recorded() {
    let (mut bed, _) = Bed::begin(sides());
    bed.fail("a");
    assert_eq!(bed.ok("b"), "+ok b, +failed, finish");
    assert_eq!(bed.statuses(&["b", "d"]), "succeeded cancelled");
}

#[test]
fn other_branches_finish_and_what_is_behind_a_failure_never_runs() {
    let (mut bed, _) = Bed::begin(sides().finish_branches());
    assert_eq!(bed.fail("a"), "+fail a error, +skip c");
    assert_eq!(bed.ok("b"), "+ok b, start d");
    // `e` needs `c`, which the failure skipped, so neither it nor `f` may run although `d` lives.
    assert_eq!(bed.ok("d"), "+ok d, +skip e, +skip f, +failed, finish");
}

#[test]
fn pauses_grow_and_the_last_failure_counts() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "").policy(attempts(3))));
    assert_eq!(bed.fail("a"), "+fail a error retry@1100");
    assert_eq!(bed.live.rest().expect("it rests").due, Some(1_100));
    assert_eq!(bed.at(1_099), "");
    assert_eq!(bed.at(1_100), "start a#2");
    assert_eq!(bed.fail("a"), "+fail a error retry@1300");
    assert_eq!(bed.at(1_300), "start a#3");
    assert_eq!(bed.fail("a"), "+fail a error, +failed, finish");
    let failure = bed.live.result().and_then(|(_, _, failure)| failure.clone());
    assert_eq!(failure.expect("it failed").message, "node `a` failed after 3 attempts: no");
}

#[test]
fn the_other_side_may_ask_for_a_longer_pause() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "").policy(attempts(3))));
    let failure = |ms| Failure { retry_after_ms: Some(ms), ..Failure::error("busy") };
    assert_eq!(bed.fail_as("a", failure(5_000)), "+fail a error retry@6000");
    bed.at(6_000);
    assert_eq!(bed.fail_as("a", failure(1)), "+fail a error retry@6200");
}

#[test]
fn permanent_failures_and_excluded_classes_are_not_tried_again() {
    let mut policy = attempts(3);
    policy.retry.not_on = vec![Class::EXIT];
    let graph = || Graph::new("g").add(step("a", "").policy(policy.clone()));
    for failure in [
        Failure::error("no").permanent(),
        Failure::new(Class::TEMPLATE, "no"),
        Failure::new(Class::EXIT, "1"),
    ] {
        let (mut bed, _) = Bed::begin(graph());
        let class = failure.class.clone();
        assert_eq!(bed.fail_as("a", failure), format!("+fail a {class}, +failed, finish"));
    }
}

#[test]
fn a_fallback_runs_at_once_with_a_budget_of_its_own() {
    let node = step("a", "").policy(attempts(2)).fallback(other());
    let (mut bed, _) = Bed::begin(Graph::new("g").add(node));
    bed.fail("a");
    bed.at(2_000);
    assert_eq!(bed.fail("a"), "+fail a error fallback, start a#3");
    assert!(bed.live.is_fallback(bed.key("a")));
    assert_eq!(bed.fail("a"), "+fail a error retry@2100");
    assert_eq!(bed.at(2_100), "start a#4");
    assert_eq!(bed.fail("a"), "+fail a error, +failed, finish");
}

#[test]
fn a_fallback_that_succeeds_saves_the_node() {
    let (mut bed, _) =
        Bed::begin(Graph::new("g").add(step("a", "").fallback(other())).add(step("b", "a")));
    assert_eq!(bed.fail("a"), "+fail a error fallback, start a#2");
    assert_eq!(bed.crash(), "start a#2");
    assert!(bed.live.is_fallback(bed.key("a")));
    assert_eq!(bed.ok("a"), "+ok a, start b");
}

#[test]
fn a_crash_keeps_the_pause_and_ends_it_only_once() {
    let graph = Graph::new("g").add(step("a", "").policy(attempts(3))).add(step("b", "a"));
    let (mut bed, _) = Bed::begin(graph);
    bed.fail("a");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(1_100), "start a#2");
    assert_eq!(bed.ok("a"), "+ok a, start b");
    // The pause of the first attempt was over before the crash: it must not start the node again.
    assert_eq!(bed.crash(), "start b");
    assert_eq!(bed.at(9_000), "");
    assert_eq!(bed.ok("b"), "+ok b, conclude");
}

#[test]
fn nothing_is_tried_again_while_the_run_ends() {
    let graph =
        Graph::new("g").add(step("a", "")).add(step("b", "").policy(attempts(3)).fallback(other()));
    let (mut bed, _) = Bed::begin(graph);
    assert_eq!(bed.fail("a"), "+fail a error, stop b");
    assert_eq!(bed.fail("b"), "+fail b error, +failed, finish");
    assert_eq!(bed.statuses(&["a", "b"]), "failed failed");
}

fn told(ms: u64) -> Failure {
    Failure { retry_after_ms: Some(ms), ..Failure::new(Class::RATE_LIMIT, "slow down") }
}

#[test]
fn a_service_that_says_when_to_come_back_costs_no_attempt() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "").policy(attempts(2))));
    assert_eq!(bed.fail_as("a", told(5_000)), "+fail a rate_limit retry@6000");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(6_000), "start a#2");
    assert_eq!(bed.fail_as("a", told(1_000)), "+fail a rate_limit retry@7000");
    assert_eq!(bed.at(7_000), "start a#3");
    assert_eq!(bed.fail("a"), "+fail a error retry@7100");
    assert_eq!(bed.at(7_100), "start a#4");
    assert_eq!(bed.fail_as("a", told(400)), "+fail a rate_limit retry@7500");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.at(7_500), "start a#5");
    assert_eq!(bed.fail("a"), "+fail a error, +failed, finish");
}

#[test]
fn nobody_waits_for_ever_for_a_service() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")));
    for wait in 1..=i64::from(limits::TOLD_WAITS) {
        let due = 1_000 + wait * 10;
        assert_eq!(bed.fail_as("a", told(10)), format!("+fail a rate_limit retry@{due}"));
        assert_eq!(bed.at(due), format!("start a#{}", wait + 1));
    }
    assert_eq!(bed.fail_as("a", told(10)), "+fail a rate_limit, +failed, finish");
}

#[test]
fn who_has_another_way_does_not_wait_for_a_service() {
    let spare = step("a", "").policy(attempts(1)).fallback(other());
    let (mut bed, _) = Bed::begin(Graph::new("g").add(spare));
    assert_eq!(bed.fail_as("a", told(5_000)), "+fail a rate_limit fallback, start a#2");
    assert_eq!(bed.fail_as("a", told(5_000)), "+fail a rate_limit retry@6000");
    let mut policy = attempts(3);
    policy.retry.not_on = vec![Class::RATE_LIMIT];
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "").policy(policy)));
    assert_eq!(bed.fail_as("a", told(5_000)), "+fail a rate_limit, +failed, finish");
    // Without a time to come back at, it is a failure like others.
    let (mut bed, _) = Bed::begin(Graph::new("g").add(step("a", "")));
    let vague = Failure::new(Class::RATE_LIMIT, "slow down");
    assert_eq!(bed.fail_as("a", vague), "+fail a rate_limit, +failed, finish");
}
