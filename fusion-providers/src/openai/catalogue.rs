//! Embeddings and models, as the protocol has them.

use fusion_core::model::chat::{Embed, Embeddings, Fault, Model, Usage};
use serde_json::{Value, json};

use crate::wire::json::{add, count, list, set, some_count, text, usd, vectors};

pub(super) fn embed(request: &Embed) -> Value {
    let mut body =
        json!({"model": request.model, "input": request.inputs, "encoding_format": "float"});
    set(&mut body, "dimensions", request.dimensions);
    add(&mut body, &request.extra);
    body
}

/// Reads vectors; the server may have changed their order.
pub(super) fn embeddings(value: &Value, wanted: usize) -> Result<Embeddings, Fault> {
    let mut items: Vec<&Value> = list(value, "/data").iter().collect();
    items.sort_by_key(|item| count(item, "/index"));
    let vectors = vectors(
        items.into_iter().map(|item| item.get("embedding").unwrap_or(&Value::Null)),
        wanted,
    )?;
    let usage = Usage::new(count(value, "/usage/prompt_tokens"), 0);
    let cost = value.get("usage").and_then(|usage| usd(usage, "/cost"));
    Ok(Embeddings { model: text(value, "/model").to_owned(), vectors, usage, cost, quota: None })
}

pub(super) fn models(value: &Value) -> Vec<Model> {
    // One server gives the list itself.
    let found = value.as_array().map_or_else(|| list(value, "/data"), Vec::as_slice);
    found.iter().filter(|model| !text(model, "/id").is_empty()).map(model).collect()
}

fn model(value: &Value) -> Model {
    let context = ["/context_length", "/context_window", "/max_model_len", "/meta/n_ctx_train"];
    Model {
        id: text(value, "/id").to_owned(),
        name: text(value, "/name").to_owned(),
        context_tokens: context.iter().find_map(|path| some_count(value, path)),
        output_tokens: some_count(value, "/max_output_tokens"),
        ..Model::default()
    }
}
