//! Works at tasks: begins what waits for an agent, carries out its run, and records what came of it.

use std::sync::Arc;

use serde_json::json;

use super::assign::task_of;
use super::desk::Desk;
use super::lane::Waits;
use crate::coordination::kept;
use crate::coordination::runs::{Ending, Work};
use crate::coordination::task::{again, run_id, waiting};
use crate::coordination::{AgentSpec, AgentState, Instance, TaskRow, TaskState};
use crate::error::{Code, Error, Result};
use crate::model::agent::Ask;
use crate::model::{Batch, Claim, Enqueue, Entry, Failure, Op, Release};

/// How often something is tried again when others change the same things.
pub(super) const TRIES: usize = 64;
/// How long a task that this process has no room for rests before others may look at it again, in milliseconds.
pub(super) const REST_MS: i64 = 1_000;

/// How a run came to be: what waits for its end, or why there is none.
type Begun = std::result::Result<Ending, Failure>;

/// An attempt at a task that is under way.
type Attempt = (TaskRow, Begun);

impl Desk {
    /// Begins what waits for agents that have room. Tells how many were begun.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<usize> {
        let now = self.engine.env.now_ms();
        let claims: Vec<Op> = {
            let mut book = self.book();
            let mut room = self.options.concurrency.saturating_sub(book.busy);
            let waiting_for: Vec<String> = book
                .waiting
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(agent, _)| agent.clone())
                .collect();
            let mut claims = Vec::new();
            for agent in waiting_for {
                let limit = book.room(&agent, now).min(room);
                if limit > 0 {
                    let queues = vec![waiting(&agent)];
                    claims.push(Op::Claim(Claim { queues, limit, session: self.engine.session }));
                    room -= limit;
                }
            }
            claims
        };
        if claims.is_empty() {
            return Ok(0);
        }
        let receipt = self.engine.store.commit(Batch { now, ops: claims }).await?;
        let count = receipt.claimed.len();
        if count == 0 {
            // What was thought to wait is gone.
            self.refresh(true).await?;
        }
        for entry in receipt.claimed {
            self.spawn(entry, now);
        }
        Ok(count)
    }

    /// Takes up the tasks whose processes died in the middle of them. Tells how many.
    pub(super) async fn take_up(self: &Arc<Self>) -> Result<usize> {
        let store = self.engine.store.as_ref();
        let mut count = 0;
        for row in kept::list::<TaskRow>(store, Some(TaskState::Running.word())).await? {
            let is_here = self.book().in_work.contains(&row.id);
            let entry = if is_here { None } else { store.entry(&row.key()).await? };
            let Some(entry) = entry.filter(|entry| entry.session.is_none()) else { continue };
            let now = self.engine.env.now_ms();
            // A claim takes what comes first; to take this one, its entry is put in anew with its owner.
            let ours = Enqueue {
                queue: entry.queue.clone(),
                body: entry.body.clone(),
                session: Some(self.engine.session),
                ..again(&row, entry.due)
            };
            let ops = vec![Op::Complete(entry.ticket()), Op::Enqueue(ours)];
            match self.engine.store.commit(Batch { now, ops }).await {
                Ok(_) => {}
                Err(error) if kept::is_late(&error) => continue,
                Err(error) => return Err(error),
            }
            if let Some(entry) = store.entry(&row.key()).await? {
                // It did not wait for its agent, which has it; to begin it takes one off.
                let agent = row.agent.clone().unwrap_or_default();
                *self.book().waiting.entry(agent).or_default() += 1;
                self.spawn(entry, now);
                count += 1;
            }
        }
        Ok(count)
    }

    /// Works at a claimed entry, apart.
    fn spawn(self: &Arc<Self>, entry: Entry, now: i64) {
        let agent = entry.queue.strip_prefix("tasks/").unwrap_or_default().to_owned();
        let waits: Option<Waits> = serde_json::from_slice(&entry.body).ok();
        let task = task_of(&entry).unwrap_or_default().to_owned();
        self.book().begin(&agent, &task, waits.as_ref(), now);
        let desk = self.clone();
        self.engine.env.spawn(Box::pin(async move {
            let ended = desk.work(&entry, &agent, &task).await;
            if let Err(error) = &ended
                && !desk.engine.is_closed()
            {
                tracing::warn!(%error, %task, %agent, "a task is left to whoever takes it up");
                desk.rest(&entry, &agent).await;
            }
            desk.book().leave(&agent, &task, ended.ok().flatten());
            desk.left.notify_one();
        }));
    }

    /// Gives an entry back for a while.
    async fn rest(&self, entry: &Entry, agent: &str) {
        self.book().wait(agent);
        let due = self.engine.env.now_ms() + REST_MS;
        self.give_up(Release { ticket: entry.ticket(), due, queue: None }).await;
    }

    /// Works at one task from its claim to its end. Gives what the agent is then, if it is known.
    async fn work(&self, entry: &Entry, agent: &str, task: &str) -> Result<Option<Instance>> {
        let since = self.engine.env.monotonic_ns();
        let Some((row, begun)) = self.start(entry, agent, task).await? else { return Ok(None) };
        let needs = row.spec.resource_requirements;
        let outcome = match begun {
            Ok(ending) => ending.await,
            Err(failure) => Ok(Err(failure)),
        };
        self.book().free(needs);
        let outcome = outcome?;
        let took = self.engine.env.monotonic_ns().saturating_sub(since) / 1_000_000;
        self.settle(entry, &row, outcome, took).await
    }

    /// Begins an attempt, or takes up the one that a dead process began. Nothing when the task is not to be worked at.
    async fn start(&self, entry: &Entry, agent: &str, task: &str) -> Result<Option<Attempt>> {
        let store = self.engine.store.as_ref();
        let mut taken = 0;
        for _ in 0..TRIES {
            let now = self.engine.env.now_ms();
            let row = kept::find::<TaskRow>(store, task).await?;
            let Some((mut row, version)) = row else {
                self.close(vec![Op::Complete(entry.ticket())]).await?;
                return Ok(None);
            };
            let instance = kept::find::<Instance>(store, agent).await?;
            let ours = row.agent.as_deref() == Some(agent)
                && matches!(row.state, TaskState::Assigned | TaskState::Running);
            let (Some((mut instance, agent_version)), true) = (instance, ours) else {
                self.give_back(entry, row, version).await?;
                return Ok(None);
            };
            if instance.state == AgentState::Terminated {
                self.give_back(entry, row, version).await?;
                return Ok(None);
            }
            // Another process may have given it work meanwhile.
            let is_full = row.state == TaskState::Assigned && instance.room() == 0;
            if is_full || !self.has_room(&row) {
                self.book().know(instance);
                self.rest(entry, agent).await;
                return Ok(None);
            }
            let mut ops = Vec::new();
            if row.state == TaskState::Assigned {
                (row.attempts, row.begun) = (row.attempts + 1, row.begun + 1 + taken);
                row.run = Some(run_id(&row.id, row.begun)?);
                let data = json!({"agent": agent, "run": row.run, "attempt": row.attempts});
                let happened = row.become_(TaskState::Running, now, data)?;
                ops.extend(kept::write(&mut row, version, happened)?);
                let happened = instance.begin(task, now)?;
                ops.extend(kept::write(&mut instance, agent_version, happened)?);
            }
            match self.begin_run(&row, instance.spec, ops).await {
                Ok(begun) => return Ok(Some((row, begun))),
                Err(error) => {
                    self.book().free(row.spec.resource_requirements);
                    // A task of the same name was forgotten, and its runs were not.
                    let is_taken = error.code() == Code::IdConflict;
                    taken += u32::from(is_taken);
                    if !is_taken && !kept::is_late(&error) {
                        return Err(error);
                    }
                }
            }
        }
        Err(too_busy(task))
    }

    /// Begins the run of an attempt in the batch that says so: whoever cancels the task after it finds the run, and before
    /// it keeps the run from being. Work that makes no sense is an attempt all the same.
    async fn begin_run(&self, row: &TaskRow, agent: AgentSpec, ops: Vec<Op>) -> Result<Begun> {
        let begun = self.runs.begin(work_of(row, &agent)?, ops.clone()).await?;
        if begun.is_err() && !ops.is_empty() {
            let now = self.engine.env.now_ms();
            self.engine.store.commit(Batch { now, ops }).await?;
        }
        Ok(begun)
    }

    fn has_room(&self, row: &TaskRow) -> bool {
        self.book().reserve(row.spec.resource_requirements, self.options.resources)
    }

    /// Does what ends an entry, unless somebody else did.
    pub(super) async fn close(&self, ops: Vec<Op>) -> Result<()> {
        let now = self.engine.env.now_ms();
        match self.engine.store.commit(Batch { now, ops }).await {
            Err(error) if error.code() != Code::Fenced => Err(error),
            _ => Ok(()),
        }
    }

    /// Deals with an entry whose task is not this agent's to do.
    async fn give_back(&self, entry: &Entry, mut row: TaskRow, version: u64) -> Result<()> {
        let now = self.engine.env.now_ms();
        if row.state == TaskState::Completed {
            self.tasks.release(&row.id).await?;
        }
        if row.state.is_over() {
            return self.close(vec![Op::Complete(entry.ticket())]).await;
        }
        let mut ops = vec![Op::Complete(entry.ticket()), Op::Enqueue(again(&row, now))];
        if matches!(row.state, TaskState::Assigned | TaskState::Running) {
            let happened =
                row.become_(TaskState::Queued, now, json!({"why": "its agent is gone"}))?;
            ops.extend(kept::write(&mut row, version, happened)?);
        }
        self.close(ops).await
    }
}

/// Puts together what is asked of an agent.
fn work_of(row: &TaskRow, agent: &AgentSpec) -> Result<Work> {
    let spec = &row.spec;
    let mut prompt =
        if spec.prompt.trim().is_empty() { spec.title.clone() } else { spec.prompt.clone() };
    if let Some(failure) = &row.failure {
        prompt = format!(
            "{prompt}\n\nThe attempt before failed ({}): {}",
            failure.class, failure.message
        );
    }
    let id = row.run.clone().map_or_else(|| run_id(&row.id, row.begun), Ok)?;
    Ok(Work {
        id,
        agent: agent.worker(),
        ask: Ask::new(prompt),
        lodger: agent.workspace.map(|_| row.agent.clone().unwrap_or_default()),
        timeout_ms: spec.timeout_ms,
        silence_ms: Some(agent.unresponsive_ms).filter(|silence| *silence > 0),
    })
}

pub(super) fn too_busy(task: &str) -> Error {
    let text = format!("task `{task}` is changed by others all the time");
    Error::new(Code::Conflict, text).hint("it is taken up again")
}
