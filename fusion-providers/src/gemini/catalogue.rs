//! Embeddings and models, as the protocol has them.

use fusion_core::model::chat::{Capability, Embed, Embeddings, Fault, Model, Usage};
use serde_json::{Map, Value, json};

use crate::wire::json::{add, list, set, some_count, text, vectors};

pub(super) fn embed(request: &Embed, model: &str) -> Value {
    let one = |input: &String| {
        let mut one =
            json!({"model": format!("models/{model}"), "content": {"parts": [{"text": input}]}});
        set(&mut one, "outputDimensionality", request.dimensions);
        one
    };
    let requests: Vec<Value> = request.inputs.iter().map(one).collect();
    let mut body = Value::Object(Map::new());
    set(&mut body, "requests", Some(requests));
    add(&mut body, &request.extra);
    body
}

pub(super) fn embeddings(value: &Value, model: &str, wanted: usize) -> Result<Embeddings, Fault> {
    let found = list(value, "/embeddings").iter();
    let vectors = vectors(found.map(|one| one.get("values").unwrap_or(&Value::Null)), wanted)?;
    let usage = Usage::new(some_count(value, "/usageMetadata/promptTokenCount").unwrap_or(0), 0);
    Ok(Embeddings { model: model.to_owned(), vectors, usage, cost: None, quota: None })
}

pub(super) fn models(value: &Value) -> Vec<Model> {
    list(value, "/models").iter().map(model).filter(|model| !model.id.is_empty()).collect()
}

fn model(value: &Value) -> Model {
    let does = |method: &str| {
        let methods = list(value, "/supportedGenerationMethods");
        methods.iter().any(|said| said.as_str() == Some(method))
    };
    let id = text(value, "/name");
    let embeddings = does("embedContent") || does("batchEmbedContents");
    Model {
        id: id.strip_prefix("models/").unwrap_or(id).to_owned(),
        name: text(value, "/displayName").to_owned(),
        context_tokens: some_count(value, "/inputTokenLimit"),
        output_tokens: some_count(value, "/outputTokenLimit"),
        price: None,
        capability: Capability {
            embeddings: Some(embeddings),
            reasoning: value.get("thinking").and_then(Value::as_bool),
            ..Capability::default()
        },
    }
}
