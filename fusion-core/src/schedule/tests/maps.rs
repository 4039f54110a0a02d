//! Maps: bounded width, and what an item's failure does.

use super::bed::Bed;
use super::words::{attempts, map, other, step};
use crate::model::graph::OnItemFailure::{Collect, Finish, Stop};
use crate::model::{Graph, Input, Message, NodeStatus, Payload, RunId, Wait, limits};
use crate::schedule::Output;

fn mapped(width: u32, failure: crate::model::graph::OnItemFailure) -> Graph {
    Graph::new("g").add(map("m", "", width, failure)).add(step("z", "m"))
}

fn expand(bed: &mut Bed, count: u32) -> String {
    let node = bed.key("m").node;
    bed.say(Input::Expanded(node, count))
}

#[test]
fn items_run_in_order_and_never_more_than_fit() {
    let (mut bed, said) = Bed::begin(mapped(2, Stop));
    assert_eq!(said, "start m");
    assert_eq!(expand(&mut bed, 4), "+map m 4, start m[0], start m[1]");
    assert_eq!(bed.ok("m[1]"), "+ok m[1], start m[2]");
    assert_eq!(bed.crash(), "start m[0], start m[2]");
    assert_eq!(bed.ok("m[0]"), "+ok m[0], start m[3]");
    assert_eq!(bed.ok("m[3]"), "+ok m[3]");
    assert_eq!(bed.ok("m[2]"), "+ok m[2], +mapped m, start z");
    assert!(matches!(bed.live.output(bed.key("m")), Output::Many(items) if items.len() == 4));
}

#[test]
fn an_empty_list_succeeds_at_once() {
    let (mut bed, _) = Bed::begin(mapped(2, Stop));
    assert_eq!(expand(&mut bed, 0), "+map m 0, +mapped m, start z");
}

#[test]
fn a_list_beyond_the_limit_is_refused() {
    let (mut bed, _) = Bed::begin(mapped(2, Stop));
    assert_eq!(
        expand(&mut bed, u32::try_from(limits::MAP_ITEMS).expect("it fits") + 1),
        "+fail m limit, +failed, finish"
    );
}

#[test]
fn stop_ends_the_map_at_the_first_failure() {
    let (mut bed, _) = Bed::begin(mapped(3, Stop).finish_branches().add(step("y", "")));
    expand(&mut bed, 9);
    bed.ok("m[0]");
    let said = bed.fail("m[1]");
    assert_eq!(said, "+fail m[1] error, +fail m error, +skip z, stop m[2], stop m[3]");
    assert_eq!(bed.ok("m[2]"), "", "nobody waits for it any more");
    assert_eq!(bed.stopped("m[3]"), "");
    assert_eq!(bed.ok("y"), "+ok y, +failed, finish");
    let statuses = bed.statuses(&["m[0]", "m[1]", "m[2]", "m[8]"]);
    assert_eq!(statuses, "succeeded failed cancelled cancelled");
}

#[test]
fn finish_runs_all_items_and_then_fails() {
    let (mut bed, _) = Bed::begin(mapped(1, Finish));
    expand(&mut bed, 3);
    assert_eq!(bed.fail("m[0]"), "+fail m[0] error, start m[1]");
    assert_eq!(bed.fail("m[1]"), "+fail m[1] error, start m[2]");
    assert_eq!(bed.ok("m[2]"), "+ok m[2], +fail m error, +failed, finish");
    let failure = bed.live.failure(bed.key("m")).expect("it failed");
    assert_eq!(failure.message, "2 items failed, first `m[0]`: no");
}

#[test]
fn collect_succeeds_with_the_failures_among_the_outputs() {
    let (mut bed, _) = Bed::begin(mapped(1, Collect));
    expand(&mut bed, 2);
    assert_eq!(bed.fail("m[0]"), "+fail m[0] error, start m[1]");
    assert_eq!(bed.ok("m[1]"), "+ok m[1], +mapped m, start z");
    let Output::Many(items) = bed.live.output(bed.key("m")) else { panic!("it is a map") };
    assert!(items[0].is_err() && items[1].is_ok());
    assert_eq!(bed.ok("z"), "+ok z, conclude", "a collected failure does not fail the run");
}

