//! What follows the end of an attempt: the task is done, tried again, given back, or dead.

use serde_json::json;

use super::assign::task_of;
use super::desk::Desk;
use super::hand::{REST_MS, TRIES, too_busy};
use crate::coordination::kept;
use crate::coordination::task::{DONE, QUEUE, again, entry_key};
use crate::coordination::{AgentState, Instance, TaskRow, TaskState};
use crate::error::Result;
use crate::model::agent::Reply;
use crate::model::{Batch, Claim, Class, Enqueue, Entry, Failure, Op, Release, Ticket, limits};

impl Desk {
    /// Records how an attempt ended, and what follows.
    pub(super) async fn settle(
        &self,
        entry: &Entry,
        attempt: &TaskRow,
        outcome: std::result::Result<Reply, Failure>,
        took_ms: u64,
    ) -> Result<Option<Instance>> {
        let (store, agent) = (self.engine.store.as_ref(), attempt.agent.as_deref().unwrap_or(""));
        let outcome =
            outcome.and_then(|reply| with_artifacts(&attempt.spec.expected_artifacts, reply));
        for _ in 0..TRIES {
            let now = self.engine.env.now_ms();
            let Some((mut row, version)) = kept::find::<TaskRow>(store, &attempt.id).await? else {
                return Ok(None);
            };
            let mut instance = kept::find::<Instance>(store, agent).await?;
            let mut ops = Vec::new();
            let (mut is_done, mut has_waiters) = (false, false);
            ops.push(Op::Complete(entry.ticket()));
            if row.state == TaskState::Running && row.run == attempt.run {
                let ended = Ended { outcome: outcome.clone(), took_ms, now };
                is_done = outcome.is_ok();
                ended.settle(&mut row, instance.as_mut().map(|(one, _)| one))?;
                has_waiters = is_done && self.tasks.has_waiters(&row.id).await?;
                ops.extend(next_entry(&row, now));
                let happened = vec![what_happened(&row, took_ms)];
                ops.extend(kept::write(&mut row, version, happened)?);
            } else {
                ops.extend(next_entry(&row, now));
            }
            // Those that wait for it are told by an entry of its own: after a crash, somebody else tells them.
            if has_waiters {
                let session = Some(self.engine.session);
                ops.push(Op::Enqueue(Enqueue { queue: DONE.into(), session, ..again(&row, now) }));
            }
            if let Some((instance, version)) = &mut instance {
                let mut happened = instance.leave(&row.id, now)?;
                if let Err(failure) = &outcome
                    && is_fault(failure)
                {
                    happened.extend(instance.fault(&failure.to_string(), now)?);
                }
                ops.extend(kept::write(instance, *version, happened)?);
            }
            match self.engine.store.commit(Batch { now, ops }).await {
                Ok(receipt) if has_waiters => {
                    for ticket in receipt.entries {
                        self.tell_waiters(&row.id, ticket).await?;
                    }
                }
                Ok(_) => {}
                Err(error) if kept::is_late(&error) => {
                    let held = store.entry(&row.key()).await?;
                    if held.is_none_or(|held| held.epoch != entry.epoch) {
                        return Ok(None);
                    }
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.book().roster.learn(agent, &row.spec.kind, is_done);
            if let Some((instance, _)) = &instance {
                self.agents.leave_lodging(instance).await?;
            }
            return Ok(instance.map(|(instance, _)| instance));
        }
        Err(too_busy(&attempt.id))
    }
}

impl Desk {
    /// Takes from agents what they do not do any more: a task that was cancelled when the process that worked at it was
    /// dead is settled by nobody else.
    pub(super) async fn free_agents(&self) -> Result<()> {
        let busy: Vec<(String, String)> = {
            let book = self.book();
            let all = book.roster.all.values();
            all.flat_map(|one| one.instance.tasks.iter().map(|task| (task, &one.instance.id)))
                .filter(|(task, _)| !book.in_work.contains(*task))
                .map(|(task, agent)| (agent.clone(), task.clone()))
                .collect()
        };
        for (agent, task) in busy {
            self.free_agent(&agent, &task).await?;
        }
        Ok(())
    }

    async fn free_agent(&self, agent: &str, task: &str) -> Result<()> {
        let store = self.engine.store.as_ref();
        let row = kept::find::<TaskRow>(store, task).await?.map(|(row, _)| row);
        let entry = store.entry(&entry_key(task)).await?;
        let is_held = entry.as_ref().is_some_and(|entry| entry.session.is_some());
        if is_held || row.as_ref().is_some_and(|row| row.is_worked_at_by(agent)) {
            return Ok(());
        }
        let Some((mut instance, version)) = kept::find::<Instance>(store, agent).await? else {
            return Ok(());
        };
        if !instance.tasks.iter().any(|other| other == task) {
            self.book().know(instance);
            return Ok(());
        }
        let now = self.engine.env.now_ms();
        let happened = instance.leave(task, now)?;
        let mut ops = kept::write(&mut instance, version, happened)?;
        if row.is_none_or(|row| row.state.is_over()) {
            ops.extend(entry.map(|entry| Op::Complete(entry.ticket())));
        }
        match self.engine.store.commit(Batch { now, ops }).await {
            Ok(_) => self.book().know(instance),
            Err(error) if kept::is_late(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Tells the tasks that wait for a completed one, and that this is done.
    async fn tell_waiters(&self, task: &str, ticket: Ticket) -> Result<()> {
        let told = match self.tasks.release(task).await {
            Ok(()) => self.close(vec![Op::Complete(ticket)]).await,
            Err(error) => Err(error),
        };
        if told.is_err() {
            let due = self.engine.env.now_ms() + REST_MS;
            self.give_up(Release { ticket, due, queue: None }).await;
        }
        told
    }

    /// Tells those that a process was about to tell when it died.
    pub(super) async fn tell_for_the_dead(&self) -> Result<()> {
        let (engine, queues) = (&self.engine, vec![DONE.into()]);
        let now = engine.env.now_ms();
        if engine.store.next_due(&queues).await?.is_none_or(|due| due > now) {
            return Ok(());
        }
        let claim = Claim { queues, limit: limits::CLAIM_ENTRIES, session: engine.session };
        let batch = Batch { now, ops: vec![Op::Claim(claim)] };
        // One that cannot be told now keeps nobody from the others: what is not told is given back.
        let mut all = Ok(());
        for entry in engine.store.commit(batch).await?.claimed {
            let told = self.tell_waiters(task_of(&entry).unwrap_or_default(), entry.ticket()).await;
            all = all.and(told);
        }
        all
    }
}

/// How an attempt ended.
struct Ended {
    outcome: std::result::Result<Reply, Failure>,
    took_ms: u64,
    now: i64,
}

impl Ended {
    /// Says what becomes of the task and of what is known of the agent.
    fn settle(self, row: &mut TaskRow, instance: Option<&mut Instance>) -> Result<()> {
        let (now, id) = (self.now, row.agent.clone().unwrap_or_default());
        // One that was spawned anew under the same name does not know what it did in its life before.
        let gone = instance
            .as_ref()
            .is_none_or(|one| one.state == AgentState::Terminated || !one.tasks.contains(&row.id));
        match self.outcome {
            Ok(reply) => {
                if let Some(one) = instance {
                    one.record.entry(row.spec.kind.clone()).or_default().done += 1;
                    one.usage.add(&reply, self.took_ms);
                }
                row.become_(TaskState::Completed, now, json!(null))?;
                (row.reply, row.failure) = (Some(short(reply)), None);
            }
            // It was the agent that somebody did not want any more, not the task.
            Err(failure) if failure.class.is_cancel() && gone => {
                row.become_(TaskState::Queued, now, json!(null))?;
                row.attempts = row.attempts.saturating_sub(1);
            }
            Err(failure) if failure.class.is_cancel() => {
                row.become_(TaskState::Cancelled, now, json!(null))?;
                row.failure = Some(failure);
            }
            Err(failure) => {
                if let Some(one) = instance {
                    one.record.entry(row.spec.kind.clone()).or_default().failed += 1;
                    one.usage.busy_ms = one.usage.busy_ms.saturating_add(self.took_ms);
                }
                *row.failed_by.entry(id).or_default() += 1;
                let retry = &row.spec.retry_policy.backoff;
                if row.attempts < retry.attempts && (retry.covers(&failure) || is_fault(&failure)) {
                    let salt = crate::model::Digest::of(row.id.as_bytes());
                    let pause =
                        retry.pause_ms(row.attempts, salt).max(failure.retry_after_ms.unwrap_or(0));
                    row.retry_at =
                        Some(now.saturating_add(i64::try_from(pause).unwrap_or(i64::MAX)));
                    row.become_(TaskState::Failed, now, json!(null))?;
                } else {
                    row.become_(TaskState::Dead, now, json!(null))?;
                }
                row.failure = Some(failure);
            }
        }
        Ok(())
    }
}

/// Makes the entry by which a task that is not over is looked at again.
fn next_entry(row: &TaskRow, now: i64) -> Option<Op> {
    let due = match row.state {
        TaskState::Queued => now,
        TaskState::Failed => row.retry_at.unwrap_or(now),
        _ => return None,
    };
    Some(Op::Enqueue(Enqueue { queue: QUEUE.into(), ..again(row, due) }))
}

fn what_happened(row: &TaskRow, took_ms: u64) -> kept::Happened {
    let (agent, run) = (&row.agent, &row.run);
    let error = row.failure.as_ref().map(ToString::to_string);
    match row.state {
        TaskState::Completed => {
            ("task.completed", json!({"agent": agent, "run": run, "took_ms": took_ms}))
        }
        TaskState::Failed => (
            "task.failed",
            json!({"agent": agent, "run": run, "error": error, "retry_at": row.retry_at}),
        ),
        TaskState::Cancelled => ("task.cancelled", json!({"run": run})),
        TaskState::Queued => ("task.returned", json!({"run": run})),
        _ => ("task.died", json!({"agent": agent, "run": run, "error": error})),
    }
}

/// Tells whether the agent itself is in trouble, not only its task.
fn is_fault(failure: &Failure) -> bool {
    failure.class == Class::PANIC || crate::run::is_silent(failure)
}

/// Tests that what was to be made is among what the agent made.
fn with_artifacts(expected: &[String], reply: Reply) -> std::result::Result<Reply, Failure> {
    let plain = |path: &str| path.trim_start_matches("./").to_owned();
    let made: Vec<String> = reply.files.iter().map(|path| plain(path)).collect();
    match expected.iter().find(|path| !made.contains(&plain(path))) {
        None => Ok(reply),
        Some(missing) => Err(Failure::new(
            Class::VALIDATION,
            format!("the agent did not make `{missing}`, which the task expects of it"),
        )),
    }
}

/// Keeps what lists of tasks have room for; the run has all of it.
fn short(mut reply: Reply) -> Reply {
    if reply.text.len() > limits::INLINE_BYTES {
        let end = reply.text.floor_char_boundary(limits::INLINE_BYTES);
        reply.text.truncate(end);
        reply.text.push_str("… (the run has all of it)");
    }
    let result = reply.result.as_ref().and_then(|result| serde_json::to_vec(result).ok());
    if result.is_some_and(|result| result.len() > limits::INLINE_BYTES) {
        reply.result = None;
    }
    reply.messages.clear();
    reply
}
