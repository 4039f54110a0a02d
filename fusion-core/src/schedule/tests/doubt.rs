//! At most once: the start is recorded first, and after a crash nobody enters the body again.

use super::bed::Bed;
use super::words::{attempts, map, other, step};
use crate::model::graph::{Node, OnItemFailure};
use crate::model::{Graph, Input, Message, OnUnknown, Payload, Policy, RunId, Verdict, Wait};

fn once(node: Node, on_unknown: OnUnknown) -> Node {
    let retry = attempts(3).retry;
    node.policy(Policy { at_most_once: true, on_unknown, retry, ..Policy::default() })
}

fn pay(on_unknown: OnUnknown) -> Graph {
    Graph::new("g").add(once(step("a", ""), on_unknown)).add(step("b", "a"))
}

fn resolve(bed: &mut Bed, key: &str, verdict: Verdict) -> String {
    let key = bed.key(key);
    bed.hear(Message::Resolve(key, verdict, "ann".into(), u64::MAX))
}

#[test]
fn the_intent_comes_before_the_start_and_a_failure_is_not_tried_again() {
    let (mut bed, said) = Bed::begin(pay(OnUnknown::Fail));
    assert_eq!(said, "+intent a, start a");
    assert_eq!(bed.fail("a"), "+fail a error, +failed, finish");
}

#[test]
fn an_outcome_that_was_recorded_is_not_in_doubt() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    assert_eq!(bed.ok("a"), "+ok a, start b");
    assert_eq!(bed.crash(), "start b");
}

#[test]
fn in_doubt_fails_without_a_fallback() {
    let graph = Graph::new("g").add(once(step("a", ""), OnUnknown::Fail).fallback(other()));
    let (mut bed, _) = Bed::begin(graph);
    assert_eq!(bed.crash(), "+doubt a, +fail a in_doubt, +failed, finish");
}

#[test]
fn in_doubt_waits_for_a_person() {
    for (verdict, said) in [
        (Verdict::Done(Payload::NULL), "+resolve a, +ok a, start b"),
        (Verdict::Failed("no".into()), "+resolve a, +fail a error, +failed, finish"),
        (Verdict::NotDone, "+resolve a, +intent a, start a"),
    ] {
        let (mut bed, _) = Bed::begin(pay(OnUnknown::WaitHuman));
        assert_eq!(resolve(&mut bed, "a", verdict.clone()), "", "it runs");
        assert_eq!(bed.crash(), "+doubt a");
        assert_eq!(bed.statuses(&["a", "b"]), "in_doubt pending");
        assert!(bed.live.rest().is_some());
        assert_eq!(bed.crash(), "", "it is reported once");
        assert_eq!(resolve(&mut bed, "a", verdict.clone()), said);
        assert_eq!(resolve(&mut bed, "a", verdict), "");
    }
}

#[test]
fn what_was_not_done_may_be_in_doubt_again() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::WaitHuman));
    bed.crash();
    resolve(&mut bed, "a", Verdict::NotDone);
    assert_eq!(bed.crash(), "+doubt a");
    resolve(&mut bed, "a", Verdict::NotDone);
    assert_eq!(bed.ok("a"), "+ok a, start b");
}

#[test]
fn a_person_who_cancels_an_in_doubt_run_ends_it() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::WaitHuman));
    bed.crash();
    assert_eq!(bed.cancel(), "+cancel, +cancelled, finish");
    assert_eq!(bed.statuses(&["a"]), "cancelled");
    // A retry that does not name it must not enter the body again.
    assert_eq!(bed.retry(&[]), "+retry");
    assert_eq!(bed.statuses(&["a", "b"]), "in_doubt pending");
    assert_eq!(resolve(&mut bed, "a", Verdict::Done(Payload::NULL)), "+resolve a, +ok a, start b");
}

#[test]
fn a_retry_leaves_in_doubt_what_it_does_not_name() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    bed.crash();
    assert_eq!(bed.statuses(&["a"]), "failed");
    assert_eq!(bed.retry(&[]), "+retry");
    assert_eq!(bed.statuses(&["a"]), "in_doubt");
    assert_eq!(resolve(&mut bed, "a", Verdict::NotDone), "+resolve a, +intent a, start a#2");
    assert_eq!(bed.fail("a"), "+fail a error, +failed, finish");
    assert_eq!(bed.retry(&["a"]), "+retry, +intent a, start a#3", "it said that it failed");
}

#[test]
fn the_list_of_a_map_is_not_in_doubt_but_its_items_are() {
    let node = once(map("m", "", 2, OnItemFailure::Finish), OnUnknown::WaitHuman);
    let (mut bed, said) = Bed::begin(Graph::new("g").add(node));
    assert_eq!(said, "start m");
    assert_eq!(bed.crash(), "start m");
    let m = bed.key("m").node;
    let said = bed.say(Input::Expanded(m, 3));
    assert_eq!(said, "+map m 3, +intent m[0], +intent m[1], start m[0], start m[1]");
    assert_eq!(bed.ok("m[0]"), "+ok m[0], +intent m[2], start m[2]");
    assert_eq!(bed.crash(), "+doubt m[1], +doubt m[2]");
    assert_eq!(resolve(&mut bed, "m[1]", Verdict::Done(Payload::NULL)), "+resolve m[1], +ok m[1]");
    let said = resolve(&mut bed, "m[2]", Verdict::Failed("x".into()));
    assert_eq!(said, "+resolve m[2], +fail m[2] error, +fail m error, +failed, finish");
    assert_eq!(bed.retry(&[]), "+retry, +intent m[2], start m[2]#2", "the others ran once");
}

