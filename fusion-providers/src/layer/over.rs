//! What a layer is, and how it comes over a provider.

use std::fmt;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Model, Quota, Request};

/// Something that is done around the calls of any provider: `next` is what lies beneath.
///
/// Every method passes the call on by default; a layer writes those that it changes.
///
/// ```
/// use async_trait::async_trait;
/// use fusion_core::contract::{Call, Provider};
/// use fusion_core::model::chat::{Answer, Fault, Request};
/// use fusion_providers::layer::Layer;
///
/// /// Lets every answer be short.
/// #[derive(Debug)]
/// struct Brief;
///
/// #[async_trait]
/// impl Layer for Brief {
///     async fn complete(&self, next: &dyn Provider, call: &Call, request: &Request) -> Result<Answer, Fault> {
///         let mut request = request.clone();
///         request.sampling.max_output_tokens = Some(100);
///         next.complete(call, &request).await
///     }
/// }
/// ```
#[async_trait]
pub trait Layer: fmt::Debug + Send + Sync + 'static {
    /// Is around [`Provider::complete`].
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        next.complete(call, request).await
    }

    /// Is around [`Provider::stream`].
    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        next.stream(call, request).await
    }

    /// Is around [`Provider::embed`].
    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        next.embed(call, request).await
    }

    /// Is around [`Provider::models`].
    async fn models(&self, next: &dyn Provider, call: &Call) -> Result<Vec<Model>, Fault> {
        next.models(call).await
    }

    /// Is around [`Provider::quota`].
    async fn quota(&self, next: &dyn Provider, call: &Call) -> Result<Quota, Fault> {
        next.quota(call).await
    }
}

/// A provider with a layer over it: a provider.
#[derive(Debug, Clone)]
pub struct Layered<L, P> {
    layer: L,
    inner: P,
}

impl<L, P> Layered<L, P> {
    /// Gives the layer, to ask it something.
    pub fn as_layer(&self) -> &L {
        &self.layer
    }

    /// Gives what lies beneath.
    pub fn as_inner(&self) -> &P {
        &self.inner
    }
}

/// Gives the model that a request goes to, which it may leave to the provider.
pub(super) fn model<'a>(next: &'a dyn Provider, asked: &'a str) -> &'a str {
    if asked.is_empty() { next.model() } else { asked }
}

/// Puts layers over any provider.
pub trait ProviderExt: Provider + Sized {
    /// Puts a layer over it, outside of those that are there.
    fn layer<L: Layer>(self, layer: L) -> Layered<L, Self> {
        Layered { layer, inner: self }
    }
}

impl<P: Provider> ProviderExt for P {}

#[async_trait]
impl<L: Layer, P: Provider> Provider for Layered<L, P> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn model(&self) -> &str {
        self.inner.model()
    }

    fn place(&self) -> &str {
        self.inner.place()
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.layer.complete(&self.inner, call, request).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        self.layer.stream(&self.inner, call, request).await
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        self.layer.embed(&self.inner, call, request).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.layer.models(&self.inner, call).await
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        self.layer.quota(&self.inner, call).await
    }
}
