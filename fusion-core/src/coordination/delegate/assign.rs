//! Gives out tasks: claims those that are ready, finds an agent for each, and puts them into its queue.

use serde_json::json;

use super::chance::Dice;
use super::choose::Choice;
use super::desk::Desk;
use crate::coordination::kept;
use crate::coordination::task::{QUEUE, again, waiting};
use crate::coordination::{Aim, TaskRow, TaskState};
use crate::error::Result;
use crate::model::{Batch, Claim, Enqueue, Entry, Op, Release, Ticket};

/// How many tasks are claimed at once.
const AT_ONCE: usize = 500;
/// The queue of tasks that nobody can do now; looked at again when the agents change.
pub(super) const PARKED: &str = "tasks-parked";

/// One claimed entry, decided: what is written, and the agent that it goes to.
struct Decided {
    ops: Vec<Op>,
    agent: Option<String>,
}

impl Desk {
    /// Gives out what is ready; with `parked`, also what nobody could do before. Tells how many tasks were looked at.
    pub(super) async fn assign(&self, parked: bool) -> Result<usize> {
        let mut queues = vec![QUEUE.into()];
        if parked {
            queues.push(PARKED.into());
        }
        let now = self.engine.env.now_ms();
        let due = self.engine.store.next_due(&queues).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let claim = Claim { queues, limit: AT_ONCE, session: self.engine.session };
        let receipt = self.engine.store.commit(Batch { now, ops: vec![Op::Claim(claim)] }).await?;
        let count = receipt.claimed.len();
        let tickets: Vec<Ticket> = receipt.claimed.iter().map(Entry::ticket).collect();
        if let Err(error) = self.decide_all(receipt.claimed).await {
            for ticket in tickets {
                self.give_up(Release { ticket, due: now, queue: Some(QUEUE.into()) }).await;
            }
            // What was noted of the agents may not have come true.
            self.book().seen = None;
            return Err(error);
        }
        Ok(count)
    }

    /// Looks up the tasks of entries, in the order in which they are to be given out.
    async fn look_up(&self, claimed: Vec<Entry>) -> Result<Vec<(Entry, Option<(TaskRow, u64)>)>> {
        let rows = claimed.iter().map(|entry| self.row_of(entry));
        let rows = futures_util::future::try_join_all(rows).await?;
        let mut all: Vec<_> = claimed.into_iter().zip(rows).collect();
        // What was submitted together is claimed in any order of due times.
        all.sort_by_key(|(entry, found)| {
            found.as_ref().map(|(row, _)| (-row.spec.priority, row.submitted, entry.id))
        });
        Ok(all)
    }

    async fn row_of(&self, entry: &Entry) -> Result<Option<(TaskRow, u64)>> {
        match task_of(entry) {
            Some(task) => kept::find::<TaskRow>(self.engine.store.as_ref(), task).await,
            None => Ok(None),
        }
    }

    async fn decide_all(&self, claimed: Vec<Entry>) -> Result<()> {
        let now = self.engine.env.now_ms();
        let mut all = Vec::with_capacity(claimed.len());
        for (entry, found) in self.look_up(claimed).await? {
            all.push((self.decide(&entry, found, now).await?, entry));
        }
        let ops = all.iter().flat_map(|(decided, _)| decided.ops.iter().cloned()).collect();
        match self.engine.store.commit(Batch { now, ops }).await {
            Ok(_) => return Ok(()),
            Err(error) if kept::is_late(&error) => {}
            Err(error) => return Err(error),
        }
        // One of them was changed meanwhile: each for itself, and the changed ones are looked at again.
        for (decided, entry) in all {
            let alone = self.engine.store.commit(Batch { now, ops: decided.ops }).await;
            match alone {
                Ok(_) => {}
                Err(error) if kept::is_late(&error) => {
                    if let Some(agent) = &decided.agent {
                        self.book().unwait(agent);
                    }
                    let (ticket, queue) = (entry.ticket(), Some(QUEUE.into()));
                    self.give_up(Release { ticket, due: now, queue }).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Finds an agent for a task, with what is wished for here when the task says nothing.
    pub(super) fn choose(&self, row: &TaskRow, dice: &mut Dice) -> Choice {
        let aim = match row.spec.optimize_for {
            Aim::Fit => self.options.optimize_for,
            own => own,
        };
        self.book().roster.choose(row, aim, dice)
    }

    /// Decides what becomes of one entry.
    async fn decide(
        &self,
        entry: &Entry,
        found: Option<(TaskRow, u64)>,
        now: i64,
    ) -> Result<Decided> {
        let only = |ops| Decided { ops, agent: None };
        let ticket = entry.ticket();
        let Some((mut row, version)) = found else { return Ok(only(vec![Op::Complete(ticket)])) };
        if !matches!(row.state, TaskState::Queued | TaskState::Failed) {
            return Ok(only(vec![Op::Complete(ticket)]));
        }
        let wait = if row.waits_for.is_empty() {
            row.spec.not_before.into_iter().chain(row.retry_at).max().filter(|due| *due > now)
        } else {
            Some(i64::MAX)
        };
        if let Some(due) = wait {
            let release = Release { ticket, due, queue: Some(QUEUE.into()) };
            return Ok(only(vec![Op::Release(release)]));
        }
        let mut dice = Dice::new(self.engine.env.random());
        let choice = self.choose(&row, &mut dice);
        match choice {
            Choice::Nobody(reason) => {
                let release = Release { ticket, due: now, queue: Some(PARKED.into()) };
                let mut ops = vec![Op::Release(release)];
                if row.reason != reason {
                    row.reason.clone_from(&reason);
                    let happened = vec![("task.parked", json!({"reason": reason}))];
                    ops.extend(kept::write(&mut row, version, happened)?);
                }
                Ok(only(ops))
            }
            Choice::Agent(agent, reason, data) => {
                let happened = row.become_(TaskState::Assigned, now, data)?;
                (row.agent, row.reason, row.retry_at) = (Some(agent.clone()), reason, None);
                let mut ops = kept::write(&mut row, version, happened)?;
                ops.push(Op::Complete(ticket));
                ops.push(Op::Enqueue(self.entry_for(&agent, &row).await?));
                self.book().wait(&agent);
                Ok(Decided { ops, agent: Some(agent) })
            }
        }
    }

    /// Makes the entry of a task that waits for an agent, at its place.
    pub(super) async fn entry_for(&self, agent: &str, row: &TaskRow) -> Result<Enqueue> {
        self.open_lane(agent).await?;
        let mut book = self.book();
        let lane = book.lanes.entry(agent.to_owned()).or_default();
        let (waits, due) = lane.place(&row.spec.project, row.spec.priority);
        let body = serde_json::to_vec(&waits).unwrap_or_default().into();
        Ok(Enqueue { queue: waiting(agent), body, ..again(row, due) })
    }
}

/// Names the task of an entry.
pub(super) fn task_of(entry: &Entry) -> Option<&str> {
    entry.dedup.as_deref().and_then(|key| key.strip_prefix("task/"))
}
