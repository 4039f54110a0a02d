//! The provider for Gemini.

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, FaultKind, Model, Request};

use super::decode::Responses;
use super::{catalogue, decode, encode};
use crate::http::{Auth, Endpoint, Reply, Settings};

/// Google's Gemini.
///
/// ```
/// use fusion_core::contract::Provider;
/// use fusion_providers::{Gemini, Key, Settings};
///
/// let provider = Gemini::new(Settings::default().key(Key::new("a key")).model("gemini-flash")).unwrap();
/// assert_eq!(provider.name(), "gemini");
/// ```
#[derive(Debug, Clone)]
pub struct Gemini {
    endpoint: Endpoint,
    model: String,
}

impl Gemini {
    /// Where the service is.
    pub const BASE_URL: &'static str = "https://generativelanguage.googleapis.com/v1beta";

    /// Makes the provider.
    ///
    /// # Errors
    /// `invalid_request` for a base URL that is none.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let settings = settings.or("gemini", Self::BASE_URL);
        let model = settings.model.clone();
        let auth = Auth::header("x-goog-api-key", settings.key.clone());
        Ok(Self { endpoint: Endpoint::new(settings, auth)?, model })
    }

    /// Gives the path of a model, which may not lead elsewhere.
    fn path(&self, model: &str, method: &str) -> Result<(String, String), Fault> {
        let model = if model.is_empty() { &self.model } else { model };
        let model = model.strip_prefix("models/").unwrap_or(model);
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-._".contains(sign);
        if model.is_empty() || !model.chars().all(is_plain) || model.starts_with('.') {
            let message = format!("`{model}` is no name of a model");
            return Err(self.endpoint.own(Fault::new(FaultKind::InvalidRequest, message)));
        }
        Ok((format!("/models/{model}:{method}"), model.to_owned()))
    }

    async fn ask(&self, call: &Call, request: &Request, method: &str) -> Result<Reply, Fault> {
        let body = request.check().and_then(|()| encode::encode(request));
        let body = body.map_err(|fault| self.endpoint.own(fault))?;
        let (path, _) = self.path(&request.model, method)?;
        self.endpoint.post(call, &path, &body).await
    }
}

#[async_trait]
impl Provider for Gemini {
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
        let reply = self.ask(call, request, "generateContent").await?;
        reply.answer(decode::decode).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        let reply = self.ask(call, request, "streamGenerateContent?alt=sse").await?;
        reply.chunks(Responses::default(), decode::decode).await
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        request.check().map_err(|fault| self.endpoint.own(fault))?;
        let (path, model) = self.path(&request.model, "batchEmbedContents")?;
        let body = catalogue::embed(request, &model);
        let found = self.endpoint.post(call, &path, &body).await?.read(|value| {
            decode::trouble(value)?;
            catalogue::embeddings(value, &model, request.inputs.len())
        });
        found.await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        let reply = self.endpoint.get(call, "/models?pageSize=1000").await?;
        reply.read(|found| Ok(catalogue::models(found))).await
    }
}
