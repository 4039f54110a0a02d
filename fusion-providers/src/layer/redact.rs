//! Redaction: secrets are taken out of what goes to a provider, and out of what it complains about.

use std::fmt;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::graph::template::{Redactor, Secrets};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Image, Part, Request};
use futures_util::StreamExt;
use serde_json::Value;

use super::Layer;

/// Takes secrets out of messages, tools, schemas and arguments before they go to a provider, and out of faults.
///
/// What is a secret is asked at every call, so that one that was handed out meanwhile is known. Pictures are left as they are.
/// The answer is not changed: what it could repeat was taken out before.
#[derive(Clone)]
pub struct Redact(Secrets);

impl fmt::Debug for Redact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redact")
    }
}

impl Redact {
    /// Takes out the secrets that were handed out by these.
    pub fn new(secrets: Secrets) -> Self {
        Self(secrets)
    }
}

/// Takes secrets out of a request.
pub(crate) fn without(redactor: &Redactor, request: &Request) -> Request {
    let mut request = request.clone();
    let clean = |text: &mut String| {
        let changed = redactor.text(text);
        if let std::borrow::Cow::Owned(changed) = changed {
            *text = changed;
        }
    };
    for tool in &mut request.tools {
        clean(&mut tool.description);
        clean_values(&mut tool.schema, &clean);
    }
    for value in
        request.schema.iter_mut().map(|schema| &mut schema.schema).chain(request.extra.values_mut())
    {
        clean_values(value, &clean);
    }
    let mut parts: Vec<&mut Part> =
        request.messages.iter_mut().flat_map(|message| &mut message.parts).collect();
    while let Some(part) = parts.pop() {
        match part {
            Part::Text { text } => clean(text),
            Part::Call(call) => clean(&mut call.arguments),
            Part::Result(result) => parts.extend(&mut result.parts),
            Part::Image { image: Image::Url(url) } => clean(url),
            // The signature would not fit to other thoughts.
            Part::Reasoning(_) | Part::Image { .. } => {}
        }
    }
    request
}

/// Takes secrets out of every text of a JSON value; names of fields stay.
fn clean_values(value: &mut Value, clean: &impl Fn(&mut String)) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => clean(text),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values_mut()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Takes secrets out of a fault.
fn clean(redactor: &Redactor, fault: Fault) -> Fault {
    fault.with_texts(|text| redactor.text(text).into_owned())
}

#[async_trait]
impl Layer for Redact {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let Some(redactor) = self.0.redactor_if_any() else {
            return next.complete(call, request).await;
        };
        let result = next.complete(call, &without(&redactor, request)).await;
        result.map_err(|fault| clean(&redactor, fault))
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let Some(redactor) = self.0.redactor_if_any() else {
            return next.stream(call, request).await;
        };
        let result = next.stream(call, &without(&redactor, request)).await;
        let chunks = result.map_err(|fault| clean(&redactor, fault))?;
        Ok(chunks.map(move |item| item.map_err(|fault| clean(&redactor, fault))).boxed())
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let Some(redactor) = self.0.redactor_if_any() else {
            return next.embed(call, request).await;
        };
        let mut request = request.clone();
        for text in &mut request.inputs {
            *text = redactor.text(text).into_owned();
        }
        next.embed(call, &request).await.map_err(|fault| clean(&redactor, fault))
    }
}
