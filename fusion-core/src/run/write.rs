//! How a driver writes: one batch a turn, and the rows that lists show.

use std::sync::Arc;

use super::begin::{Begin, appends};
use super::drive::{Driver, Turn};
use super::hear::Woken;
use super::{learn, message, row, told};
use crate::error::{Code, Result};
use crate::model::{
    Batch, Failure, Message, Op, Origin, Payload, PayloadKind, Record, Release, RunRow, RunStatus,
    Ticket, limits,
};

impl Driver {
    /// Makes the records of a turn durable, with all that belongs to them. Gives the child runs that began.
    pub(super) async fn commit(&mut self, turn: &mut Turn) -> Result<Vec<(Begin, Ticket)>> {
        let now = self.engine.env.now_ms();
        turn.now = now;
        // The next turn is often as long.
        let room = Vec::with_capacity(turn.decided.records.len());
        let records = std::mem::replace(&mut turn.decided.records, room);
        if records.is_empty() && turn.ops.is_empty() {
            return Ok(Vec::new());
        }
        // Others may listen to what is durable; nobody pays for it when none does.
        let traced = tracing::enabled!(tracing::Level::WARN).then(|| records.clone());
        let children = std::mem::take(&mut turn.children);
        let batch = self.batch(records, std::mem::take(&mut turn.ops), &children, now)?;
        let alone = batch.ops.iter().any(is_message).then(|| without_messages(batch.clone()));
        let receipt = match (self.engine.store.commit_here(batch).await, alone) {
            // The parent is gone (pruned): there is nobody left to tell.
            (Err(error), Some(alone)) if error.code() == Code::RunNotFound => {
                self.engine.store.commit(alone).await?
            }
            (other, _) => other?,
        };
        if let Some(records) = traced {
            told::told(self.state.program(), &records);
        }
        if std::mem::take(&mut self.troubled) {
            self.engine.set_trouble(&self.run, None);
        }
        if self.state.result().is_none() {
            self.lists.keep(|node| self.state.items(node).is_none_or(|(_, left)| left > 0));
        }
        Ok(children.into_iter().zip(receipt.entries).collect())
    }

    fn batch(
        &mut self,
        records: Vec<Record>,
        mut ops: Vec<Op>,
        children: &[Begin],
        now: i64,
    ) -> Result<Batch> {
        let mut all: Vec<Op> = Vec::with_capacity(ops.len() + 4);
        for child in children {
            all.extend(child.ops(Vec::new(), Some(self.engine.session), now)?);
        }
        // A message may hold the only reference to a large value until the record of it does.
        let taken = ops.extract_if(.., |op| matches!(op, Op::Complete(_))).collect::<Vec<_>>();
        all.append(&mut ops);
        if !records.is_empty() {
            let count = records.len() as u64;
            let expect = self.state.seq() - count;
            all.extend(appends(&self.stream, (expect, self.ticket.epoch), records));
        }
        all.extend(taken);
        if let Some((status, outputs, failure)) = self.state.result() {
            all.push(Op::Complete(self.ticket));
            // Who was told that it was said finds it in the journal.
            all.push(Op::Vacant(self.run.inbox().into()));
            let row = self.row_now(*status, failure.as_ref(), now);
            all.push(row::put(&self.run, &row, self.row_version)?);
            self.shown = *status;
            if let Some(Origin::Child { parent, key, .. }) = &self.state.start().origin {
                let result = match failure {
                    None => Ok(outputs.clone()),
                    Some(failure) => Err(failure.clone()),
                };
                all.push(message::say(
                    parent,
                    &Message::ChildDone(*key, self.run.clone(), result),
                )?);
            }
            all.extend(learn::keep(self)?);
        } else if self.shown != RunStatus::Running && self.state.status() == RunStatus::Running {
            self.shown = RunStatus::Running;
            let row = self.row_now(RunStatus::Running, None, now);
            all.push(row::put(&self.run, &row, self.row_version)?);
            self.row_version += 1;
        }
        Ok(Batch { now, ops: all })
    }

    fn row_now(&self, status: RunStatus, failure: Option<&Failure>, now: i64) -> RunRow {
        RunRow {
            finished: status.is_final().then_some(now),
            error: failure
                .map(|failure| failure.message.chars().take(limits::ROW_ERROR_CHARS).collect()),
            ..row::of(self.state.start(), status, self.started)
        }
    }

    /// Lets lists show a status, if they show another.
    pub(super) async fn show(&mut self, status: RunStatus) -> Result<()> {
        if self.shown == status {
            return Ok(());
        }
        let Some(there) = self.engine.store.get(row::KIND, self.run.as_str()).await? else {
            return Ok(());
        };
        // Nothing here is fenced: who lost the run without knowing it must not write over its end.
        if row::read(&there)?.status.is_final() {
            return Ok(());
        }
        let now = self.engine.env.now_ms();
        let ops = vec![row::put_over(&there, &self.row_now(status, None, now))?];
        match self.engine.store.commit(Batch { now, ops }).await {
            Err(error) if error.code() == Code::Conflict => return Ok(()),
            other => other?,
        };
        (self.shown, self.row_version) = (status, there.version + 1);
        Ok(())
    }

    /// Gives the run back to its queue, or to another one, until a moment or until something wakes it.
    pub(super) async fn let_go(&mut self, queue: Option<Arc<str>>, due: i64) -> Result<Woken> {
        let now = self.engine.env.now_ms();
        let status = self.state.status();
        let release = Op::Release(Release { ticket: self.ticket, due, queue });
        let row = row::put(&self.run, &self.row_now(status, None, now), self.row_version)?;
        let ops = vec![row, release];
        self.engine.store.commit(Batch { now, ops }).await?;
        Ok(Woken::Rest)
    }

    /// Keeps the bytes of an output for the templates that will ask for them.
    pub(super) fn remember(&self, before: &Payload, after: &Payload) {
        if let (Payload::Inline(PayloadKind::Json, bytes), Payload::Blob(_, digest, _)) =
            (before, after)
        {
            self.kept.put_blob(*digest, bytes.clone());
        }
    }
}

fn without_messages(batch: Batch) -> Batch {
    let ops = batch.ops.into_iter().filter(|op| !is_message(op));
    Batch { now: batch.now, ops: ops.collect() }
}

fn is_message(op: &Op) -> bool {
    matches!(op, Op::Enqueue(entry) if entry.wake.is_some())
}
