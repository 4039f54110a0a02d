//! What coordination asks of whoever carries out runs.

use std::fmt;

use super::OwnWorkspace;
use crate::contract::BoxFuture;
use crate::error::Result;
use crate::model::agent::{Ask, Reply};
use crate::model::{Failure, Op, RunId};

/// What comes of a run, when it has ended.
pub(crate) type Ending = BoxFuture<'static, Result<std::result::Result<Reply, Failure>>>;

/// What a task's run is made of.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// The run's id: the same for the same attempt, so that whoever takes it up finds it.
    pub id: RunId,
    /// Who does it, as `agent:` says it in a workflow file.
    pub agent: serde_json::Value,
    /// What is asked.
    pub ask: Ask,
    /// Whose own folder it is done in.
    pub lodger: Option<String>,
    /// The longest that it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// The longest that it may give no sign of life, in milliseconds.
    pub silence_ms: Option<u64>,
}

/// Carries out the runs of tasks. The façade does; it stands above this floor.
pub(crate) trait Runs: fmt::Debug + Send + Sync {
    /// Begins a run in one batch with `ops`; without any, takes up the run that is there, or begins it. Gives what waits for
    /// its end. Where the work makes no sense, nothing is written, and the failure says why.
    fn begin(
        &self,
        work: Work,
        ops: Vec<Op>,
    ) -> BoxFuture<'_, Result<std::result::Result<Ending, Failure>>>;

    /// Lets a run stand still at its next memo, or go on. A run that is over, or gone, is none to talk to.
    fn hold(&self, run: RunId, hold: bool, by: String) -> BoxFuture<'_, Result<()>>;

    /// Asks for the end of a run.
    fn cancel(&self, run: RunId, by: String, why: String) -> BoxFuture<'_, Result<()>>;

    /// Makes an agent's own folder. Tells whether it was not there.
    fn lodge(&self, agent: String, own: OwnWorkspace) -> BoxFuture<'_, Result<bool>>;

    /// Removes an agent's own folder, if there is one.
    fn evict(&self, agent: String) -> BoxFuture<'_, Result<()>>;

    /// Lists who has a folder here.
    fn lodgers(&self) -> BoxFuture<'_, Result<Vec<String>>>;
}
