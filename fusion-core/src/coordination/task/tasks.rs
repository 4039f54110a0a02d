//! Submitting, listing, cancelling, queueing anew: what anybody may do to tasks, from any process.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::TaskSpec;
use super::row::{QUEUE, TaskRow, TaskState, again, entry_key};
use crate::coordination::kept::{self, Past};
use crate::coordination::runs::Runs;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Document, Enqueue, Op, RunId};
use crate::run::engine::Shared;

/// How often a submission is tried again when what it needs changes meanwhile.
const TRIES: usize = 64;
/// The kind of the documents that say which task waits for which: tag and the first half of the id are what is waited for.
const WAIT: &str = "task-wait";
/// Waits until somebody wakes it.
const NEVER: i64 = i64::MAX;

/// The tasks of a store. `Fusion::tasks` gives it.
#[derive(Debug, Clone)]
pub struct Tasks {
    pub(in crate::coordination) engine: Arc<Shared>,
    runs: Arc<dyn Runs>,
}

impl Tasks {
    pub(crate) fn new(engine: Arc<Shared>, runs: Arc<dyn Runs>) -> Self {
        Self { engine, runs }
    }

    /// Submits a task; durable when this returns. One with an id of the caller's that is there already is that task.
    ///
    /// # Errors
    /// `FU0101` and `FU0102` when it makes no sense, `FU0103` when the id is taken by another, `FU0205` when it needs a task
    /// that is not there.
    pub async fn submit(&self, spec: TaskSpec) -> Result<TaskRow> {
        let (engine, store) = (&self.engine, self.engine.store.as_ref());
        engine.check_open()?;
        spec.check()?;
        let now = engine.env.now_ms();
        let id = spec.id.clone().unwrap_or_else(|| engine.new_id(now).to_string());
        for _ in 0..TRIES {
            if let Some((there, _)) = kept::find::<TaskRow>(store, &id).await? {
                return same(there, &spec);
            }
            let mut row = TaskRow::new(id.clone(), spec.clone(), now);
            let mut ops = self.wait_for_needs(&mut row).await?;
            let due = if row.waits_for.is_empty() {
                row.spec.not_before.map_or(now, |time| time.max(now))
            } else {
                NEVER
            };
            let happened = vec![("task.queued", json!({"needs": row.waits_for}))];
            ops.extend(kept::write(&mut row, 0, happened)?);
            ops.push(Op::Enqueue(again(&row, due)));
            match engine.store.commit(Batch { now, ops }).await {
                Ok(_) => return Ok(row),
                Err(error) if kept::is_late(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let text = "the tasks that this one needs are changed by others all the time";
        Err(Error::new(Code::Conflict, text).hint("try again"))
    }

    /// Submits tasks that may need one another, in any order.
    ///
    /// # Errors
    /// As [`Tasks::submit`]; `FU0206` when they need one another in a circle. Those before the wrong one are submitted.
    pub async fn submit_all(&self, specs: Vec<TaskSpec>) -> Result<Vec<TaskRow>> {
        let own: BTreeSet<String> = specs.iter().filter_map(|spec| spec.id.clone()).collect();
        let (mut open, mut there, mut rows) = (specs, BTreeSet::new(), Vec::new());
        while !open.is_empty() {
            let free = |spec: &TaskSpec| {
                spec.needs.iter().all(|need| !own.contains(need) || there.contains(need))
            };
            let (ready, rest): (Vec<TaskSpec>, Vec<TaskSpec>) = open.into_iter().partition(free);
            if ready.is_empty() {
                let names: Vec<String> = rest.into_iter().filter_map(|spec| spec.id).collect();
                let text =
                    format!("these tasks need one another in a circle: {}", names.join(", "));
                return Err(Error::new(Code::Cycle, text));
            }
            let begun = ready.into_iter().map(|spec| self.submit(spec));
            for row in futures_util::future::try_join_all(begun).await? {
                there.insert(row.id.clone());
                rows.push(row);
            }
            open = rest;
        }
        Ok(rows)
    }

    /// Makes the operations by which a task learns of the end of those that it needs. What it needs is written anew, so that
    /// nobody who ends it now overlooks who waits.
    async fn wait_for_needs(&self, row: &mut TaskRow) -> Result<Vec<Op>> {
        let (mut ops, store) = (Vec::new(), self.engine.store.as_ref());
        let needs: BTreeSet<String> = row.spec.needs.iter().cloned().collect();
        for need in needs {
            let Some((mut needed, version)) = kept::find::<TaskRow>(store, &need).await? else {
                return Err(kept::missing::<TaskRow>(store, &need).await);
            };
            if needed.state == TaskState::Completed {
                continue;
            }
            ops.extend(kept::write(&mut needed, version, Vec::new())?);
            let document = Document {
                kind: WAIT.into(),
                id: format!("{need}>{}", row.id).into(),
                version: 0,
                at: 0,
                tag: need.as_str().into(),
                body: serde_json::to_vec(&row.id).unwrap_or_default().into(),
            };
            ops.push(Op::Put(document, None));
            row.waits_for.push(need);
        }
        Ok(ops)
    }

    /// Finds a task.
    ///
    /// # Errors
    /// `FU0205` when there is none.
    pub async fn get(&self, id: &str) -> Result<TaskRow> {
        match kept::find(self.engine.store.as_ref(), id).await? {
            Some((row, _)) => Ok(row),
            None => Err(kept::missing::<TaskRow>(self.engine.store.as_ref(), id).await),
        }
    }

    /// Lists all tasks, those in one state if one is given; the newest first.
    pub async fn list(&self, state: Option<TaskState>) -> Result<Vec<TaskRow>> {
        let mut all: Vec<TaskRow> =
            kept::list(self.engine.store.as_ref(), state.map(TaskState::word)).await?;
        all.sort_by(|one, other| (other.submitted, &other.id).cmp(&(one.submitted, &one.id)));
        Ok(all)
    }

    /// Reads what happened to a task, after a place in its stream.
    pub async fn past(&self, id: &str, after: u64, limit: usize) -> Result<Vec<Past>> {
        kept::past::<TaskRow>(self.engine.store.as_ref(), id, after, limit).await
    }

    /// Waits until a task is over: completed, cancelled or dead.
    ///
    /// # Errors
    /// `FU0205` when there is none.
    pub async fn wait(&self, id: &str) -> Result<TaskRow> {
        let topic = format!("stream/{}", kept::stream::<TaskRow>(id));
        let mut bell = self.engine.store.bus().listen(&[&topic]);
        loop {
            let row = self.get(id).await?;
            if row.state.is_over() {
                return Ok(row);
            }
            self.engine.check_open()?;
            tokio::select! {
                biased;
                () = bell.heard() => {}
                () = self.engine.poll_pause() => {}
            }
        }
    }

    /// Cancels a task. One that is worked at is asked to end.
    ///
    /// # Errors
    /// `FU0205` when there is none, `FU0105` when it is over.
    pub async fn cancel(&self, id: &str, by: &str, why: &str) -> Result<TaskRow> {
        let run = self.get(id).await?;
        let entry = self.engine.store.entry(&entry_key(id)).await?;
        let now = self.engine.env.now_ms();
        let row = kept::change::<TaskRow>(&self.engine, id, |row| {
            let happened = row.become_(TaskState::Cancelled, now, json!({"by": by, "why": why}))?;
            // Whoever works at it completes the entry when the run has ended.
            let free = entry.as_ref().filter(|entry| entry.session.is_none());
            Ok((happened, free.map(|entry| Op::Complete(entry.ticket())).into_iter().collect()))
        })
        .await?;
        if run.state == TaskState::Running
            && let Some(run) = run.run
        {
            self.runs.cancel(run, by.to_owned(), why.to_owned()).await?;
        }
        Ok(row)
    }

    /// Queues a dead or cancelled task anew, with all its attempts.
    ///
    /// # Errors
    /// `FU0205` when there is none, `FU0105` when it is neither.
    pub async fn requeue(&self, id: &str, by: &str) -> Result<TaskRow> {
        let now = self.engine.env.now_ms();
        kept::change::<TaskRow>(&self.engine, id, |row| {
            let happened = row.become_(TaskState::Queued, now, json!({"by": by}))?;
            (row.attempts, row.retry_at) = (0, None);
            row.failed_by.clear();
            let due = if row.waits_for.is_empty() { now } else { NEVER };
            Ok((happened, vec![Op::Enqueue(again(row, due))]))
        })
        .await
    }

    /// Tells the tasks that wait for one that it is completed.
    pub(in crate::coordination) async fn release(&self, done: &str) -> Result<()> {
        let store = self.engine.store.as_ref();
        let mut after = None;
        loop {
            let page = store.list(WAIT, Some(done), after.as_deref(), 1_000).await?;
            for wait in &page.items {
                let waiter: String = serde_json::from_slice(&wait.body).unwrap_or_default();
                let wait = Op::Delete(wait.kind.clone(), wait.id.clone());
                let now = self.engine.env.now_ms();
                let told = kept::change::<TaskRow>(&self.engine, &waiter, |row| {
                    let before = row.waits_for.len();
                    row.waits_for.retain(|need| need != done);
                    if row.waits_for.len() == before {
                        return Ok((Vec::new(), vec![wait.clone()]));
                    }
                    let mut more = vec![wait.clone()];
                    if row.waits_for.is_empty() && !row.state.is_over() {
                        let due = row.spec.not_before.map_or(now, |time| time.max(now));
                        more.push(Op::Enqueue(ripe(row, due)));
                    }
                    Ok((vec![("task.freed", json!({"by": done}))], more))
                })
                .await;
                match told {
                    Ok(_) => {}
                    Err(error) if error.code() == Code::UnknownReference => {}
                    Err(error) => return Err(error),
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Tells whether a task waits for this one.
    pub(in crate::coordination) async fn has_waiters(&self, id: &str) -> Result<bool> {
        Ok(!self.engine.store.list(WAIT, Some(id), None, 1).await?.items.is_empty())
    }

    /// Counts the tasks by state.
    pub async fn counts(&self) -> Result<Vec<(TaskState, usize)>> {
        let mut counts = Vec::new();
        for state in TaskState::ALL {
            counts.push((state, self.list(Some(state)).await?.len()));
        }
        Ok(counts)
    }
}

/// Makes the operation that wakes the entry of a task that waited, when its time has come already; one that must wait longer
/// is looked at then, by whoever gives out tasks.
fn ripe(row: &TaskRow, due: i64) -> Enqueue {
    Enqueue { wake: Some((row.key(), QUEUE.into())), ..again(row, due) }
}

fn same(there: TaskRow, spec: &TaskSpec) -> Result<TaskRow> {
    if there.spec == *spec {
        return Ok(there);
    }
    let text = format!("task `{}` is there already, and is another one", there.id);
    Err(Error::new(Code::IdConflict, text).hint("choose another id"))
}

/// Names the run of an attempt.
pub(in crate::coordination) fn run_id(task: &str, attempt: u32) -> Result<RunId> {
    RunId::new(&format!("task-{task}.{attempt}").replace('@', "_"))
}
