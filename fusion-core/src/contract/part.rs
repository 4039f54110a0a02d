//! A part of a body: memos and idempotency key apart from those of other parts.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{About, Attempt, Context};
use crate::model::{Failure, Payload};

/// A part of a body, under a name of its own.
struct Part {
    body: Context,
    name: String,
}

impl Context {
    /// Gives the context of a part of the body: what it saves under a name is apart from what others save under the same one,
    /// and its idempotency key is its own. Parts of one body need different names, the same in every attempt.
    #[must_use]
    pub fn part(&self, name: impl Into<String>) -> Self {
        Self::new(Arc::new(Part { body: self.clone(), name: name.into() }))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {}", self.body, self.name)
    }
}

#[async_trait]
impl Attempt for Part {
    fn about(&self) -> About {
        let about = self.body.about();
        let idempotency_key = format!("{}/{}", about.idempotency_key, self.name);
        About { idempotency_key, ..about }
    }

    fn recall(&self, name: &str) -> Option<Payload> {
        self.body.recall(&format!("{}/{name}", self.name))
    }

    async fn save(&self, name: &str, value: Payload) -> Result<(), Failure> {
        self.body.save(&format!("{}/{name}", self.name), value).await
    }

    fn beat(&self, progress: Option<Value>) {
        match progress {
            Some(progress) => self.body.progress(progress),
            None => self.body.heartbeat(),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.body.is_cancelled()
    }

    async fn cancelled(&self) {
        self.body.cancelled().await;
    }
}
