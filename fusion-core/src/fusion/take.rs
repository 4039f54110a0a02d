//! Taking one run over, when nobody drives it.

use super::Fusion;
use crate::error::{Code, Result};
use crate::model::{Batch, Enqueue, Entry, Op, RunId, SessionId};
use crate::run::engine::Fate;
use crate::run::message::{run_entry, run_key};
use crate::run::{adopt, session};

/// Who drives a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driven {
    /// This process does.
    Here,
    /// Another process does, and it is alive as far as anybody knows.
    Elsewhere,
    /// Nobody does: it waits for someone to take it.
    Nowhere,
    /// Nobody has to: it has ended.
    Over,
}

impl Fusion {
    /// Gives the engine's clock, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.engine().env.now_ms()
    }

    /// Takes nothing more, for a process that is about to end; what it drives goes on, see [`Fusion::settled`].
    pub fn drain(&self) {
        self.engine().set_draining();
    }

    /// Gives the runs that are driven here.
    pub fn drives(&self) -> Vec<RunId> {
        self.engine().driven_runs()
    }

    /// Lists the processes that take part: id, until when they promise to live (milliseconds since 1970), who they are,
    /// and whether they have certainly ended.
    pub async fn sessions(&self) -> Result<Vec<(SessionId, i64, String, bool)>> {
        let sessions = self.engine().store.sessions().await?;
        let known = sessions.into_iter().map(|(id, until, info)| {
            let dead = self.engine().env.is_dead(&info);
            (id, until, info, dead)
        });
        Ok(known.collect())
    }

    /// Tells who drives a run. What dead processes held is released first.
    pub async fn driver(&self, id: &RunId) -> Result<Driven> {
        let reaped = session::reap(self.engine()).await;
        let read_only = reaped.as_ref().is_err_and(|error| error.code() == Code::StoreReadOnly);
        if !read_only {
            reaped?;
        }
        if matches!(self.engine().driven().get(id), Some(Fate::Driven(..))) {
            return Ok(Driven::Here);
        }
        Ok(match self.engine().store.entry(&run_key(id)).await? {
            None => Driven::Over,
            // The dead could not be told from the living by taking what they held.
            Some(Entry { session: Some(held), .. }) if read_only => self.alive(held).await?,
            Some(Entry { session: Some(_), .. }) => Driven::Elsewhere,
            Some(_) => Driven::Nowhere,
        })
    }

    async fn alive(&self, held: SessionId) -> Result<Driven> {
        let now = self.now_ms();
        let alive = |(id, until, _, dead): &(SessionId, i64, String, bool)| {
            *id == held && *until >= now && !dead
        };
        let known = self.sessions().await?;
        Ok(if known.iter().any(alive) { Driven::Elsewhere } else { Driven::Nowhere })
    }

    /// Takes over a run that nobody drives, and the child runs that it waits for. Tells who drives it now.
    ///
    /// # Errors
    /// `FU0104` when there is no such run.
    pub async fn take(&self, id: &RunId) -> Result<Driven> {
        session::open(self.engine()).await?;
        let mut open = vec![id.clone()];
        let mut answer = None;
        while let Some(run) = open.pop() {
            let (driven, taken) = self.take_one(&run).await?;
            if taken {
                let (state, _) = adopt::load(self.engine(), &run).await?;
                open.extend(state.children().map(|(_, child)| child.clone()));
            }
            answer.get_or_insert(driven);
        }
        Ok(answer.unwrap_or(Driven::Over))
    }

    async fn take_one(&self, id: &RunId) -> Result<(Driven, bool)> {
        let driven = self.driver(id).await?;
        if driven != Driven::Nowhere {
            return Ok((driven, false));
        }
        let engine = self.engine();
        let Some(entry) = engine.store.entry(&run_key(id)).await? else {
            return Ok((Driven::Over, false));
        };
        let now = engine.env.now_ms();
        // A claim takes what comes first; to take this one, its entry is put in anew with its owner.
        let ops = vec![
            Op::Complete(entry.ticket()),
            Op::Enqueue(Enqueue {
                priority: entry.priority,
                ..run_entry(id, Some(engine.session), now)
            }),
        ];
        match engine.store.commit(Batch { now, ops }).await {
            Ok(_) => {}
            // Somebody was faster.
            Err(error) if matches!(error.code(), Code::Fenced | Code::Conflict) => {
                return Ok((self.driver(id).await?, false));
            }
            Err(error) => return Err(error),
        }
        if let Some(entry) = engine.store.entry(&run_key(id)).await? {
            adopt::claimed(engine, &entry);
        }
        Ok((Driven::Here, true))
    }
}
