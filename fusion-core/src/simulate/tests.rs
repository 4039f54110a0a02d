//! The simulator finds nothing, and finds every mistake that is built in.

use std::collections::BTreeSet;

use fusion_crashfs::{Crash, Moment};
use serde_json::json;

use super::options::{Fault, Sabotage};
use super::plan::{Blow, Plan, Work};
use super::run::{differs, one, world};
use super::store::Fall;
use super::workload;
use super::{Options, simulate};
use crate::model::graph::{Action, InputType, Node, Task, WaitSpec};
use crate::model::{Backoff, Concurrency, Graph, RunId};

#[test]
fn a_world_repeats_bit_by_bit() {
    for seed in 0..8 {
        let (_, first) = one(seed, &Options::new(0..1), false);
        let (_, again) = one(seed, &Options::new(0..1), true);
        assert_eq!(first.fingerprint, again.fingerprint, "seed {seed}");
    }
}

#[test]
fn nothing_is_wrong() {
    let report = simulate(&Options::new(1_000..1_060), &|| true);
    assert!(report.failure.is_none(), "{report}");
    assert_eq!(report.seeds, 60);
    for what in ["bodies", "machine crashes", "processes killed", "stalls", "recoveries checked"] {
        assert!(report.counts.contains_key(what), "{what} never happened: {report}");
    }
}

/// What was found and mended: a body entered after the cancel was recorded (11, 33), a disk that was full for a while
/// (22), a slot kept by a body that panicked (75), a loop that began again with what another round had saved (84), a driver
/// that spun on a timer while its run was ending (92, 260), a body that got its slot after the cancel (1515), a node that
/// failed since the disk was too full for its slot (2437), a row that a stalled owner
/// wrote over the end of the run (2556), a worker that its own
/// refused claims woke for ever (2588, 3881), messages
/// that came in the order of a clock that was set back (4569), a record that was read before it was synced (16400), a record that was read before it was synced (16400).
#[test]
fn what_was_found_stays_mended() {
    for seed in [11, 22, 33, 75, 84, 92, 260, 1515, 2437, 2556, 2588, 3881, 4569, 16400] {
        let report = simulate(&Options::new(seed..seed + 1), &|| true);
        assert!(report.failure.is_none(), "{report}");
    }
}

/// Looks for a mistake in so many seeds.
fn caught(sabotage: Sabotage, seeds: u64) {
    let mut options = Options::new(0..seeds);
    options.sabotage = Some(sabotage);
    options.shrink = false;
    let report = simulate(&options, &|| true);
    assert!(report.failure.is_some(), "{sabotage:?} was not found in {seeds} seeds");
}

#[test]
fn an_acknowledgement_before_the_commit_is_caught() {
    caught(Sabotage::AckBeforeCommit, 100);
}

#[test]
fn a_missing_fence_is_caught() {
    caught(Sabotage::FenceRemoved, 300);
}

#[test]
fn an_intent_after_the_call_is_caught() {
    caught(Sabotage::IntentAfterCall, 1_500);
}

#[test]
fn a_sync_that_does_nothing_is_caught() {
    caught(Sabotage::LyingSync, 200);
}

/// One run that has something of everything.
fn reference() -> Graph {
    let with = |id: &str| json!({"id": id});
    let retry = Backoff { attempts: 3, initial_ms: 50, ..Backoff::ONCE };
    let mut flaky = Node::step("flaky", "flaky").with(with("flaky"));
    flaky.more_mut().policy.retry = retry.clone();
    let mut memo = Node::step("memo", "memo").with(with("memo"));
    memo.more_mut().policy.retry = retry;
    let mut held = Node::step("held", "slow").with(json!({"id": "held", "slot": "a", "limit": 1}));
    held.more_mut().policy.concurrency = Some(Concurrency { key: "a".to_owned(), limit: 1 });
    let signal = WaitSpec::Signal { name: "sig-signal".to_owned(), timeout_ms: None };
    let bad = Node::step("bad", "bad").with(with("bad"));
    let plan_b = Task::new(Action::Step("ok".into())).with(with("b"));
    Graph::new("reference")
        .input("flag", InputType::Boolean)
        .input("n", InputType::Integer)
        .add(flaky)
        .add(memo)
        .add(held)
        .add(bad.fallback(plan_b))
        .add(
            Node::step("items", "ok")
                .with(json!({"item": "{{ item }}"}))
                .map(json!([1, 2, 3]))
                .after("flaky"),
        )
        .add(
            Node::step("rounds", "ok").with(json!({"round": "{{ round }}"})).until("round >= 2", 3),
        )
        .add(Node::wait("timer", WaitSpec::Duration("300ms".to_owned())).after("memo"))
        .add(Node::wait("signal", signal).after("items"))
        .add(Node::workflow("child", "inner").with(json!({})).after("timer"))
        .add(
            Node::step("last", "ok")
                .with(json!({"in": "{{ nodes.child }}"}))
                .after(["signal", "held", "rounds", "bad"]),
        )
        .output("last", "{{ nodes.last }}")
}

