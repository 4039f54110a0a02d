//! What earlier attempts of the same node left running on this host, when their owner died and no guard was there.
//!
//! A later attempt is known by `FUSION_EPOCH` and `FUSION_ATTEMPT`; the node by all other `FUSION_*` variables. What was
//! started with the same node and an earlier epoch or attempt is killed: nobody will ever record its outcome, and it
//! would disturb the one that starts now. First attempts of first owners look for nothing, as there can be nothing.

use std::collections::BTreeMap;

use super::super::process;
use super::tree::send_kill;

const EPOCH: &str = "FUSION_EPOCH";
const ATTEMPT: &str = "FUSION_ATTEMPT";

/// Which attempt of which node a program belongs to.
#[derive(Debug, PartialEq, Eq)]
struct Owner<'a> {
    node: BTreeMap<&'a [u8], &'a [u8]>,
    /// The epoch, then the attempt.
    turn: (u64, u64),
}

impl<'a> Owner<'a> {
    /// None unless the variables name a run.
    fn of(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Option<Self> {
        let mut node: BTreeMap<&[u8], &[u8]> =
            pairs.filter(|(name, _)| name.starts_with(b"FUSION_")).collect();
        let mut number = |name: &str| {
            let text = node.remove(name.as_bytes())?;
            std::str::from_utf8(text).ok()?.parse().ok()
        };
        let turn = (number(EPOCH).unwrap_or(1), number(ATTEMPT).unwrap_or(1));
        node.contains_key(&b"FUSION_RUN_ID"[..]).then_some(Self { node, turn })
    }

    fn is_before(&self, other: &Self) -> bool {
        self.node == other.node && self.turn < other.turn
    }
}

/// Kills what earlier attempts of the same node left; gives how many there were.
pub(super) fn sweep(environment: &BTreeMap<String, String>) -> usize {
    let pairs = environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let Some(ours) = Owner::of(pairs).filter(|owner| owner.turn > (1, 1)) else { return 0 };
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let is_leftover = |pid: i32| {
        let held = process::variables(pid);
        let theirs = Owner::of(held.split(|byte| *byte == 0).filter_map(split));
        pid != own && theirs.is_some_and(|theirs| theirs.is_before(&ours))
    };
    let mut killed = 0;
    for pid in process::pids().into_iter().filter(|pid| is_leftover(*pid)) {
        // Asked again once it is known which process it is, as the pid may have changed hands.
        if let Some(process) = process::read(pid).filter(|process| is_leftover(process.pid)) {
            send_kill(&process);
            killed += 1;
        }
    }
    killed
}

fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|byte| *byte == b'=')?;
    Some((pair.get(..at)?, pair.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(text: &'static str) -> Option<Owner<'static>> {
        Owner::of(text.split(' ').filter_map(|pair| split(pair.as_bytes())))
    }

    #[test]
    fn only_earlier_turns_of_the_same_node_are_before() {
        let ours =
            owner("FUSION_RUN_ID=r FUSION_NODE=n FUSION_EPOCH=2 FUSION_ATTEMPT=3 A=1").unwrap();
        let cases = [
            ("FUSION_RUN_ID=r FUSION_NODE=n FUSION_EPOCH=2 FUSION_ATTEMPT=2 B=2", true),
            ("FUSION_RUN_ID=r FUSION_NODE=n FUSION_EPOCH=1 FUSION_ATTEMPT=9", true),
            ("FUSION_RUN_ID=r FUSION_NODE=n", true),
            ("FUSION_RUN_ID=r FUSION_NODE=n FUSION_EPOCH=2 FUSION_ATTEMPT=3", false),
            ("FUSION_RUN_ID=r FUSION_NODE=n FUSION_EPOCH=3 FUSION_ATTEMPT=1", false),
            ("FUSION_RUN_ID=r FUSION_NODE=m FUSION_EPOCH=1 FUSION_ATTEMPT=1", false),
            ("FUSION_RUN_ID=q FUSION_NODE=n FUSION_EPOCH=1 FUSION_ATTEMPT=1", false),
            ("FUSION_RUN_ID=r", false),
        ];
        for (text, before) in cases {
            assert_eq!(owner(text).unwrap().is_before(&ours), before, "{text}");
        }
        assert_eq!(owner("FUSION_NODE=n FUSION_EPOCH=1"), None);
    }
}
