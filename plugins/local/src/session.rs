//! What the model has read so far, and the tokens it says next.

use std::num::NonZeroU32;

use fusion_core::model::chat::{Fault, FaultKind};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{LlamaContextParams, LlamaPoolingType};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use crate::shelf::invalid;

/// How many tokens are read at once: between two batches it is seen that nobody waits any more.
const BATCH_TOKENS: usize = 256;

/// How large a session is, and how many threads work for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// In tokens.
    pub(crate) context: u32,
    pub(crate) threads: i32,
    /// What it is for: vectors of texts, or words.
    pub(crate) embeds: bool,
}

/// A model's memory of one conversation. The next one that begins alike is not read again from its start.
pub(crate) struct Session<'model> {
    model: &'model LlamaModel,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    read: Vec<LlamaToken>,
}

impl<'model> Session<'model> {
    pub(crate) fn new(
        backend: &LlamaBackend,
        model: &'model LlamaModel,
        size: Size,
    ) -> Result<Self, Fault> {
        let tokens = u32::try_from(BATCH_TOKENS).unwrap_or(u32::MAX);
        // A vector is made of a whole text at once.
        let batch = if size.embeds { size.context } else { tokens };
        let mut params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(size.context))
            .with_n_batch(batch)
            .with_n_ubatch(batch)
            .with_n_threads(size.threads)
            .with_n_threads_batch(size.threads)
            .with_no_perf(true);
        if size.embeds {
            params = params.with_embeddings(true).with_pooling_type(LlamaPoolingType::Mean);
        }
        let context = model.new_context(backend, params).map_err(|error| {
            let what = format!("there is no room for {} tokens of context: {error}", size.context);
            Fault::new(FaultKind::Overloaded, what)
        })?;
        let batch = LlamaBatch::new(usize::try_from(batch).unwrap_or(BATCH_TOKENS), 1);
        Ok(Self { model, context, batch, read: Vec::new() })
    }

    /// Gives how many tokens there is room for.
    pub(crate) fn room(&self) -> usize {
        usize::try_from(self.context.n_ctx()).unwrap_or(usize::MAX)
    }

    /// Turns a text into tokens; marks of turns in it are marks.
    pub(crate) fn tokens(&self, text: &str) -> Vec<LlamaToken> {
        let vocab = self.model.vocab();
        let begins = vocab.text(vocab.bos()).and_then(|bos| bos.to_str().ok()).unwrap_or_default();
        let is_begun = !begins.is_empty() && text.starts_with(begins);
        vocab.tokenize(text.as_bytes(), vocab.should_add_bos() && !is_begun, true)
    }

    /// Reads a prompt, but for what it has read before. Gives how many tokens that were; none when nobody waits any more.
    pub(crate) fn read(
        &mut self,
        prompt: &[LlamaToken],
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<usize>, Fault> {
        if prompt.is_empty() {
            return Err(invalid("the prompt is empty"));
        }
        if prompt.len() >= self.room() {
            let what = format!("{} tokens, and there is room for {}", prompt.len(), self.room());
            return Err(Fault::new(FaultKind::ContextTooLong, what));
        }
        let alike = self.read.iter().zip(prompt).take_while(|(old, new)| old == new).count();
        // The last token is always read: what comes next is told with it.
        let known = self.forget(alike.min(prompt.len() - 1))?;
        let rest = prompt.get(known..).unwrap_or_default();
        for part in rest.chunks(BATCH_TOKENS) {
            if !is_wanted() {
                return Ok(None);
            }
            self.decode(part)?;
        }
        Ok(Some(known))
    }

    /// Picks the next token; none at the end of the answer.
    pub(crate) fn next(&mut self, sampler: &mut LlamaSampler) -> Option<LlamaToken> {
        let token = sampler.sample(&self.context, self.batch.n_tokens() - 1);
        (!self.model.vocab().is_eog(token)).then_some(token)
    }

    /// Reads a token that it has said. `false` when there is no room for it.
    pub(crate) fn follow(&mut self, token: LlamaToken) -> Result<bool, Fault> {
        if self.read.len() + 1 >= self.room() {
            return Ok(false);
        }
        self.decode(&[token])?;
        Ok(true)
    }

    /// Turns a text into a vector of length 1, and tells how many tokens it has.
    pub(crate) fn embed(&mut self, text: &str) -> Result<(Vec<f32>, usize), Fault> {
        let tokens = self.tokens(text);
        if tokens.is_empty() || tokens.len() > self.room() {
            let what = format!("a text of {} tokens; from 1 to {} fit", tokens.len(), self.room());
            return Err(Fault::new(FaultKind::ContextTooLong, what));
        }
        self.forget(0)?;
        self.batch.clear();
        for (place, token) in (0..).zip(&tokens) {
            self.batch.add(*token, place, &[0], true).map_err(failed)?;
        }
        self.context.decode(&mut self.batch).map_err(failed)?;
        let vector = self.context.embeddings_seq_ith(0).map_err(failed)?;
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        Ok((vector.iter().map(|value| value * scale).collect(), tokens.len()))
    }

    /// Forgets all after the first tokens, and tells how many are still known.
    fn forget(&mut self, mut keep: usize) -> Result<usize, Fault> {
        let from = u32::try_from(keep).map_err(failed)?;
        // Some kinds of models cannot forget a part.
        if keep == 0
            || !self.context.clear_kv_cache_seq(Some(0), Some(from), None).map_err(failed)?
        {
            self.context.clear_kv_cache();
            keep = 0;
        }
        self.read.truncate(keep);
        Ok(keep)
    }

    fn decode(&mut self, tokens: &[LlamaToken]) -> Result<(), Fault> {
        self.batch.clear();
        for (place, token) in tokens.iter().enumerate() {
            let at = i32::try_from(self.read.len() + place).map_err(failed)?;
            self.batch.add(*token, at, &[0], place + 1 == tokens.len()).map_err(failed)?;
        }
        if let Err(error) = self.context.decode(&mut self.batch) {
            // What it knows now is not known.
            self.forget(0)?;
            return Err(failed(error));
        }
        self.read.extend_from_slice(tokens);
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Overloaded, format!("llama.cpp failed: {error}"))
}
