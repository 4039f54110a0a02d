//! The batch for what many send and settle at once. Pure: what is known of the store is handed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::job::{Job, Out};
use super::parcel::{Item, Parcel, rank};
use super::settle::{self, Held, Settling};
use crate::error::{Code, Error, Result};
use crate::model::{Append, Batch, Document, Enqueue, Op, Record, SessionId, limits};

/// The kind of the documents that keep the names of messages whose senders named them.
pub(super) const NAMED: &str = "message";

/// What is written, and what follows when it was.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub ops: Vec<Op>,
    /// Where channels stand then.
    pub heads: BTreeMap<Arc<str>, u64>,
    /// What of parcels stays held, and under which of the batch's `Enqueue`s.
    pub kept: Vec<(Arc<Held>, Vec<usize>, Option<usize>)>,
    enqueued: usize,
}

/// Names the queue of a mailbox.
pub(super) fn queue(agent: &str) -> Arc<str> {
    format!("mailbox/{agent}").into()
}

/// Names the queue of answers to a session.
pub(super) fn answers(session: SessionId) -> Arc<str> {
    format!("answers/{:x}", session.0).into()
}

/// Names the stream of a channel.
pub(super) fn stream(channel: &str) -> Arc<str> {
    format!("channel/{channel}").into()
}

/// Names the channels that jobs write to.
pub(super) fn channels(jobs: &[Job]) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = Vec::new();
    for job in jobs {
        all.extend(job.outs.iter().filter(|out| !out.told).map(Out::channel));
        let told = job.marks.iter().filter(|mark| settle::told(mark).is_some());
        all.extend(told.map(|mark| mark.name().1));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Puts the batch together.
pub(super) fn plan(jobs: &[Job], heads: &BTreeMap<Arc<str>, u64>, me: SessionId) -> Result<Plan> {
    let mut plan = Plan::default();
    let outs = || jobs.iter().flat_map(|job| &job.outs).filter(|out| !out.duplicate);
    plan.ops.extend(outs().filter_map(Out::blob_op));
    plan.record(jobs, heads);
    plan.ops.extend(outs().filter(|out| out.named && !out.told).map(named));
    plan.deliver(outs(), me)?;
    plan.settle(jobs, me)?;
    Ok(plan)
}

fn named(out: &Out) -> Op {
    let document = Document {
        kind: NAMED.into(),
        id: out.message.id().into(),
        version: 0,
        at: 0,
        tag: out.channel(),
        body: bytes::Bytes::new(),
    };
    Op::Put(document, Some(0))
}

impl Plan {
    /// Appends what is said, and what became of it, to the channels.
    fn record(&mut self, jobs: &[Job], heads: &BTreeMap<Arc<str>, u64>) {
        let mut said: BTreeMap<Arc<str>, Vec<Record>> = BTreeMap::new();
        for job in jobs {
            for out in job.outs.iter().filter(|out| !out.told && !out.duplicate) {
                let record = Record::Event("message.sent".to_owned(), out.stored.clone());
                said.entry(out.channel()).or_default().push(record);
            }
            for mark in &job.marks {
                if let Some(record) = settle::told(mark) {
                    said.entry(mark.name().1).or_default().push(record);
                }
            }
        }
        for (channel, mut records) in said {
            let mut expect = heads.get(&channel).copied().unwrap_or(0);
            while !records.is_empty() {
                let rest = records.split_off(records.len().min(limits::APPEND_RECORDS));
                let count = records.len() as u64;
                let stream = stream(&channel);
                self.ops.push(Op::Append(Append { stream, expect, epoch: 0, records }));
                expect += count;
                records = rest;
            }
            self.heads.insert(channel, expect);
        }
    }

    /// Puts copies into mailboxes, and answers where somebody waits for them.
    fn deliver<'a>(&mut self, outs: impl Iterator<Item = &'a Out>, me: SessionId) -> Result<()> {
        let mut boxes = Boxes::default();
        for out in outs {
            match out.waiter.filter(|waiter| *waiter != me) {
                Some(waiter) => self.answer(waiter, out)?,
                None => boxes.put(out),
            }
        }
        let mut counts: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        for ((queue, ..), parcels) in &boxes.parcels {
            let more = u32::try_from(parcels.len()).unwrap_or(u32::MAX);
            *counts.entry(queue.clone()).or_default() += more;
        }
        for ((queue, priority, due), parcels) in boxes.parcels {
            for (items, _) in parcels {
                let parcel = Parcel { before: 0, origin: 0, items };
                // A store counts the entries of a queue one by one: the first of them asks for the room of all.
                let limit = match (boxes.room.remove(&queue), counts.get(&queue)) {
                    (Some(most), Some(count)) => Some(room_for(&queue, most, *count)?),
                    _ => None,
                };
                self.enqueue(Enqueue {
                    queue: queue.clone(),
                    priority,
                    due,
                    body: parcel.encode()?,
                    blobs: parcel.blobs(),
                    limit,
                    ..Enqueue::default()
                });
            }
        }
        Ok(())
    }

    /// Gives an answer to a session that waits for it; it goes when the session does.
    fn answer(&mut self, waiter: SessionId, out: &Out) -> Result<()> {
        let item = Item { message: out.stored.clone(), asker: None, at: 0 };
        let parcel = Parcel { before: 0, origin: 0, items: vec![item] };
        self.enqueue(Enqueue {
            queue: answers(waiter),
            body: parcel.encode()?,
            blobs: parcel.blobs(),
            session: Some(waiter),
            ephemeral: true,
            ..Enqueue::default()
        });
        Ok(())
    }

    fn enqueue(&mut self, entry: Enqueue) {
        self.ops.push(Op::Enqueue(entry));
        self.enqueued += 1;
    }

    fn settle(&mut self, jobs: &[Job], me: SessionId) -> Result<()> {
        let marks: Vec<_> = jobs.iter().flat_map(|job| &job.marks).collect();
        let mut parcels: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for mark in marks {
            parcels.entry(Arc::as_ptr(&mark.held).addr()).or_default().push(mark);
        }
        for marks in parcels.into_values() {
            let Some(held) = marks.first().map(|mark| mark.held.clone()) else { continue };
            let Settling { ops, left } = settle::settle(&held, &marks, me)?;
            if ops.is_empty() {
                continue;
            }
            let new = ops.iter().filter(|op| matches!(op, Op::Enqueue(_))).count();
            self.enqueued += new;
            let at = (!left.is_empty()).then(|| self.enqueued - 1);
            self.ops.extend(ops);
            self.kept.push((held, left, at));
        }
        Ok(())
    }

    /// Wraps it as a batch.
    pub(super) fn batch(&self, now: i64) -> Batch {
        Batch { now, ops: self.ops.clone() }
    }
}

