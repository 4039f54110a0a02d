//! What holds for every graph, in every order of events, over every crash.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::coverage;
use super::oracle::outcomes;
use super::plan::{Body, Plan, plans};
use super::world::{Faults, World};
use crate::model::{Key, NodeStatus, Record, RunStatus, Then};
use crate::schedule::{NODE, RUN};

const CRASH: Faults = Faults { crash: true, pause: true, cancel: false };
const CALM: Faults = Faults { crash: false, pause: true, cancel: false };
const STORM: Faults = Faults { crash: true, pause: true, cancel: true };

fn finished(plan: &Plan, faults: Faults) -> World {
    let mut world = World::new(plan.clone(), faults);
    world.finish();
    one_outcome_each(&world.bed.journal);
    world
}

fn one_outcome_each(journal: &[Record]) {
    let mut ends: BTreeMap<Key, u32> = BTreeMap::new();
    for record in journal {
        match record {
            Record::NodeSucceeded(key, ..)
            | Record::NodeSkipped(key)
            | Record::NodeFailed(key, _, _, _, Then::End) => *ends.entry(*key).or_default() += 1,
            Record::MapSucceeded(node) => *ends.entry(Key::node(*node)).or_default() += 1,
            _ => {}
        }
    }
    let twice: Vec<_> = ends.into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "more than one outcome: {twice:?}");
}

/// Compares how the nodes ended with what the oracle says.
fn as_foretold(world: &World) {
    let foretold = outcomes(&world.plan, &world.doubtful);
    let ended: Vec<NodeStatus> = (0..foretold.len())
        .map(|at| world.bed.live.node_status(world.bed.key(&format!("n{at}"))))
        .collect();
    let status = world.bed.live.result().map(|(status, ..)| *status);
    if !foretold.contains(&NodeStatus::Failed) {
        assert_eq!((&ended, status), (&foretold, Some(RunStatus::Succeeded)));
        return;
    }
    assert_eq!(status, Some(RunStatus::Failed));
    if world.plan.finish {
        assert_eq!(ended, foretold);
        return;
    }
    assert!(ended.contains(&NodeStatus::Failed));
    for ((ended, foretold), spec) in ended.iter().zip(&foretold).zip(&world.plan.specs) {
        let is_cut_short = *ended == NodeStatus::Cancelled
            || *ended == NodeStatus::Failed
                && (spec.fails > 0 || matches!(spec.body, Body::Repeat(..)));
        assert!(ended == foretold || is_cut_short, "{ended} is not {foretold}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runs_end_as_foretold(plan in plans()) {
        as_foretold(&finished(&plan, CALM));
    }

    #[test]
    fn crashes_change_nothing(plan in plans()) {
        as_foretold(&finished(&plan, CRASH));
    }

    #[test]
    fn cancelled_runs_end(plan in plans()) {
        let world = finished(&plan, STORM);
        let cancelled = world.bed.live.cancel.is_some();
        let status = world.bed.live.status();
        prop_assert!(status != RunStatus::Cancelled || cancelled);
        prop_assert!(status != RunStatus::Succeeded || !cancelled);
    }

    #[test]
    fn runs_can_be_taken_up_again(plan in plans()) {
        let mut world = finished(&plan, STORM);
        for _ in 0..3 {
            world.retry(CRASH);
            world.finish();
        }
    }
}

#[test]
fn every_legal_transition_happens() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..400 {
        let plan = plans().new_tree(&mut runner).expect("plans can be made").current();
        let mut world = World::new(plan, STORM);
        world.finish();
        world.retry(STORM);
        world.finish();
    }
    let seen = coverage::nodes();
    let never: Vec<_> = NODE.iter().filter(|way| !seen.contains(way)).collect();
    assert!(never.is_empty(), "no node went {never:?}");
    let seen = coverage::runs();
    let strange: Vec<_> = seen.iter().filter(|way| !RUN.contains(way)).collect();
    assert!(strange.is_empty(), "runs went {strange:?}");
    // Only the row of a run that nobody drives yet is pending.
    let state = RUN.iter().filter(|(from, _)| *from != RunStatus::Pending);
    let never: Vec<_> = state.filter(|way| !seen.contains(way)).collect();
    assert!(never.is_empty(), "no run went {never:?}");
}
