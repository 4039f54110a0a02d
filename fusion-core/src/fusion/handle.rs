//! What [`Fusion`](super::Fusion) and all that it gave out share: when the last of them goes, so does the engine's work.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::run::engine::Shared;
use crate::run::session;

/// A handle of an engine. The engine's own tasks hold the engine itself, never a handle.
#[derive(Clone)]
pub(super) struct Handle {
    engine: Arc<Shared>,
    _alive: Arc<Alive>,
}

struct Alive(Arc<Shared>);

impl Handle {
    pub(super) fn new(engine: Arc<Shared>) -> Self {
        Self { _alive: Arc::new(Alive(engine.clone())), engine }
    }
}

impl Deref for Handle {
    type Target = Arc<Shared>;

    fn deref(&self) -> &Arc<Shared> {
        &self.engine
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}

impl Drop for Alive {
    /// Nobody can wait here, so what must be waited for is left to a task; where none runs any more, the leases end by
    /// themselves.
    fn drop(&mut self) {
        let engine = self.0.clone();
        if engine.is_closed() {
            return;
        }
        engine.set_closed();
        let work = engine.clone();
        engine.env.spawn(Box::pin(async move { session::leave(&work).await }));
    }
}
