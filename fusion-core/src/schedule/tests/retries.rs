//! Retry of a run that ended.

use super::bed::Bed;
use super::words::{attempts, map, other, step};
use crate::model::graph::OnItemFailure;
use crate::model::{Graph, Input, Payload, RunStatus};

fn chain() -> Graph {
    Graph::new("g")
        .add(step("a", ""))
        .add(step("b", "a").policy(attempts(2)))
        .add(step("c", "b"))
        .add(step("d", "a"))
}

fn memo(bed: &mut Bed, key: &str) -> String {
    let key = bed.key(key);
    bed.say(Input::Memo(key, "m".into(), Payload::NULL))
}

fn memos(bed: &Bed, key: &str) -> usize {
    bed.live.memos(bed.key(key)).map_or(0, std::collections::BTreeMap::len)
}

#[test]
fn what_failed_runs_again_with_new_attempts_and_its_memos() {
    let (mut bed, _) = Bed::begin(chain());
    bed.ok("a");
    bed.ok("d");
    assert_eq!(memo(&mut bed, "b"), "+memo b");
    bed.fail("b");
    bed.at(2_000);
    assert_eq!(bed.fail("b"), "+fail b error, +failed, finish");
    assert_eq!(bed.retry(&[]), "+retry, start b#3");
    assert_eq!(bed.live.status(), RunStatus::Running);
    assert_eq!(memos(&bed, "b"), 1, "that part was paid for");
    assert_eq!(bed.live.life(bed.key("b")), 0, "it is the same piece of work");
    assert_eq!(bed.crash(), "start b#3");
    assert_eq!(memos(&bed, "b"), 1);
    assert_eq!(bed.fail("b"), "+fail b error retry@2100");
    assert_eq!(bed.at(2_100), "start b#4");
    assert_eq!(bed.ok("b"), "+ok b, start c");
    assert_eq!(memos(&bed, "b"), 0);
    assert_eq!(bed.ok("c"), "+ok c, conclude");
    assert_eq!(bed.concluded(), "+succeeded, finish");
}

#[test]
fn a_named_node_and_all_behind_it_run_again() {
    let (mut bed, _) = Bed::begin(chain());
    for id in ["a", "b", "c"] {
        bed.ok(id);
    }
    bed.ok("d");
    bed.concluded();
    assert_eq!(bed.retry(&[]), "", "nothing is left to do");
    assert_eq!(bed.retry(&["b"]), "+retry, start b#2");
    assert_eq!(bed.live.life(bed.key("b")), 1, "it is another piece of work");
    assert_eq!(bed.retry(&["a"]), "", "it runs");
    assert_eq!(bed.statuses(&["a", "b", "c", "d"]), "succeeded running pending succeeded");
    assert_eq!(bed.ok("b"), "+ok b, start c#2");
    assert_eq!(bed.ok("c"), "+ok c, conclude");
}

#[test]
fn a_run_that_is_retried_and_fails_tells_its_bodies_to_stop() {
    let graph = Graph::new("g").add(step("a", "")).add(step("b", ""));
    let (mut bed, _) = Bed::begin(graph);
    bed.fail("a");
    bed.stopped("b");
    assert_eq!(bed.retry(&[]), "+retry, start a#2, start b");
    assert_eq!(bed.fail("a"), "+fail a error, stop b");
    assert_eq!(bed.stopped("b"), "+failed, finish");
}

#[test]
fn a_cancelled_run_can_be_taken_up_again() {
    let (mut bed, _) = Bed::begin(chain());
    bed.pause();
    bed.ok("a");
    bed.cancel();
    assert_eq!(bed.live.status(), RunStatus::Cancelled);
    assert_eq!(bed.retry(&[]), "+retry, start b, start d");
}

#[test]
fn what_was_undone_runs_again() {
    let graph = Graph::new("g")
        .add(step("a", "").compensate(other()))
        .add(step("b", "a").compensate(other()))
        .add(step("c", "b"));
    let (mut bed, _) = Bed::begin(graph);
    bed.ok("a");
    bed.ok("b");
    bed.fail("c");
    bed.fail("b[undo]");
    assert_eq!(bed.ok("a[undo]"), "+ok a[undo], +failed, finish");
    assert_eq!(bed.retry(&[]), "+retry, start a#2");
    bed.ok("a");
    bed.ok("b");
    assert_eq!(bed.fail("c"), "+fail c error, start b[undo]");
    bed.ok("b[undo]");
    assert_eq!(bed.ok("a[undo]"), "+ok a[undo], +failed, finish");
}

#[test]
fn what_a_failure_skipped_runs_after_a_retry() {
    let (mut bed, _) = Bed::begin(chain().finish_branches());
    bed.ok("a");
    bed.fail("b");
    bed.at(2_000);
    assert_eq!(bed.fail("b"), "+fail b error, +skip c");
    assert_eq!(bed.ok("d"), "+ok d, +failed, finish");
    assert_eq!(bed.retry(&[]), "+retry, start b#3");
    assert_eq!(bed.ok("b"), "+ok b, start c");
}

#[test]
fn the_items_of_a_map_that_succeeded_are_kept() {
    let graph = Graph::new("g").add(map("m", "", 2, OnItemFailure::Finish)).add(step("z", "m"));
    let (mut bed, _) = Bed::begin(graph);
    let m = bed.key("m").node;
    bed.say(Input::Expanded(m, 4));
    bed.ok("m[0]");
    memo(&mut bed, "m[1]");
    bed.fail("m[1]");
    bed.fail("m[2]");
    assert_eq!(bed.ok("m[3]"), "+ok m[3], +fail m error, +failed, finish");
    assert_eq!(bed.retry(&[]), "+retry, start m[1]#2, start m[2]#2");
    assert_eq!(memos(&bed, "m[1]"), 1);
    assert_eq!(bed.ok("m[2]"), "+ok m[2]");
    assert_eq!(bed.crash(), "start m[1]#2");
    assert_eq!(bed.ok("m[1]"), "+ok m[1], +mapped m, start z");
    bed.ok("z");
    bed.concluded();
    assert_eq!(bed.retry(&["m"]), "+retry, start m#2", "its list is made again when it is named");
    assert_eq!(bed.say(Input::Expanded(m, 1)), "+map m 1, start m[0]");
    assert_eq!(bed.live.life(bed.key("m[0]")), 1);
}
