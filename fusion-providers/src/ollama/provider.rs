//! The provider for Ollama.

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Model, Request};

use super::decode::Replies;
use super::{decode, encode};
use crate::http::{Auth, Endpoint, Framing, Reply, Settings, chunks};
use crate::wire::json;

/// Ollama, on this machine or elsewhere.
///
/// ```
/// use fusion_core::contract::Provider;
/// use fusion_providers::{Ollama, Settings};
///
/// assert_eq!(Ollama::new(Settings::default().model("smollm2")).unwrap().name(), "ollama");
/// ```
#[derive(Debug, Clone)]
pub struct Ollama {
    endpoint: Endpoint,
    model: String,
}

impl Ollama {
    /// Where it listens unless it is told otherwise.
    pub const BASE_URL: &'static str = "http://127.0.0.1:11434";

    /// Makes the provider; without a base URL for this machine.
    ///
    /// # Errors
    /// `invalid_request` for a base URL that is none.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let settings = settings.or("ollama", Self::BASE_URL);
        let (auth, model) = (Auth::bearer(settings.key.clone()), settings.model.clone());
        Ok(Self { endpoint: Endpoint::new(settings, auth)?, model })
    }

    async fn ask(&self, call: &Call, request: &Request, is_stream: bool) -> Result<Reply, Fault> {
        let body = request.check().and_then(|()| encode::encode(request, is_stream));
        let mut body = body.map_err(|fault| self.endpoint.own(fault))?;
        json::name_model(&mut body, &self.model);
        self.endpoint.post(call, "/api/chat", &body).await
    }
}

#[async_trait]
impl Provider for Ollama {
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
        self.ask(call, request, false).await?.answer(decode::decode).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        let reply = self.ask(call, request, true).await?;
        Ok(chunks(reply, Framing::lines(), Replies::default()))
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        request.check().map_err(|fault| self.endpoint.own(fault))?;
        let mut body = encode::embed(request);
        json::name_model(&mut body, &self.model);
        let reply = self.endpoint.post(call, "/api/embed", &body).await?;
        reply.read(|found| decode::embeddings(found, request.inputs.len())).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.endpoint.get(call, "/api/tags").await?.read(|found| Ok(decode::models(found))).await
    }
}
