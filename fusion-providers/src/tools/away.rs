//! Work that blocks, done away from the tasks and given up when nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fusion_core::contract::Env;
use fusion_core::model::Failure;
use tokio::sync::oneshot;

/// Whether somebody still waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Refuses to go on when nobody waits any more.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.0.load(Ordering::Relaxed) { Err("stopped".to_owned()) } else { Ok(()) }
    }
}

/// Sets the sign when the future is dropped, or done.
struct Waiting(Halt);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Does something that blocks. What it says is wrong is a sentence for the model.
pub(super) async fn away<T: Send + 'static>(
    env: &Arc<dyn Env>,
    work: impl FnOnce(&Halt) -> Result<T, String> + Send + 'static,
) -> Result<T, Failure> {
    let (done, found) = oneshot::channel();
    let waiting = Waiting(Halt::default());
    let halt = waiting.0.clone();
    env.blocking(Box::new(move || {
        let _ = done.send(work(&halt));
    }));
    let found =
        found.await.map_err(|_| Failure::error("the tool broke, which is its own fault"))?;
    found.map_err(Failure::error)
}
