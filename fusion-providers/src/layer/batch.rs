//! Batching: many vectors in few requests.

use async_trait::async_trait;
use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Embed, Embeddings, Fault, FaultKind};

use super::Layer;

/// Splits a request for many vectors into requests that a provider takes, one after the other, and joins what they give.
///
/// Equal texts are sent once. The vectors come in the order of the texts; usage and cost are the sum.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    texts: usize,
    bytes: usize,
}

impl Batch {
    /// Sends so many texts at once at the most, and about 256 KiB.
    pub fn new(texts: usize) -> Self {
        Self { texts: texts.max(1), bytes: 256 * 1024 }
    }

    /// Sends so many bytes of text at once at the most; a longer text is sent alone.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Gives the ends of the batches.
    fn cuts(self, texts: &[String]) -> Vec<usize> {
        let (mut cuts, mut count, mut bytes) = (Vec::new(), 0, 0_usize);
        for (at, text) in texts.iter().enumerate() {
            if count > 0 && (count >= self.texts || bytes.saturating_add(text.len()) > self.bytes) {
                cuts.push(at);
                (count, bytes) = (0, 0);
            }
            count += 1;
            bytes = bytes.saturating_add(text.len());
        }
        cuts.push(texts.len());
        cuts
    }
}

#[async_trait]
impl Layer for Batch {
    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        request.check()?;
        let mut places = std::collections::BTreeMap::new();
        let mut texts: Vec<String> = Vec::new();
        let mut wanted = Vec::with_capacity(request.inputs.len());
        for text in &request.inputs {
            wanted.push(*places.entry(text.as_str()).or_insert_with(|| {
                texts.push(text.clone());
                texts.len() - 1
            }));
        }
        let mut all = Embeddings::default();
        let mut from = 0;
        for to in self.cuts(&texts) {
            let inputs = texts.get(from..to).unwrap_or_default().to_vec();
            let asked = inputs.len();
            let part = Embed { inputs, ..without_inputs(request) };
            call.check()?;
            let got = next.embed(call, &part).await?;
            if got.vectors.len() != asked {
                let message = format!("it gave {} vectors for {asked} texts", got.vectors.len());
                return Err(Fault::new(FaultKind::Malformed, message).provider(next.name()));
            }
            all.model = got.model;
            all.vectors.extend(got.vectors);
            all.usage = all.usage.plus(got.usage);
            all.cost = match (all.cost, got.cost) {
                (Some(a), Some(b)) => Some(a.plus(b)),
                (a, b) => a.or(b),
            };
            all.quota = got.quota.or(all.quota);
            from = to;
        }
        let vectors = wanted.into_iter().filter_map(|at| all.vectors.get(at).cloned()).collect();
        Ok(Embeddings { vectors, ..all })
    }
}

fn without_inputs(request: &Embed) -> Embed {
    Embed {
        model: request.model.clone(),
        inputs: Vec::new(),
        dimensions: request.dimensions,
        extra: request.extra.clone(),
    }
}
