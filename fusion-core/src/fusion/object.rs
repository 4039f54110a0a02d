//! Durable objects.

use std::sync::Arc;

use super::Fusion;
use crate::object::Objects;

impl Fusion {
    /// Gives the durable objects of the engine.
    pub fn objects(&self) -> &Objects {
        self.objects.get_or_init(|| {
            Objects::new(Arc::clone(self.engine()), Box::new(self.engine().clone()))
        })
    }
}
