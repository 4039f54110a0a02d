//! Following a run: its records as events, from the first to the last.

use std::collections::VecDeque;

use super::Run;
use crate::contract::Subscription;
use crate::error::Result;
use crate::graph::Program;
use crate::model::{Event, limits};
use crate::observe;
use crate::run::adopt;
use std::sync::Arc;

/// The events of a run, in order, without gaps; it ends with the run.
#[derive(Debug)]
pub struct Events {
    run: Run,
    program: Option<Arc<Program>>,
    after: u64,
    waiting: VecDeque<Event>,
    bell: Box<dyn Subscription>,
    over: bool,
}

impl Run {
    /// Follows the run from a place in its journal on; 0 for the beginning.
    pub fn events(&self, after: u64) -> Events {
        let bell = self.engine.store.bus().listen(&[&self.topic()]);
        Events {
            run: self.clone(),
            program: None,
            after,
            waiting: VecDeque::new(),
            bell,
            over: false,
        }
    }
}

impl Events {
    /// Waits for the next event; `None` when the run has ended.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            if self.over {
                return Ok(None);
            }
            if !self.read().await? {
                self.run.engine.check_open()?;
                let env = &self.run.engine.env;
                let wake =
                    env.monotonic_ns() + u64::try_from(limits::POLL_MS).unwrap_or(1) * 1_000_000;
                tokio::select! {
                    () = self.bell.heard() => {}
                    () = env.sleep_until(wake) => {}
                }
            }
        }
    }

    async fn read(&mut self) -> Result<bool> {
        let page = self.run.journal(self.after, 1_000).await?;
        let Some(last) = page.last() else { return Ok(false) };
        self.after = last.seq;
        let program = match &self.program {
            Some(program) => program.clone(),
            None => {
                let first = self.run.journal(0, 1).await?;
                let Some(crate::model::Record::RunStarted(start)) =
                    first.into_iter().next().map(|s| s.record)
                else {
                    return Ok(false);
                };
                let program = adopt::program(&self.run.engine, &start).await?;
                self.program.insert(program).clone()
            }
        };
        for stamped in &page {
            // A run that somebody takes up again after its end goes on.
            self.over = matches!(stamped.record, crate::model::Record::RunFinished(..));
            observe::events(&self.run.id, &program, stamped, &mut |event| {
                self.waiting.push_back(event)
            });
        }
        Ok(true)
    }
}
