//! Following a run: its records as events, from the first to the last.

use std::collections::VecDeque;

use super::Run;
use crate::contract::Subscription;
use crate::error::Result;
use crate::graph::Program;
use crate::model::Event;
use crate::observe;
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
                tokio::select! {
                    biased;
                    () = self.bell.heard() => {}
                    () = self.run.engine.poll_pause() => {}
                }
            }
        }
    }

    /// Waits for the next events and gives all that were read with it; none when the run has ended.
    pub async fn batch(&mut self) -> Result<Vec<Event>> {
        let mut all: Vec<Event> = self.next().await?.into_iter().collect();
        all.extend(self.waiting.drain(..));
        Ok(all)
    }

    async fn program(&mut self) -> Result<Arc<Program>> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let program = self.run.state().await?.program().clone();
        Ok(self.program.insert(program).clone())
    }

    async fn read(&mut self) -> Result<bool> {
        let page = self.run.journal(self.after, 1_000).await?;
        let Some(last) = page.last() else { return Ok(false) };
        self.after = last.seq;
        let program = self.program().await?;
        for stamped in &page {
            // A run that somebody takes up again after its end goes on.
            self.over = matches!(stamped.record, crate::model::Record::RunFinished(..));
            self.waiting.push_back(observe::event(&self.run.id, &program, stamped));
        }
        Ok(true)
    }
}
