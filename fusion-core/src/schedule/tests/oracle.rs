//! The slow, obvious oracle: from how bodies behave to how nodes end, without events, queues or counters.

use std::collections::BTreeSet;

use super::plan::{Body, Plan, Spec};
use crate::model::NodeStatus;
use crate::model::graph::OnItemFailure;

/// Tells how every node ends when nothing stops the run early. `doubtful` are nodes and items that were in doubt and
/// whose authors asked for that to be a failure.
pub(super) fn outcomes(plan: &Plan, doubtful: &BTreeSet<(usize, Option<u32>)>) -> Vec<NodeStatus> {
    let mut ends: Vec<NodeStatus> = Vec::new();
    let mut reach: Vec<BTreeSet<usize>> = Vec::new();
    for (at, spec) in plan.specs.iter().enumerate() {
        let needs = plan.needs(at);
        let above: BTreeSet<usize> =
            needs.iter().flat_map(|need| reach[*need].iter().copied().chain([*need])).collect();
        let is_behind_failure = above.iter().any(|other| ends[*other] == NodeStatus::Failed);
        reach.push(above);
        let is_unwanted =
            !needs.is_empty() && needs.iter().all(|need| ends[*need] == NodeStatus::Skipped);
        // A condition that nobody saw the answer of leaves a doubt too.
        let is_skipped = !spec.when && !doubtful.contains(&(at, None));
        let end = if is_behind_failure || is_unwanted || is_skipped {
            NodeStatus::Skipped
        } else if ends_well(spec, at, doubtful) {
            NodeStatus::Succeeded
        } else {
            NodeStatus::Failed
        };
        ends.push(end);
    }
    ends
}

fn ends_well(spec: &Spec, at: usize, doubtful: &BTreeSet<(usize, Option<u32>)>) -> bool {
    let body = |item: Option<u32>| !doubtful.contains(&(at, item)) && body_ends_well(spec, item);
    match spec.body {
        Body::Map(_, _, OnItemFailure::Collect, _) => true,
        Body::Map(count, ..) => (0..count).all(|item| body(Some(item))),
        _ => body(None),
    }
}

fn body_ends_well(spec: &Spec, item: Option<u32>) -> bool {
    let attempts = if spec.once.is_some() { 1 } else { spec.attempts };
    let is_enough = match spec.body {
        Body::Repeat(needed, max) => needed <= max,
        _ => true,
    };
    let main = u32::from(spec.failures(item)) < attempts && is_enough;
    main || spec.fallback == Some(true)
}
