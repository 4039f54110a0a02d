//! A reservation that is settled however the call ends.

use std::sync::Arc;

use fusion_core::contract::Env;
use fusion_core::model::chat::{Fault, FaultKind, Usd};

use super::Account;
use crate::layer::shelf::Shelf;

/// Money that is held for one call, in all its accounts.
pub(super) struct Held {
    pub(super) shelf: Shelf,
    pub(super) env: Arc<dyn Env>,
    pub(super) ids: Vec<String>,
    pub(super) name: String,
    pub(super) amount: Usd,
    pub(super) is_open: bool,
}

impl Held {
    /// Replaces what was held by what was spent. A store that does not answer leaves it held; then it counts as spent later.
    pub(super) async fn settle(mut self, actual: Usd) {
        self.is_open = false;
        settle(self.parts(), actual).await;
    }

    /// Settles a call that failed: what may have been paid for counts in full.
    pub(super) async fn failed(self, fault: &Fault) {
        let actual = if is_free(fault.kind()) { Usd::ZERO } else { self.amount };
        self.settle(actual).await;
    }

    fn parts(&self) -> (Shelf, Arc<dyn Env>, Vec<String>, String, Usd) {
        let Self { shelf, env, ids, name, amount, .. } = self;
        (shelf.clone(), env.clone(), ids.clone(), name.clone(), *amount)
    }
}

impl Drop for Held {
    /// A call that was dropped may have been paid for.
    fn drop(&mut self) {
        if self.is_open {
            let (parts, amount) = (self.parts(), self.amount);
            self.env.spawn(Box::pin(settle(parts, amount)));
        }
    }
}

async fn settle(
    (shelf, env, ids, name, amount): (Shelf, Arc<dyn Env>, Vec<String>, String, Usd),
    actual: Usd,
) {
    let settled = shelf.change(&env, &ids, |accounts: &mut [Account], now| {
        for account in accounts {
            account.sweep(now);
            account.settle(&name, amount, actual);
        }
        Ok(())
    });
    if let Err(fault) = settled.await {
        tracing::warn!(%fault, %actual, "a call's cost was not settled; what was held for it will count as spent");
    }
}

/// Tells whether a call that failed so costs nothing: it was refused before a model worked.
fn is_free(kind: FaultKind) -> bool {
    !matches!(
        kind,
        FaultKind::Timeout | FaultKind::Transport | FaultKind::Malformed | FaultKind::Cancelled
    )
}
