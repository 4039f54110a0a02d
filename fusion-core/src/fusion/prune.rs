//! Forgetting what is over: runs, and outputs that were kept for others.

use super::Fusion;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Op, RunId};
use crate::record::old;
use crate::run::{cache, row};

impl Fusion {
    /// Deletes a run that has ended: its journal, its row, and the blobs that only it names.
    ///
    /// # Errors
    /// `FU0105` when it has not ended.
    pub async fn prune(&self, id: &RunId) -> Result<()> {
        let run = self.find(id).await?;
        if run.state().await?.result().is_none() {
            return Err(Error::new(Code::NotApplicable, format!("run `{id}` has not ended"))
                .hint(format!("`fusion runs cancel {id}` ends it")));
        }
        let now = self.engine().env.now_ms();
        let ops =
            vec![Op::Drop(id.stream().into()), Op::Delete(row::KIND.into(), id.as_str().into())];
        self.engine().store.commit(Batch { now, ops }).await.map(|_| ())
    }

    /// Forgets the outputs that nodes with `cache` kept for other runs, those that were kept at a time in milliseconds since 1970 or
    /// before. Gives how many; with `dry_run` nothing is forgotten.
    ///
    /// # Errors
    /// `FU03xx` from the store.
    pub async fn prune_cached(&self, before_ms: i64, dry_run: bool) -> Result<usize> {
        let store = self.engine().store.as_ref();
        let ids = old::older(store, cache::KIND, before_ms).await?;
        if !dry_run {
            old::delete(store, cache::KIND, &ids, self.now_ms()).await?;
        }
        Ok(ids.len())
    }
}
