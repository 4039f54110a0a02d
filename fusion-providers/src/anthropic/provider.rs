//! The provider for Anthropic, and for servers that speak its protocol.

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Fault, Model, Request};

use super::delta::Deltas;
use super::{decode, encode};
use crate::http::{Auth, Endpoint, Reply, Settings};
use crate::wire::json;

/// The version of the protocol that is spoken here.
const VERSION: &str = "2023-06-01";

/// Anthropic, and every other service or server that speaks its protocol of messages.
///
/// Thoughts come back with their signatures and are handed on as they came. `"cache": true` in a request's `extra` lets the
/// service keep the instructions, the tools and the conversation so far in its cache. It has no embeddings.
///
/// ```
/// use fusion_core::contract::Provider;
/// use fusion_providers::{Anthropic, Key, Settings};
///
/// let provider = Anthropic::new(Settings::default().key(Key::new("a key"))).unwrap();
/// assert_eq!(provider.name(), "anthropic");
/// ```
#[derive(Debug, Clone)]
pub struct Anthropic {
    endpoint: Endpoint,
    model: String,
}

impl Anthropic {
    /// Where Anthropic itself is.
    pub const BASE_URL: &'static str = "https://api.anthropic.com";

    /// Makes the provider; without a base URL for Anthropic itself.
    ///
    /// # Errors
    /// `invalid_request` for a base URL that is none.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let mut settings = settings.or("anthropic", Self::BASE_URL);
        settings = settings.header("anthropic-version", VERSION);
        let (auth, model) =
            (Auth::header("x-api-key", settings.key.clone()), settings.model.clone());
        Ok(Self { endpoint: Endpoint::new(settings, auth)?, model })
    }

    async fn ask(&self, call: &Call, request: &Request, is_stream: bool) -> Result<Reply, Fault> {
        let body = request.check().and_then(|()| encode::encode(request, is_stream));
        let mut body = body.map_err(|fault| self.endpoint.own(fault))?;
        json::name_model(&mut body, &self.model);
        self.endpoint.post(call, "/v1/messages", &body).await
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn place(&self) -> &str {
        self.endpoint.base()
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        let reply = self.ask(call, request, false).await?;
        reply.answer(decode::decode).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        let reply = self.ask(call, request, true).await?;
        reply.chunks(Deltas::default(), decode::decode).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        let reply = self.endpoint.get(call, "/v1/models?limit=1000").await?;
        reply.read(|found| Ok(decode::models(found))).await
    }
}
