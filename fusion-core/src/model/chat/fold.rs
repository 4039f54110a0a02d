//! From chunks to an answer: the only way in which a streamed answer is put together.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Chunk, Fault, FaultKind, Part, Reasoning, ToolCall};
use crate::model::limits;

/// Puts an answer together from its chunks.
///
/// The answer is the same however texts, reasoning and arguments were cut into chunks, and whatever was mixed among them of
/// usage and quota. Every call gets an id of its own: one that is missing is made (`call-1`), one that is there already gets a
/// number behind it (`a-2`).
///
/// ```
/// use fusion_core::model::chat::{Chunk, Finish, Fold};
///
/// let mut fold = Fold::default();
/// for piece in ["Hel", "lo"] {
///     fold.push(Chunk::text(piece)).unwrap();
/// }
/// fold.push(Chunk::end(Finish::Stop)).unwrap();
/// assert_eq!(fold.finish().unwrap().text(), "Hello");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Fold {
    answer: Answer,
    /// The part of the call that each index stands for now, and the id that the provider gave it.
    open: BTreeMap<u32, (usize, String)>,
    bytes: usize,
    ended: bool,
}

impl Fold {
    /// Adds the next chunk.
    ///
    /// # Errors
    /// `malformed` for arguments without their call, for content after the end, and for an answer that is larger than
    /// [`limits::ANSWER_BYTES`] or has more parts than [`limits::ANSWER_PARTS`].
    pub fn push(&mut self, chunk: Chunk) -> Result<(), Fault> {
        if chunk.is_content() {
            self.check(&chunk)?;
        }
        match chunk {
            Chunk::Begun { id, model } => {
                fill(&mut self.answer.id, id);
                fill(&mut self.answer.model, model);
            }
            Chunk::Cached => self.answer.cached = true,
            Chunk::Text { text } => self.text(text),
            Chunk::Reasoning { text } => self.reasoning(&text),
            Chunk::Signature { signature, redacted } => self.seal(signature, redacted),
            Chunk::Call { index, id, name, signature } => {
                self.call(index, ToolCall { id, name, arguments: String::new(), signature });
            }
            Chunk::Arguments { index, text } => self.arguments(index, &text)?,
            Chunk::Usage { usage, cost } => {
                self.answer.usage = self.answer.usage.max(usage);
                self.answer.cost = self.answer.cost.max(cost);
            }
            Chunk::Quota { quota } => {
                self.answer.quota = Some(self.answer.quota.unwrap_or_default().then(quota));
            }
            Chunk::End { .. } if self.ended => return Err(malformed("the answer ends twice")),
            Chunk::End { finish } => {
                self.answer.finish = finish;
                self.ended = true;
            }
        }
        Ok(())
    }

    /// Gives the answer.
    ///
    /// # Errors
    /// `malformed` when the end never came: the stream was cut.
    pub fn finish(self) -> Result<Answer, Fault> {
        if self.ended {
            return Ok(self.partial());
        }
        Err(malformed("the stream stopped before the answer's end"))
    }

    /// Gives what has come so far, as an answer.
    pub fn partial(mut self) -> Answer {
        // Given ids are known first, so that a made one never takes the place of a given one.
        let mut taken: BTreeSet<String> = self.answer.calls().map(|call| call.id.clone()).collect();
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        for part in &mut self.answer.parts {
            let Part::Call(call) = part else { continue };
            let (base, first) =
                if call.id.is_empty() { ("call", 1) } else { (call.id.as_str(), 2) };
            let known = next.entry(call.id.clone());
            if matches!(known, Entry::Vacant(_)) && !call.id.is_empty() {
                known.or_insert(first);
                continue;
            }
            let number = known.or_insert(first);
            let id = loop {
                let id = format!("{base}-{number}");
                *number += 1;
                if taken.insert(id.clone()) {
                    break id;
                }
            };
            call.id = id;
        }
        self.answer
    }

    /// Tells whether the end came.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    fn check(&mut self, chunk: &Chunk) -> Result<(), Fault> {
        if self.ended {
            return Err(malformed("the answer goes on after its end"));
        }
        self.bytes = self.bytes.saturating_add(match chunk {
            Chunk::Text { text } | Chunk::Reasoning { text } | Chunk::Arguments { text, .. } => {
                text.len()
            }
            Chunk::Signature { signature, .. } => signature.len(),
            Chunk::Call { id, name, .. } => id.len().saturating_add(name.len()),
            _ => 0,
        });
        if self.bytes > limits::ANSWER_BYTES {
            let most = limits::ANSWER_BYTES;
            return Err(malformed(format!("the answer is larger than {most} bytes")));
        }
        if self.answer.parts.len() >= limits::ANSWER_PARTS {
            let most = limits::ANSWER_PARTS;
            return Err(malformed(format!("the answer has {most} parts and does not end")));
        }
        Ok(())
    }

    fn text(&mut self, text: String) {
        // An empty piece must not make a difference: it would begin a part.
        if text.is_empty() {
            return;
        }
        match self.answer.parts.last_mut() {
            Some(Part::Text { text: said }) => said.push_str(&text),
            _ => self.answer.parts.push(Part::Text { text }),
        }
    }

    fn reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            self.thought(|thought| thought.text.push_str(text));
        }
    }

    fn seal(&mut self, signature: String, redacted: bool) {
        self.thought(|thought| {
            thought.signature = Some(signature);
            thought.redacted = redacted;
        });
    }

    /// Changes the thought that goes on, or begins one.
    fn thought(&mut self, change: impl FnOnce(&mut Reasoning)) {
        if let Some(Part::Reasoning(last)) = self.answer.parts.last_mut()
            && last.signature.is_none()
        {
            return change(last);
        }
        let mut thought = Reasoning::default();
        change(&mut thought);
        self.answer.parts.push(Part::Reasoning(thought));
    }

    fn call(&mut self, index: u32, call: ToolCall) {
        if let Some((at, id)) = self.open.get(&index)
            && let Some(Part::Call(before)) = self.answer.parts.get_mut(*at)
        {
            let same_id = call.id.is_empty() || *id == call.id;
            let same_name = call.name.is_empty() || before.name == call.name;
            if same_id && same_name {
                before.signature = before.signature.take().or(call.signature);
                return;
            }
        }
        self.open.insert(index, (self.answer.parts.len(), call.id.clone()));
        self.answer.parts.push(Part::Call(call));
    }

    fn arguments(&mut self, index: u32, text: &str) -> Result<(), Fault> {
        let at = self.open.get(&index).map(|(at, _)| *at);
        let part = at.and_then(|at| self.answer.parts.get_mut(at));
        let Some(Part::Call(call)) = part else {
            return Err(malformed(format!("arguments came for call {index}, which never began")));
        };
        call.arguments.push_str(text);
        Ok(())
    }
}

fn fill(text: &mut String, with: String) {
    if text.is_empty() {
        *text = with;
    }
}

fn malformed(what: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Malformed, what)
}
