//! Evaluating over a run's state: at once where that takes a moment only, else on a thread apart, so that other runs go on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::drive::Driver;
use super::engine::Shared;
use super::lists::Lists;
use super::prepare::Desk;
use super::scope::Kept;
use crate::error::Error;
use crate::graph::template::Brief;
use crate::model::{Digest, Failure, limits};
use crate::schedule::State;

impl Driver {
    /// Evaluates something over the state; blobs that it misses are loaded, and it is evaluated again. A store that cannot
    /// be read is a failure.
    pub(super) async fn evaluate<T: Send + 'static>(
        &mut self,
        mut work: impl FnMut(&Desk<'_>, &mut Lists) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        loop {
            let mut lists = std::mem::take(&mut self.lists);
            let (result, was_cut) = self.at_once(&mut work, &mut lists);
            self.lists = lists;
            let wanted = self.kept.wanted();
            if !wanted.is_empty() {
                Box::pin(load(&self.engine, &self.kept, wanted)).await?;
            } else if was_cut {
                return Box::pin(self.apart(work)).await;
            } else {
                return result;
            }
        }
    }

    fn at_once<T>(
        &self,
        work: &mut impl FnMut(&Desk<'_>, &mut Lists) -> Result<T, Failure>,
        lists: &mut Lists,
    ) -> (Result<T, Failure>, bool) {
        let env = self.engine.env.clone();
        let until = env.monotonic_ns().saturating_add(limits::TEMPLATE_BRIEF_MS * 1_000_000);
        let brief = Brief::new(move || env.monotonic_ns() > until);
        let (engine, state, kept) = (&*self.engine, &self.state, &self.kept);
        let desk = Desk { engine, state, kept, brief: Some(&brief) };
        let result = work(&desk, lists);
        (result, brief.was_cut())
    }

    /// Evaluates on a thread of its own. The run waits for it, as it cannot go on without; all others do not.
    async fn apart<T: Send + 'static>(
        &mut self,
        mut work: impl FnMut(&Desk<'_>, &mut Lists) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        loop {
            // It is never closed; without a permit there are only more threads at once.
            let permit = self.engine.apart.clone().acquire_owned().await;
            let (send, done) = oneshot::channel();
            let engine = self.engine.clone();
            let placeholder =
                State::new(self.state.program().clone(), self.state.start().clone()).of(&self.run);
            let state = std::mem::replace(&mut self.state, placeholder);
            let (kept, mut lists) =
                (std::mem::take(&mut self.kept), std::mem::take(&mut self.lists));
            self.engine.env.blocking(Box::new(move || {
                let desk = Desk { engine: &engine, state: &state, kept: &kept, brief: None };
                let result = catch_unwind(AssertUnwindSafe(|| work(&desk, &mut lists)));
                drop(permit);
                // A driver that is gone does not want its state back.
                let _gone = send.send((result, work, state, kept, lists));
            }));
            let Ok((result, again, state, kept, lists)) = done.await else {
                // The threads end with the process: there is nothing to go on with.
                return std::future::pending().await;
            };
            (work, self.state, self.kept, self.lists) = (again, state, kept, lists);
            let wanted = self.kept.wanted();
            if wanted.is_empty() {
                let panicked = |_| Err(Failure::error("the evaluation panicked").permanent());
                return result.unwrap_or_else(panicked);
            }
            load(&self.engine, &self.kept, wanted).await?;
        }
    }
}

/// Evaluates something for somebody who only looks, and may wait as long as it takes.
pub(super) async fn look<T>(
    engine: &Shared,
    state: &State,
    mut work: impl FnMut(&Desk<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let kept = Kept::default();
    let desk = Desk { engine, state, kept: &kept, brief: None };
    loop {
        let result = work(&desk);
        let wanted = kept.wanted();
        if wanted.is_empty() {
            return result;
        }
        load(engine, &kept, wanted).await?;
    }
}

/// Loads blobs that an evaluation missed.
async fn load(engine: &Shared, kept: &Kept, wanted: Vec<Digest>) -> Result<(), Failure> {
    let failed = |error: Error| Failure::error(error.to_string());
    for digest in wanted {
        let Some(bytes) = engine.store.blob(digest).await.map_err(failed)? else {
            let message = format!("blob {digest} is not in the store");
            return Err(Failure::error(message).permanent());
        };
        kept.put_blob(digest, bytes);
    }
    Ok(())
}