#[test]
fn an_item_of_a_failed_map_that_was_entered_is_still_heard() {
    let node = once(map("m", "", 2, OnItemFailure::Stop), OnUnknown::Fail);
    let (mut bed, _) = Bed::begin(Graph::new("g").add(node).add(step("b", "")).finish_branches());
    let m = bed.key("m").node;
    bed.say(Input::Expanded(m, 2));
    assert_eq!(bed.fail("m[0]"), "+fail m[0] error, +fail m error, stop m[1]");
    assert_eq!(bed.ok("m[1]"), "+ok m[1]", "it was done, whoever cares");
}

#[test]
fn a_child_run_that_was_started_is_not_in_doubt() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    let a = bed.key("a");
    let run = RunId::new("c").expect("it is an id");
    assert_eq!(bed.say(Input::Waits(a, Wait::Child(run.clone()))), "+wait a");
    assert_eq!(bed.crash(), "");
    let done = Message::ChildDone(a, run, Ok(Payload::NULL));
    assert_eq!(bed.hear(done), "+ok a, start b");
}

#[test]
fn a_round_that_ended_is_not_in_doubt() {
    let node = once(step("a", "").until("output", 5), OnUnknown::Fail);
    let (mut bed, _) = Bed::begin(Graph::new("g").add(node));
    let a = bed.key("a").node;
    let said = bed.say(Input::Again(a, 1, 1, Payload::NULL));
    assert_eq!(said, "+round a 1, +intent a, start a#2");
    bed.pause();
    assert_eq!(bed.say(Input::Again(a, 2, 1, Payload::NULL)), "+round a 2");
    assert_eq!(bed.crash(), "");
    assert_eq!(bed.resume(), "+resume, +intent a, start a#3");
}

#[test]
fn missing_code_leaves_no_doubt() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    let a = bed.key("a");
    assert_eq!(bed.say(Input::Missing(a, "s".into())), "+resolve a");
    assert_eq!(bed.crash(), "+intent a, start a");
}

#[test]
fn the_condition_comes_before_the_intent() {
    let graph = || {
        let node = once(step("a", ""), OnUnknown::WaitHuman).when("inputs.yes");
        Graph::new("g").add(node).add(step("b", "a"))
    };
    let (mut bed, said) = Bed::begin(graph());
    assert_eq!(said, "start a", "the driver looks at the condition first");
    assert_eq!(bed.crash(), "start a", "nothing was entered, so nothing is in doubt");
    let a = bed.key("a");
    assert_eq!(bed.say(Input::Unwanted(a)), "+skip a, +skip b, conclude");

    let (mut bed, _) = Bed::begin(graph());
    assert_eq!(bed.say(Input::Wanted(a, 1)), "+intent a, start a");
    assert_eq!(bed.say(Input::Wanted(a, 1)), "", "it was entered");
    assert_eq!(bed.crash(), "+doubt a");

    let (mut bed, _) = Bed::begin(graph());
    bed.cancel();
    assert_eq!(bed.say(Input::Wanted(a, 1)), "+cancelled, finish", "nobody wants it any more");
}

#[test]
fn what_would_be_entered_again_is_known() {
    let again = |bed: &Bed, named: &[&str]| {
        let named: Vec<_> = named.iter().map(|name| bed.key(name).node).collect();
        let found = bed.live.entered_again(&named);
        found.iter().map(|node| bed.live.program().name(*node).to_owned()).collect::<Vec<_>>()
    };
    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    bed.ok("a");
    bed.fail("b");
    assert!(again(&bed, &[]).is_empty(), "it succeeded and stays so");
    assert!(again(&bed, &["b"]).is_empty());
    assert_eq!(again(&bed, &["a"]), ["a"]);

    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    bed.fail("a");
    assert_eq!(again(&bed, &[]), ["a"], "it was entered, whatever came of it");

    let (mut bed, _) = Bed::begin(pay(OnUnknown::Fail));
    bed.crash();
    assert!(again(&bed, &[]).is_empty(), "it stays in doubt");
    assert_eq!(again(&bed, &["a"]), ["a"]);
}

#[test]
fn a_verdict_on_an_earlier_entry_says_nothing_about_a_later_one() {
    let (mut bed, _) = Bed::begin(pay(OnUnknown::WaitHuman));
    bed.crash();
    let (key, seen) = (bed.key("a"), bed.live.seq());
    resolve(&mut bed, "a", Verdict::NotDone);
    bed.crash();
    // Another operator looked when the first doubt was open, and was slow.
    assert_eq!(bed.hear(Message::Resolve(key, Verdict::NotDone, "bob".into(), seen)), "");
    let verdict = Verdict::Done(Payload::NULL);
    let seen = bed.live.seq();
    let said = bed.hear(Message::Resolve(key, verdict, "bob".into(), seen));
    assert!(said.starts_with("+resolve a"), "{said}");
}
