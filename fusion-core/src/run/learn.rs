//! Learned timeouts: how long the nodes of a workflow took, in documents of kind `durations`.

use serde::{Deserialize, Serialize};

use super::drive::Driver;
use crate::error::{Code, Error, Result};
use crate::model::{Document, NodeIx, Op, Timeout};

const KIND: &str = "durations";
/// How many durations are kept, the newest last.
const KEPT: usize = 100;
/// How many are needed before anything is learned from them.
const LEAST: usize = 5;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Durations(Vec<u32>);

/// Gives the limit of an attempt from the 95th percentile of what it took before, in milliseconds.
pub(super) fn limit(p95_ms: Option<&u64>, factor: f64, (floor_ms, ceiling_ms): (u64, u64)) -> u64 {
    let Some(p95) = p95_ms else { return ceiling_ms };
    let grown = (*p95 as f64 * factor.max(0.0)).min(ceiling_ms as f64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the ceiling"
    )]
    let grown = grown as u64;
    grown.clamp(floor_ms.min(ceiling_ms), ceiling_ms)
}

fn percentile_95(durations: &[u32]) -> Option<u64> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
    sorted.get(at).filter(|_| sorted.len() >= LEAST).map(|ms| u64::from(*ms))
}

fn learns(driver: &Driver, node: NodeIx) -> bool {
    matches!(driver.state.program().policy(node).timeout, Some(Timeout::Learned { .. }))
}

fn learners(driver: &Driver) -> Vec<NodeIx> {
    driver.state.program().rich().filter(|node| learns(driver, *node)).collect()
}

fn id(driver: &Driver, node: NodeIx) -> String {
    format!("{}/{}", driver.state.start().workflow, driver.state.program().name(node))
}

impl Driver {
    /// Loads what was learned about the nodes of the run. Without an answer the ceilings hold.
    pub(super) async fn learn_timeouts(&mut self) {
        for node in learners(self) {
            let found = self.engine.store.get(KIND, &id(self, node)).await;
            let Ok(Some(document)) = found else { continue };
            let durations: Durations = serde_json::from_slice(&document.body).unwrap_or_default();
            if let Some(p95) = percentile_95(&durations.0) {
                self.learned.insert(node.0, p95);
            }
            self.durations.insert(node.0, durations.0);
        }
    }

    /// Takes note of how long an attempt took that went well.
    pub(super) fn took(&mut self, node: NodeIx, ms: u32) {
        if learns(self, node) {
            let durations = self.durations.entry(node.0).or_default();
            durations.push(ms);
            let surplus = durations.len().saturating_sub(KEPT);
            durations.drain(..surplus);
        }
    }
}

/// Makes the operations that keep what was learned.
pub(super) fn keep(driver: &Driver) -> Result<Vec<Op>> {
    let mut ops = Vec::new();
    for (node, durations) in &driver.durations {
        let body = serde_json::to_vec(durations)
            .map_err(|e| Error::new(Code::Internal, "durations cannot be encoded").because(e))?;
        let document = Document {
            kind: KIND.into(),
            id: id(driver, NodeIx(*node)).into(),
            version: 0,
            at: 0,
            tag: "".into(),
            body: body.into(),
        };
        ops.push(Op::Put(document, None));
    }
    Ok(ops)
}
