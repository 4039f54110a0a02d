//! Shared, boxed and borrowed providers are providers too.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Call, Chunks, Provider};
use crate::model::chat::{Answer, Embed, Embeddings, Fault, Model, Quota, Request};

macro_rules! through {
    ($($kind:ty),*) => {$(
        #[async_trait]
        impl<P: Provider + ?Sized> Provider for $kind {
            fn name(&self) -> &str {
                (**self).name()
            }

            fn model(&self) -> &str {
                (**self).model()
            }

            fn place(&self) -> &str {
                (**self).place()
            }

            async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
                (**self).complete(call, request).await
            }

            async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
                (**self).stream(call, request).await
            }

            async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
                (**self).embed(call, request).await
            }

            async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
                (**self).models(call).await
            }

            async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
                (**self).quota(call).await
            }
        }
    )*};
}

through!(Arc<P>, Box<P>, &P);

/// Providers are used as trait objects.
const _: fn(&dyn Provider) = |_| {};
