//! Forgetting what is over: tasks that ended, agents that were terminated, with what happened to them.

use super::kept::{self, Kept};
use super::life::{AgentState, Agents, Instance};
use super::task::{TaskRow, Tasks};
use crate::error::Result;
use crate::model::{Batch, Op};
use crate::run::engine::Shared;

/// How many things one batch forgets.
const AT_ONCE: usize = 100;

impl Tasks {
    /// Forgets the tasks that are over (completed, cancelled or dead) since a time in milliseconds since 1970 or longer, those left out
    /// for which another one waits. Gives their ids; with `dry_run` nothing is forgotten. The runs of their attempts stay, until they
    /// are pruned themselves.
    ///
    /// An id that was forgotten is free: a task that is submitted with it is a new one.
    pub async fn prune(&self, before_ms: i64, dry_run: bool) -> Result<Vec<String>> {
        let mut old = Vec::new();
        for row in self.list(None).await? {
            if row.state.is_over() && row.since <= before_ms && !self.is_needed(&row).await? {
                old.push(row.id);
            }
        }
        if dry_run {
            return Ok(old);
        }
        forget::<TaskRow>(&self.engine, old, |row| row.state.is_over() && row.since <= before_ms)
            .await
    }

    /// Tells whether another task waits for this one, or those that did have not been told of its end.
    async fn is_needed(&self, row: &TaskRow) -> Result<bool> {
        let store = self.engine.store.as_ref();
        Ok(store.entry(&row.key()).await?.is_some() || self.has_waiters(&row.id).await?)
    }
}

impl Agents {
    /// Forgets the agents that were terminated at a time in milliseconds since 1970 or before, those left out whose workspace is still to be
    /// removed. Gives their ids; with `dry_run` nothing is
    /// forgotten.
    pub async fn prune(&self, before_ms: i64, dry_run: bool) -> Result<Vec<String>> {
        let is_old = |one: &Instance| {
            let has_folder = one.lodged && one.spec.workspace.is_some_and(|own| !own.keep);
            let is_gone = one.state == AgentState::Terminated && one.tasks.is_empty();
            is_gone && one.since <= before_ms && !has_folder
        };
        let all = self.list(Some(AgentState::Terminated)).await?;
        let old: Vec<String> = all.into_iter().filter(is_old).map(|one| one.id).collect();
        if dry_run {
            return Ok(old);
        }
        forget::<Instance>(&self.engine, old, is_old).await
    }
}

/// Forgets things that are still as they were chosen. Gives those that it forgot.
async fn forget<T: Kept>(
    engine: &Shared,
    ids: Vec<String>,
    is_old: impl Fn(&T) -> bool + Send + Sync,
) -> Result<Vec<String>> {
    let mut gone = Vec::with_capacity(ids.len());
    for ids in ids.chunks(AT_ONCE) {
        if forget_all(engine, ids, &is_old).await? {
            gone.extend_from_slice(ids);
            continue;
        }
        // Somebody changed one of them: each stands for itself.
        for id in ids {
            if forget_all(engine, std::slice::from_ref(id), &is_old).await? {
                gone.push(id.clone());
            }
        }
    }
    Ok(gone)
}

/// Forgets things in one batch; `false` when one of them is not old any more, and nothing was forgotten.
async fn forget_all<T: Kept>(
    engine: &Shared,
    ids: &[String],
    is_old: &(impl Fn(&T) -> bool + Sync),
) -> Result<bool> {
    let mut ops = Vec::with_capacity(3 * ids.len());
    for id in ids {
        let Some((mut thing, version)) = kept::find::<T>(engine.store.as_ref(), id).await? else {
            return Ok(false);
        };
        if !is_old(&thing) {
            return Ok(false);
        }
        // Written first, so that a change since refuses the batch.
        ops.extend(kept::write(&mut thing, version, Vec::new())?);
        ops.push(Op::Delete(T::KIND.into(), id.as_str().into()));
        ops.push(Op::Drop(kept::stream::<T>(id)));
    }
    match engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await {
        Ok(_) => Ok(true),
        Err(error) if kept::is_late(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