/// Does the reference run with one blow; tells whether the blow came before the run had ended.
fn strikes(seed: u64, blow: Blow) -> bool {
    let inner = Graph::new("inner")
        .add(Node::step("x", "slow").with(json!({"id": "x"})))
        .output("v", "{{ nodes.x.v }}");
    let words = format!("{blow:?}");
    let mut plan = Plan::draw(seed, &Fault::ALL.into_iter().collect::<BTreeSet<_>>());
    plan.processes = 1;
    plan.workflows = vec![inner];
    plan.blows = vec![(u64::from(matches!(blow, Blow::Kill { .. })), blow)];
    plan.work = vec![Work {
        id: RunId::new("reference").unwrap(),
        graph: reference(),
        input: json!({"flag": true, "n": 1}),
        at_ms: 10,
        controls: Vec::new(),
        determinate: true,
    }];
    let outcome = world(&plan, None, false, true);
    assert_eq!(outcome.wrong, None, "{words}");
    assert_eq!(differs(&plan, &outcome), None, "{words}");
    assert_eq!(outcome.ends.len(), 1);
    let happened = |what: &str| outcome.counts.contains_key(what);
    happened("machine crashes") || happened("processes killed")
}

/// Strikes in the first operation, in the second, and so on; gives the first that the run does not reach.
fn everywhere(blow: impl Fn(u64) -> Blow) -> u64 {
    (1..100_000).find(|operation| !strikes(*operation, blow(*operation))).unwrap_or(0)
}

/// Stops the machine before, within and after every write, sync, truncation and deletion of one run.
fn crash_everywhere(crash: Crash) {
    for moment in [Moment::Before, Moment::Within, Moment::After] {
        let operations = everywhere(|ops| {
            let moment = Some(moment);
            Blow::Crash { crash, ops, moment, again: None }
        });
        assert!(operations > 100, "{moment:?}: {operations}");
    }
}

#[test]
fn a_power_cut_before_within_and_after_any_operation_changes_nothing() {
    crash_everywhere(Crash::Power);
}

#[test]
fn a_kill_before_within_and_after_any_operation_changes_nothing() {
    crash_everywhere(Crash::Process);
}

#[test]
fn a_kill_before_and_after_any_commit_changes_nothing() {
    for before in [true, false] {
        let fall = |commits| Blow::Kill { process: 0, fall: Fall { commits, before } };
        let commits = everywhere(fall);
        assert!(commits > 15, "{commits} commits");
    }
}

#[test]
fn a_workflow_of_the_users_own_is_simulated() {
    let graph = Graph::new("own")
        .add(Node::step("a", "their-step").with(json!({"x": 1})))
        .add(Node::command("b", ["their-tool", "--flag"]).after("a"))
        .add(Node::workflow("c", "their-workflow").after("b"))
        .output("c", "{{ nodes.c }}");
    let mut options = Options::new(0..30);
    options.subject = Some(super::Subject { graph, inputs: json!({}), others: Vec::new() });
    let report = simulate(&options, &|| true);
    assert!(report.failure.is_none(), "{report}");
    assert!(report.counts["bodies"] >= 60, "{report}");
}

#[test]
fn every_kind_of_node_is_drawn() {
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        let mut rng = super::rng::Rng::new(seed, "test");
        let inner = workload::workflows(&mut rng);
        let (graph, _) = workload::graph(&mut rng, &inner, "main");
        for node in &graph.nodes {
            let kind = format!("{:?}", node.kind);
            seen.insert(kind.split(['(', ' ']).next().unwrap_or_default().to_owned());
            seen.extend(node.policy_ref().at_most_once.then(|| "once".to_owned()));
            seen.extend(node.policy_ref().cache.is_some().then(|| "cache".to_owned()));
            seen.extend(node.policy_ref().concurrency.is_some().then(|| "slot".to_owned()));
        }
    }
    let wanted = ["Map", "Repeat", "Run", "Wait", "cache", "once", "slot"];
    assert!(wanted.iter().all(|kind| seen.contains(*kind)), "{seen:?}");
}
