//! Documents that nobody has written for long.

use crate::contract::Store;
use crate::error::Result;
use crate::model::{Batch, Op};

/// How many documents are read, or deleted, at once.
const AT_ONCE: usize = 200;

/// Gives the ids of the documents of a kind that were last written at a time in milliseconds since 1970, or before.
///
/// # Errors
/// `FU03xx` when the store does not answer.
pub async fn older(store: &dyn Store, kind: &str, before_ms: i64) -> Result<Vec<String>> {
    let (mut old, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(kind, None, after.as_deref(), AT_ONCE).await?;
        let found = page.items.iter().filter(|document| document.at <= before_ms);
        old.extend(found.map(|document| document.id.to_string()));
        after = page.next;
        if after.is_none() {
            return Ok(old);
        }
    }
}

/// Deletes documents of a kind, so many in a batch that others need not wait for long; those that are gone already are passed over.
///
/// # Errors
/// `FU03xx` when the store does not answer: what was deleted before stays deleted.
pub async fn delete(store: &dyn Store, kind: &str, ids: &[String], now: i64) -> Result<()> {
    for some in ids.chunks(AT_ONCE) {
        let ops = some.iter().map(|id| Op::Delete(kind.into(), id.as_str().into())).collect();
        store.commit(Batch { now, ops }).await?;
    }
    Ok(())
}