/// The messages of a parcel, and how many bytes they have.
type Filled = (Vec<Item>, usize);

/// What goes into which mailbox. Messages that are alike lie in parcels, in the order in which they were sent.
#[derive(Default)]
struct Boxes {
    /// By queue, rank and due time.
    parcels: BTreeMap<(Arc<str>, i32, i64), Vec<Filled>>,
    /// How many entries each queue takes.
    room: BTreeMap<Arc<str>, u32>,
}

impl Boxes {
    fn put(&mut self, out: &Out) {
        let asker = out.asker.map(|session| session.0);
        let due = out.message.not_before.unwrap_or(0).max(0);
        let rank = rank(out.message.priority, due > 0);
        let size = usize::try_from(out.stored.len()).unwrap_or(usize::MAX);
        for (agent, capacity) in &out.copies {
            let queue = queue(agent);
            self.room.insert(queue.clone(), *capacity);
            let parcels = self.parcels.entry((queue, rank, due)).or_default();
            let fits = parcels.last().is_some_and(|(items, bytes)| {
                items.len() < limits::PARCEL_MESSAGES
                    && bytes.saturating_add(size) <= limits::PARCEL_BYTES
            });
            if !fits {
                parcels.push((Vec::new(), 0));
            }
            if let Some((items, bytes)) = parcels.last_mut() {
                let at = u16::try_from(items.len()).unwrap_or(u16::MAX);
                items.push(Item { message: out.stored.clone(), asker, at });
                *bytes = bytes.saturating_add(size);
            }
        }
    }
}

/// How many entries a queue may have before so many are added.
fn room_for(queue: &str, most: u32, count: u32) -> Result<u32> {
    let room = most.checked_sub(count.saturating_sub(1)).filter(|room| *room > 0);
    room.ok_or_else(|| {
        let text = format!("queue `{queue}` takes {most} entries, and {count} are sent at once");
        Error::new(Code::Limit, text).hint("send fewer at once, or give the mailbox more room")
    })
}
