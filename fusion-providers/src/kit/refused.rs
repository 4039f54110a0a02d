//! A provider that could not be made: it says so whenever it is asked.

use async_trait::async_trait;
use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Model, Request};

/// What stands in the place of a provider that could not be made.
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) Fault);

#[async_trait]
impl Provider for Refused {
    fn name(&self) -> &'static str {
        "refused"
    }

    async fn complete(&self, _call: &Call, _request: &Request) -> Result<Answer, Fault> {
        Err(self.0.clone())
    }

    async fn embed(&self, _call: &Call, _request: &Embed) -> Result<Embeddings, Fault> {
        Err(self.0.clone())
    }

    async fn models(&self, _call: &Call) -> Result<Vec<Model>, Fault> {
        Err(self.0.clone())
    }
}
