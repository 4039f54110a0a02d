//! How a driver hears: what others say, what its bodies say, and the time.

use super::drive::{Driver, Turn};
use super::message;
use super::note::Note;
use super::settle;
use crate::error::Result;
use crate::model::{Op, limits};

/// Why a driver goes on.
pub(super) enum Woken {
    /// Others may have said something.
    Inbox,
    /// A body did.
    Note(Box<Note>),
    /// A timer is due.
    Time,
    /// The run was let go.
    Rest,
}

impl Driver {
    /// Tells whether others may have said something. A run that never has to wait hears them, too, and asks now and then
    /// in case a hint was lost.
    pub(super) fn must_look(&mut self) -> bool {
        let late =
            self.clock.saturating_sub(self.looked) > limits::POLL_MS.unsigned_abs() * 1_000_000;
        let must = std::mem::take(&mut self.look) | self.bell.rang() | late;
        if must {
            self.looked = self.clock;
        }
        must
    }

    /// Moves what others said into the turn; the entries go with its batch.
    pub(super) async fn read_inbox(&mut self, turn: &mut Turn) -> Result<()> {
        let entries =
            self.engine.store.entries(&self.run.inbox(), 0, limits::INBOX_MESSAGES).await?;
        // The next ones can be read when these are gone.
        self.look |= entries.len() >= limits::INBOX_MESSAGES;
        for entry in entries {
            turn.ops.push(Op::Complete(entry.ticket()));
            match message::decode(&entry.body) {
                Ok(said) => {
                    let input = settle::heard(self, said).await;
                    self.decide(input, turn);
                }
                Err(error) => tracing::error!(%error, "a message was dropped"),
            }
        }
        Ok(())
    }

    /// Waits for something to happen.
    pub(super) async fn wait(&mut self) -> Result<Woken> {
        let now = self.engine.env.now_ms();
        let rest = self.state.rest();
        let missing = rest.as_ref().and_then(|rest| rest.missing.clone());
        if let Some(step) = missing {
            tracing::warn!(
                step,
                "no code for this step here: the run rests until a process has it"
            );
            return Box::pin(self.let_go(Some(message::step_queue(&step)), now)).await;
        }
        let due = self.state.due();
        let until_due =
            due.map_or(limits::POLL_MS, |due| due.saturating_sub(now).clamp(0, limits::POLL_MS));
        let nap = if rest.is_some() { until_due.min(limits::IDLE_MS) } else { until_due };
        let wake = self.engine.env.monotonic_ns() + u64::try_from(nap).unwrap_or(0) * 1_000_000;
        tokio::select! {
            biased;
            note = self.notes.recv() => Ok(note.map_or(Woken::Time, Woken::Note)),
            () = self.bell.heard() => Ok(Woken::Inbox),
            () = self.engine.env.sleep_until(wake) => Box::pin(self.after_nap(rest, due)).await,
        }
    }

    async fn after_nap(
        &mut self,
        rest: Option<crate::schedule::Rest>,
        due: Option<i64>,
    ) -> Result<Woken> {
        let now = self.engine.env.now_ms();
        if due.is_some_and(|due| due <= now) {
            return Ok(Woken::Time);
        }
        let Some(rest) = rest else { return Ok(Woken::Inbox) };
        let far = rest.due.is_none_or(|due| due > now + limits::IDLE_MS);
        if self.engine.options.hibernate && far {
            return self.let_go(None, rest.due.unwrap_or(i64::MAX)).await;
        }
        self.show(self.state.status()).await?;
        Ok(Woken::Inbox)
    }
}
