//! Answers on their way to those who wait.
//!
//! A thread outside of the runtime that wakes one task after the other wakes a worker for each: that one is done and asleep
//! again before the next. So many answers are handed over at once, to a task that wakes the others from within.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::contract::BoxFuture;
use crate::error::Result;
use crate::model::Receipt;

/// With so many answers a task delivers them; fewer are given at once.
const MANY: usize = 16;

/// Who waits for an answer, and its share of the memory for batches that wait.
pub(super) type Waiter = (oneshot::Sender<Result<Receipt>>, OwnedSemaphorePermit);

type Answers = Vec<(Waiter, Result<Receipt>)>;

/// Answers that a task delivers.
#[derive(Debug, Default)]
pub(super) struct Outbox(Arc<Mutex<Answers>>);

impl Outbox {
    /// Sends answers to those who wait for them; many by a task.
    pub(super) fn send(
        &self,
        waiters: Vec<Waiter>,
        answers: Vec<Result<Receipt>>,
        spawn: impl FnOnce(BoxFuture<'static, ()>),
    ) {
        let many = waiters.len() >= MANY;
        self.lock().extend(waiters.into_iter().zip(answers));
        if many {
            let again = Self(self.0.clone());
            spawn(Box::pin(async move { again.deliver() }));
        } else {
            self.deliver();
        }
    }

    /// Delivers what is still there: the tasks of a runtime whose threads are all held up do not run.
    pub(super) fn deliver(&self) {
        let all = std::mem::take(&mut *self.lock());
        for ((waiter, _permit), answer) in all {
            // Who no longer waits does not want to know.
            let _told = waiter.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::Semaphore;

    use super::*;

    type Hears = Vec<oneshot::Receiver<Result<Receipt>>>;

    /// So many who wait, and so many answers.
    fn waiting(count: usize) -> (Vec<Waiter>, Vec<Result<Receipt>>, Hears) {
        let memory = Arc::new(Semaphore::new(count));
        let permits = (0..count).map(|_| memory.clone().try_acquire_owned().unwrap());
        let (waiters, hear) = permits
            .map(|permit| {
                let (tell, hear) = oneshot::channel();
                ((tell, permit), hear)
            })
            .unzip();
        (waiters, (0..count).map(|_| Ok(Receipt::default())).collect(), hear)
    }

    #[test]
    fn few_answers_come_at_once_and_many_with_a_task() {
        let (outbox, mut task) = (Outbox::default(), None);
        let (waiters, answers, mut few) = waiting(MANY - 1);
        outbox.send(waiters, answers, |work| task = Some(work));
        assert!(task.is_none() && few.iter_mut().all(|hear| hear.try_recv().is_ok()));
        let (waiters, answers, mut many) = waiting(MANY);
        outbox.send(waiters, answers, |work| task = Some(work));
        assert!(many.iter_mut().all(|hear| hear.try_recv().is_err()));
        assert_eq!(task.unwrap().now_or_never(), Some(()));
        assert!(many.iter_mut().all(|hear| hear.try_recv().is_ok()));
    }

    #[test]
    fn answers_do_not_need_a_task_that_runs() {
        let outbox = Outbox::default();
        let (waiters, answers, mut many) = waiting(MANY);
        outbox.send(waiters, answers, drop);
        outbox.deliver();
        assert!(many.iter_mut().all(|hear| hear.try_recv().is_ok()));
    }
}
