//! From messages to a batch: each is handled in turn, and what follows from all of them is written at once.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::ask::{Answer, Ask, Asker, Told, conflict};
use super::fold::{Core, FAILED, FIRED, events};
use super::inbox;
use super::kind::{Object, Turn};
use super::load;
use super::names::Name;
use crate::error::Result;
use crate::model::{Class, Failure, Op, Payload, Record, Ticket};
use crate::run::begin::{appends, externalise};

/// What is to be written for some messages, and who is told then.
pub(super) struct Turns {
    /// The state after them.
    pub core: Core,
    records: Vec<Record>,
    ops: Vec<Op>,
    taken: Vec<Op>,
    replies: Vec<Op>,
    pub told: Vec<(Asker, Answer)>,
}

impl Turns {
    pub(super) fn new(core: Core) -> Self {
        Self {
            core,
            records: Vec::new(),
            ops: Vec::new(),
            taken: Vec::new(),
            replies: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Tells whether there is anything to write.
    pub(super) fn writes(&self) -> bool {
        !(self.records.is_empty() && self.taken.is_empty() && self.replies.is_empty())
    }

    /// Handles one message.
    pub(super) async fn handle(
        &mut self,
        code: &Arc<dyn Object>,
        name: &Name,
        ask: Ask,
        now: i64,
    ) -> Result<()> {
        let answer = self.answer(code, name, &ask, now).await;
        if let Some(ticket) = ask.from {
            self.taken.push(Op::Complete(ticket));
        }
        match (&ask.asker, &answer) {
            (Asker::There(session, call), _) => {
                self.replies.push(inbox::answer(*session, call, &answer)?);
            }
            // Nobody is told, so the stream is.
            (Asker::Nobody, Err(failure)) => {
                let told = json!({"name": ask.said.name, "failure": failure});
                self.record(code, name, vec![(FAILED.to_owned(), told)]);
                if ask.timer {
                    self.fired(code, name, &ask.said.name);
                }
            }
            _ => {}
        }
        self.told.push((ask.asker, answer));
        Ok(())
    }

    async fn answer(&mut self, code: &Arc<dyn Object>, name: &Name, ask: &Ask, now: i64) -> Answer {
        if let Some(expected) = ask.said.expect
            && expected != self.core.seq
        {
            return Err(conflict(name, self.core.seq, expected));
        }
        let turn = Turn {
            id: name.id.clone(),
            state: self.core.state.clone(),
            seq: self.core.seq,
            name: ask.said.name.as_str().into(),
            content: serde_json::from_str(&ask.said.content)?,
            timer: ask.timer,
            now,
        };
        let work = AssertUnwindSafe(async { code.handle(turn).await }).catch_unwind();
        let reaction = work.await.unwrap_or_else(|_| {
            Err(Failure::new(Class::PANIC, "the code of the object panicked"))
        })?;
        let (mut all, reply) = events(reaction)?;
        if ask.timer {
            all.insert(0, (FIRED.to_owned(), json!({"name": ask.said.name})));
        }
        let (next, all) = self.core.react(code.as_ref(), &name.id, all)?;
        self.take(next, all)?;
        Ok((reply, self.core.seq))
    }

    /// Notes that a timer was due, although its message failed: it is not tried for ever.
    fn fired(&mut self, code: &Arc<dyn Object>, name: &Name, timer: &str) {
        self.record(code, name, vec![(FIRED.to_owned(), json!({"name": timer}))]);
    }

    fn record(&mut self, code: &Arc<dyn Object>, name: &Name, events: Vec<(String, Value)>) {
        let done = self
            .core
            .react(code.as_ref(), &name.id, events)
            .and_then(|(next, all)| self.take(next, all));
        if let Err(failure) = done {
            tracing::error!(stream = %name.stream, %failure, "a failure could not be recorded");
        }
    }

    fn take(&mut self, next: Core, all: Vec<(String, Value)>) -> Result<(), Failure> {
        let mut records = Vec::with_capacity(all.len());
        for (event, data) in all {
            let payload = Payload::json(&data)?.bounded("an event of the object has")?;
            records.push(Record::Event(event, payload));
        }
        self.records.extend(records);
        self.core = next;
        Ok(())
    }

    /// Makes the operations; a snapshot goes along when one is due.
    pub(super) fn ops(&mut self, name: &Name, ticket: Ticket, is_due: bool) -> Result<Vec<Op>> {
        let mut ops = std::mem::take(&mut self.ops);
        let mut records = std::mem::take(&mut self.records);
        for payload in records.iter_mut().flat_map(Record::payloads_mut) {
            let value = std::mem::replace(payload, Payload::NULL);
            *payload = externalise(value, &mut ops);
        }
        if !records.is_empty() {
            let expect = self.core.seq - records.len() as u64;
            ops.extend(appends(&name.stream, (expect, ticket.epoch), records));
            if is_due {
                ops.push(load::snapshot(name, &self.core)?);
            }
        }
        ops.append(&mut self.replies);
        ops.append(&mut self.taken);
        Ok(ops)
    }

    /// Leaves out the answers to callers elsewhere: one of them is gone.
    pub(super) fn without_replies(ops: Vec<Op>) -> Vec<Op> {
        let is_reply = |op: &Op| matches!(op, Op::Enqueue(entry) if entry.ephemeral);
        ops.into_iter().filter(|op| !is_reply(op)).collect()
    }

    /// Tells everybody what came of it, after it was written.
    pub(super) fn tell(self) {
        for (asker, answer) in self.told {
            asker.tell(Told::Answer(answer));
        }
    }

    /// Tells everybody to ask again.
    pub(super) fn again(self) {
        for (asker, _) in self.told {
            asker.tell(Told::Again);
        }
    }
}
