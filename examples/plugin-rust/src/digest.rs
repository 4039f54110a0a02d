//! The provider, and the one line that makes a plugin of it.

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, Finish, Message, Model, Request, Usage,
};
use fusion_plugin::{Level, Plugin, Setup, export_provider};
use futures_util::{StreamExt, stream};
use serde::Deserialize;

use crate::text;

/// What the configuration may say: `{"sentences": 3}`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Digest {
    /// How many sentences are picked.
    sentences: usize,
}

impl Default for Digest {
    fn default() -> Self {
        Self { sentences: 3 }
    }
}

impl Plugin for Digest {
    fn open(setup: &Setup) -> Result<Self, Fault> {
        let digest: Self = setup.config()?;
        setup.log(Level::Debug, &format!("picks {} sentences", digest.sentences));
        Ok(digest)
    }
}

impl Digest {
    fn pick(&self, request: &Request) -> (Vec<String>, Usage) {
        let text = request.messages.last().map(Message::text).unwrap_or_default();
        let picked = text::pick(&text, self.sentences);
        let count = |text: &str| text.split_whitespace().count() as u64;
        let usage = Usage::new(count(&text), picked.iter().map(|one| count(one)).sum());
        (picked, usage)
    }
}

#[async_trait]
impl Provider for Digest {
    fn name(&self) -> &'static str {
        "digest"
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        call.check()?;
        request.check()?;
        let (picked, usage) = self.pick(request);
        Ok(Answer { usage, ..Answer::text_of("digest-1", picked.join(" ")) })
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        call.check()?;
        request.check()?;
        let (picked, usage) = self.pick(request);
        let begun = Chunk::Begun { id: String::new(), model: "digest-1".to_owned() };
        let texts = (0..).zip(picked).map(|(place, sentence)| match place {
            0 => Chunk::text(sentence),
            _ => Chunk::text(format!(" {sentence}")),
        });
        let last = [Chunk::Usage { usage, cost: None }, Chunk::end(Finish::Stop)];
        let all: Vec<_> = [begun].into_iter().chain(texts).chain(last).map(Ok).collect();
        Ok(stream::iter(all).boxed())
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        call.check()?;
        let dimensions = request.dimensions.unwrap_or(256).clamp(1, 4096) as usize;
        let vectors = request.inputs.iter().map(|text| text::vector(text, dimensions)).collect();
        Ok(Embeddings { model: "digest-1".to_owned(), vectors, ..Embeddings::default() })
    }

    async fn models(&self, _call: &Call) -> Result<Vec<Model>, Fault> {
        Ok(vec![Model { id: "digest-1".to_owned(), ..Model::default() }])
    }
}

export_provider!(Digest, "digest");