#[test]
fn each_item_has_attempts_and_a_fallback_of_its_own() {
    let node = map("m", "", 2, Stop).policy(attempts(2)).fallback(other());
    let (mut bed, _) = Bed::begin(Graph::new("g").add(node));
    expand(&mut bed, 3);
    assert_eq!(bed.fail("m[0]"), "+fail m[0] error retry@1100");
    assert_eq!(bed.ok("m[1]"), "+ok m[1], start m[2]", "a pause keeps its place");
    assert_eq!(bed.at(1_100), "start m[0]#2");
    assert_eq!(bed.fail("m[0]"), "+fail m[0] error fallback, start m[0]#3");
    assert_eq!(bed.ok("m[0]"), "+ok m[0]");
    assert_eq!(bed.ok("m[2]"), "+ok m[2], +mapped m, conclude");
}

#[test]
fn the_list_itself_can_fail_and_be_tried_again() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(map("m", "", 1, Stop).policy(attempts(2))));
    assert_eq!(bed.fail("m"), "+fail m error retry@1100");
    assert_eq!(bed.at(1_100), "start m#2");
    assert_eq!(expand(&mut bed, 1), "+map m 1, start m[0]");
    assert_eq!(bed.crash(), "start m[0]");
    assert_eq!(bed.ok("m[0]"), "+ok m[0], +mapped m, conclude");
}

#[test]
fn a_hundred_thousand_items_stay_lazy() {
    let (mut bed, _) = Bed::begin(Graph::new("g").add(map("m", "", 3, Stop)));
    // Comparing with the shadow after each step would be quadratic: this goes past the bed.
    let mut out = crate::model::Decided::default();
    let node = bed.key("m").node;
    bed.live.decide(Input::Expanded(node, 100_000), 0, &mut out);
    let mut running = std::collections::VecDeque::new();
    let mut ran = 0;
    loop {
        for command in out.commands.drain(..) {
            if let crate::model::Command::Start(key, _) = command {
                running.push_back(key);
            }
        }
        let open = |status| matches!(status, NodeStatus::Ready | NodeStatus::Running);
        if ran % 9_973 == 0 {
            let cells = &bed.live.items[&node].cells.0;
            assert!(cells.iter().filter(|cell| open(cell.status)).count() <= 3);
        }
        assert!(running.len() <= 3);
        let Some(key) = running.pop_front() else { break };
        ran += 1;
        bed.live.decide(Input::Done(key, 1, 0, Ok(Payload::NULL)), 0, &mut out);
    }
    assert_eq!(ran, 100_000);
    assert_eq!(bed.live.node_status(bed.key("m")), NodeStatus::Succeeded);
}

#[test]
fn child_runs_of_a_map_that_failed_are_stopped_and_awaited() {
    let (mut bed, _) = Bed::begin(mapped(4, Stop).finish_branches());
    expand(&mut bed, 5);
    let run = |id| RunId::new(id).expect("it is an id");
    let (waiting, starting) = (bed.key("m[0]"), bed.key("m[1]"));
    bed.say(Input::Waits(waiting, Wait::Child(run("c0"))));
    let (timer, signal) = (bed.key("m[2]"), Wait::Timer(5_000));
    bed.say(Input::Waits(timer, signal));
    let said = bed.fail("m[3]");
    assert_eq!(said, "+fail m[3] error, +fail m error, +skip z, stop m[1], stop-child c0");
    let said = bed.say(Input::Waits(starting, Wait::Child(run("c1"))));
    assert_eq!(said, "+wait m[1], stop-child c1", "its start was under way");
    assert_eq!(bed.at(6_000), "", "the timer is forgotten");
    assert_eq!(bed.crash(), "stop-child c0, stop-child c1");
    let cancelled = || Err(crate::model::Failure::new(crate::model::Class::CANCELLED, "x"));
    let done = Message::ChildDone(waiting, run("c0"), cancelled());
    assert_eq!(bed.hear(done), "+fail m[0] cancelled");
    let done = Message::ChildDone(starting, run("c1"), Ok(Payload::NULL));
    assert_eq!(bed.hear(done), "+ok m[1], +failed, finish");
    assert_eq!(bed.statuses(&["m[0]", "m[1]", "m[2]"]), "cancelled succeeded cancelled");
}
