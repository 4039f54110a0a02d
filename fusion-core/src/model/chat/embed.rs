//! Embeddings: texts to vectors.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Quota, Usage, Usd};

/// Texts to be turned into vectors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Embed {
    /// The model.
    pub model: String,
    /// The texts, at least one.
    pub inputs: Vec<String>,
    /// How long the vectors shall be, where the model leaves a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// What only one provider understands; goes into the body of its request as it is.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Embed {
    /// Asks for the vectors of some texts.
    pub fn new(
        model: impl Into<String>,
        inputs: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let inputs = inputs.into_iter().map(Into::into).collect();
        Self { model: model.into(), inputs, ..Self::default() }
    }
}

/// Vectors, one for each text, in the order of the texts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Embeddings {
    /// The model that made them.
    pub model: String,
    /// The vectors.
    pub vectors: Vec<Vec<f32>>,
    /// What was read.
    #[serde(default)]
    pub usage: Usage,
    /// What the provider says it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Usd>,
    /// What the response said of the account's limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}
