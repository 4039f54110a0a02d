//! Folders of agents' own: made when they are spawned, removed when they are terminated and their last task has ended.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AgentState, Agents, Instance};
use crate::coordination::kept;
use crate::coordination::task::TaskRow;
use crate::error::Result;

/// What an agent's own folder may hold, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnWorkspace {
    /// The lengths of its files in all, in bytes; 1 GiB when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its files, folders and links in all; 100,000 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// It stays when the agent is terminated.
    pub keep: bool,
}

impl Agents {
    /// Makes the folders of agents that are about to be spawned, and gives whose were not there before.
    pub(super) async fn lodge(&self, ids: &[String], own: OwnWorkspace) -> Result<Vec<String>> {
        let mut new = Vec::new();
        for id in ids {
            match self.runs.lodge(id.clone(), own).await {
                Ok(true) => new.push(id.clone()),
                Ok(false) => {}
                Err(error) => {
                    self.unlodge(&new).await;
                    return Err(error);
                }
            }
        }
        Ok(new)
    }

    /// Removes folders that were made for nobody.
    pub(super) async fn unlodge(&self, ids: &[String]) {
        for id in ids {
            if let Err(error) = self.runs.evict(id.clone()).await {
                tracing::warn!(%error, agent = %id, "a workspace that was made for nobody is left");
            }
        }
    }

    /// Removes the folder of an agent that is gone, when nobody works in it any more. One that cannot be removed now is left to whoever
    /// sweeps. What somebody makes under its name later is not its own any more.
    pub(in crate::coordination) async fn leave_lodging(&self, one: &Instance) -> Result<()> {
        let goes = one.lodged && one.spec.workspace.is_some_and(|own| !own.keep);
        if !goes || one.state != AgentState::Terminated {
            return Ok(());
        }
        for task in &one.tasks {
            let row = kept::find::<TaskRow>(self.engine.store.as_ref(), task).await?;
            if row.is_some_and(|(row, _)| row.is_worked_at_by(&one.id)) {
                return Ok(());
            }
        }
        if let Err(error) = self.runs.evict(one.id.clone()).await {
            tracing::warn!(%error, agent = %one.id, "the agent's workspace is left for now");
            return Ok(());
        }
        let noted = kept::change::<Instance>(&self.engine, &one.id, |one| {
            let is_still_gone = one.state == AgentState::Terminated;
            let happened = is_still_gone && std::mem::take(&mut one.lodged);
            let events = happened.then(|| ("workspace.removed", Value::Null));
            Ok((events.into_iter().collect(), Vec::new()))
        });
        noted.await.map(drop)
    }

    /// Removes the folders of agents that are gone: those whose process died before it could.
    pub(in crate::coordination) async fn sweep_lodgings(&self) -> Result<()> {
        for id in self.runs.lodgers().await? {
            if let Some((one, _)) = kept::find::<Instance>(self.engine.store.as_ref(), &id).await? {
                self.leave_lodging(&one).await?;
            }
        }
        Ok(())
    }
}
