//! Forgetting what layers keep in the store, when nobody has used it for long.

use fusion_core::contract::Store;
use fusion_core::error::Result;
use fusion_core::model::RunId;
use fusion_core::record::old::{delete, older};

use super::{budget, cache, gate};

/// Forgets what no call has written since a time in milliseconds since 1970, or longer: the answers and vectors of a
/// [`Cache`](super::Cache), what a [`Gate`](super::Gate) has learned of an account, and of the accounts of a
/// [`Budget`](super::Budget) those of days, and of runs that are not in the store any more. The accounts of agents and
/// projects stay: their limits count for all their life. Gives what is forgotten, as `answer/…`, `gate/…`, `budget/…`; with `dry_run`
/// nothing is.
///
/// ```
/// use fusion_core::contract::Store;
/// use fusion_providers::layer;
///
/// # async fn example(store: &dyn Store, now: i64) -> fusion_core::error::Result<()> {
/// let a_month = 30 * 24 * 3_600_000;
/// let gone = layer::prune(store, (now - a_month, now), false).await?;
/// println!("forgot {}", gone.len());
/// # Ok(()) }
/// ```
///
/// # Errors
/// `FU03xx` when the store does not answer.
pub async fn prune(
    store: &dyn Store,
    (before_ms, now_ms): (i64, i64),
    dry_run: bool,
) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for kind in [cache::KIND, gate::KIND, budget::KIND] {
        let mut ids = older(store, kind, before_ms).await?;
        if kind == budget::KIND {
            ids = without_those_in_use(store, ids).await?;
        }
        if !dry_run {
            delete(store, kind, &ids, now_ms).await?;
        }
        gone.extend(ids.into_iter().map(|id| format!("{kind}/{id}")));
    }
    Ok(gone)
}

/// Leaves out the accounts that count still.
async fn without_those_in_use(store: &dyn Store, ids: Vec<String>) -> Result<Vec<String>> {
    let mut over = Vec::new();
    for id in ids {
        let is_over = match id.split_once('/') {
            Some(("day", _)) => true,
            Some(("run", name)) => match RunId::new(name) {
                Ok(run) => store.head(&run.stream()).await?.is_none_or(|head| head.seq == 0),
                Err(_) => true,
            },
            _ => false,
        };
        if is_over {
            over.push(id);
        }
    }
    Ok(over)
}
