//! The provider for every server that speaks the protocol.

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Model, Request};

use super::delta::Deltas;
use super::{Dialect, catalogue, decode, encode};
use crate::http::{Auth, Endpoint, Reply, Settings};
use crate::wire::json;

/// The protocol at one service: what [`OpenAi`] and others over it share.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    pub(crate) endpoint: Endpoint,
    dialect: Dialect,
    pub(crate) model: String,
}

impl Chat {
    pub(crate) fn new(settings: Settings, dialect: Dialect) -> Result<Self, Fault> {
        let (auth, model) = (Auth::bearer(settings.key.clone()), settings.model.clone());
        Ok(Self { endpoint: Endpoint::new(settings, auth)?, dialect, model })
    }

    pub(crate) async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        let reply = self.ask(call, request, false).await?;
        reply.answer(decode::decode).await
    }

    pub(crate) async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        let reply = self.ask(call, request, true).await?;
        reply.chunks(Deltas::default(), decode::decode).await
    }

    async fn ask(&self, call: &Call, request: &Request, is_stream: bool) -> Result<Reply, Fault> {
        let body = request.check().and_then(|()| {
            let mut body = encode::encode(request, self.dialect, is_stream)?;
            json::name_model(&mut body, &self.model);
            Ok(body)
        });
        let body = body.map_err(|fault| self.endpoint.own(fault))?;
        self.endpoint.post(call, "/chat/completions", &body).await
    }

    pub(crate) async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        request.check().map_err(|fault| self.endpoint.own(fault))?;
        let mut body = catalogue::embed(request);
        json::name_model(&mut body, &self.model);
        let reply = self.endpoint.post(call, "/embeddings", &body).await?;
        let quota = reply.quota();
        let found = reply.read(|value| {
            decode::trouble(value)?;
            catalogue::embeddings(value, request.inputs.len())
        });
        Ok(Embeddings { quota, ..found.await? })
    }

    pub(crate) async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.endpoint.get(call, "/models").await?.read(|found| Ok(catalogue::models(found))).await
    }
}

/// OpenAI, and every other service or server that speaks its protocol of chat completions.
///
/// Servers differ: one without usage in its streams gives an answer whose usage is zero, calls without ids get some, and a
/// client's fault that is told as status 500 has the class `invalid_request` all the same.
///
/// ```
/// use fusion_core::contract::Provider;
/// use fusion_providers::{OpenAi, Settings};
///
/// let local = OpenAi::new(Settings::default().name("local").base_url("http://127.0.0.1:8080/v1")).unwrap();
/// assert_eq!(local.name(), "local");
/// assert!(OpenAi::new(Settings::default().base_url("127.0.0.1:8080")).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct OpenAi(Chat);

impl OpenAi {
    /// Where OpenAI itself is.
    pub const BASE_URL: &'static str = "https://api.openai.com/v1";

    /// Makes the provider; without a base URL for OpenAI itself.
    ///
    /// # Errors
    /// `invalid_request` for a base URL that is none.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let settings = settings.or("openai", Self::BASE_URL);
        let dialect = Dialect::of(&settings.base_url);
        Chat::new(settings, dialect).map(Self)
    }
}

#[async_trait]
impl Provider for OpenAi {
    fn name(&self) -> &str {
        self.0.endpoint.name()
    }

    fn model(&self) -> &str {
        &self.0.model
    }

    fn place(&self) -> &str {
        self.0.endpoint.base()
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.0.complete(call, request).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        self.0.stream(call, request).await
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        self.0.embed(call, request).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.0.models(call).await
    }
}
