//! The context of a tool's call: memos and idempotency key apart from those of other calls.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::contract::{About, Attempt, Context};
use crate::model::{Failure, Payload};

/// A part of a body, under a name of its own.
struct Scope {
    body: Context,
    name: String,
}

/// Makes the context of a part of a body.
pub(super) fn scoped(body: &Context, name: String) -> Context {
    Context::new(Arc::new(Scope { body: body.clone(), name }))
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {}", self.body, self.name)
    }
}

#[async_trait]
impl Attempt for Scope {
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
