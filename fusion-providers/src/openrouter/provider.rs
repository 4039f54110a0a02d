//! The provider for OpenRouter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, Model, Price, Quota, Request, Usage, Usd,
};
use futures_util::StreamExt;

use super::catalogue;
use crate::http::Settings;
use crate::openai::{Chat, Dialect};

/// OpenRouter, which has the models of nearly everybody.
///
/// Which of those who serve a model may be asked stands in a request's `extra`, in OpenRouter's own words: `provider` (`order`,
/// `allow_fallbacks`, `max_price`, …) and `models`. Answers say what they cost; where one does not, and the catalogue was read
/// before ([`Provider::models`]), its price tells.
#[derive(Debug, Clone)]
pub struct OpenRouter {
    chat: Chat,
    prices: Arc<Mutex<BTreeMap<String, Price>>>,
}

impl OpenRouter {
    /// Where OpenRouter is.
    pub const BASE_URL: &'static str = "https://openrouter.ai/api/v1";

    /// Makes the provider.
    ///
    /// # Errors
    /// `invalid_request` for a base URL that is none.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let chat = Chat::new(settings.or("openrouter", Self::BASE_URL), Dialect::ROUTER)?;
        Ok(Self { chat, prices: Arc::default() })
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.prices.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied()
    }

    /// Gives what a call cost when the response did not say.
    fn cost(&self, model: &str, usage: Usage) -> Option<Usd> {
        let price = self.price(model)?;
        (usage.total() > 0).then(|| price.of(usage))
    }
}

#[async_trait]
impl Provider for OpenRouter {
    fn name(&self) -> &str {
        self.chat.endpoint.name()
    }

    fn model(&self) -> &str {
        &self.chat.model
    }

    fn place(&self) -> &str {
        self.chat.endpoint.base()
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        let mut answer = self.chat.complete(call, request).await?;
        answer.cost = answer.cost.or_else(|| self.cost(&request.model, answer.usage));
        Ok(answer)
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        let chunks = self.chat.stream(call, request).await?;
        let (own, model) = (self.clone(), request.model.clone());
        Ok(Box::pin(chunks.map(move |chunk| match chunk {
            Ok(Chunk::Usage { usage, cost: None }) => {
                Ok(Chunk::Usage { usage, cost: own.cost(&model, usage) })
            }
            other => other,
        })))
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        self.chat.embed(call, request).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        let reply = self.chat.endpoint.get(call, "/models").await?;
        let models = reply.read(|found| Ok(catalogue::models(found))).await?;
        let pair = |model: &Model| Some((model.id.clone(), model.price?));
        let prices = models.iter().filter_map(pair).collect();
        *self.prices.lock().unwrap_or_else(PoisonError::into_inner) = prices;
        Ok(models)
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        let reply = self.chat.endpoint.get(call, "/key").await?;
        reply.read(|found| Ok(catalogue::quota(found))).await
    }
}
