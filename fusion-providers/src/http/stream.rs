//! From a response that is still coming to chunks.

use std::collections::VecDeque;

use bytes::Bytes;
use fusion_core::contract::Chunks;
use fusion_core::model::chat::{Chunk, Fault, FaultKind};
use fusion_core::model::limits;
use futures_util::stream;

use super::Reply;
use crate::wire::{Event, Lines, Sse, TooLong};

/// The longest line or event of a stream, in bytes: a whole call of a tool may come in one.
const EVENT_BYTES: usize = 16 * 1024 * 1024;
/// The most of one stream that is read, in bytes: an answer in pieces of one letter, each in its JSON.
const STREAM_BYTES: usize = 8 * limits::ANSWER_BYTES;

/// What a protocol makes of events. Pure: it knows neither time nor connections.
pub(crate) trait Decode: Send + 'static {
    /// Takes the next event, and adds what it says.
    fn event(&mut self, event: &Event, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault>;

    /// Takes note that nothing more comes.
    fn end(&mut self, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault>;

    /// Tells whether the answer is whole, so that nothing more needs to be read.
    fn is_over(&self) -> bool;
}

/// How events are told apart.
pub(crate) enum Framing {
    /// Server-sent events.
    Sse(Sse),
    /// A line of JSON each.
    Lines(Lines),
}

impl Framing {
    pub(crate) fn sse() -> Self {
        Self::Sse(Sse::new(EVENT_BYTES))
    }

    pub(crate) fn lines() -> Self {
        Self::Lines(Lines::new(EVENT_BYTES))
    }

    fn take(&mut self, bytes: Option<&[u8]>, events: &mut Vec<Event>) -> Result<(), TooLong> {
        let each = |events: &mut Vec<Event>, line: &[u8]| {
            if !line.trim_ascii().is_empty() {
                let data = String::from_utf8_lossy(line).into_owned();
                events.push(Event { name: String::new(), data });
            }
            Ok(())
        };
        match (self, bytes) {
            (Self::Sse(sse), Some(bytes)) => sse.push(bytes, events),
            (Self::Sse(sse), None) => sse.finish(events),
            (Self::Lines(lines), Some(bytes)) => lines.push(bytes, |line| each(events, line)),
            (Self::Lines(lines), None) => lines.finish(|line| each(events, line)),
        }
    }
}

struct Reading<D> {
    reply: Reply,
    framing: Framing,
    decode: D,
    ready: VecDeque<Chunk>,
    events: Vec<Event>,
    bytes: usize,
    fault: Option<Fault>,
    is_over: bool,
}

/// Makes a stream of what comes. Dropping it closes the connection.
pub(crate) fn chunks(reply: Reply, framing: Framing, decode: impl Decode) -> Chunks {
    let mut ready = VecDeque::new();
    if !reply.quota.is_empty() {
        ready.push_back(Chunk::Quota { quota: reply.quota });
    }
    let (events, bytes, fault, is_over) = (Vec::new(), 0, None, false);
    let reading = Reading { reply, framing, decode, ready, events, bytes, fault, is_over };
    Box::pin(stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        loop {
            if let Some(chunk) = reading.ready.pop_front() {
                return Some((Ok(chunk), Some(reading)));
            }
            if let Some(fault) = reading.fault.take() {
                return Some((Err(reading.reply.endpoint().own(fault)), None));
            }
            if reading.is_over {
                return None;
            }
            // What came before a fault is told before it.
            reading.fault = reading.more().await.err();
        }
    }))
}

impl<D: Decode> Reading<D> {
    /// Reads until there is something to tell.
    async fn more(&mut self) -> Result<(), Fault> {
        let piece = self.reply.chunk().await?;
        self.bytes = self.bytes.saturating_add(piece.as_ref().map_or(0, Bytes::len));
        if self.bytes > STREAM_BYTES {
            return Err(malformed(format!("the stream is longer than {STREAM_BYTES} bytes")));
        }
        let framed = self.framing.take(piece.as_deref(), &mut self.events);
        for event in std::mem::take(&mut self.events) {
            if !self.decode.is_over() {
                self.decode.event(&event, &mut self.ready)?;
            }
        }
        framed.map_err(|TooLong { most }| {
            malformed(format!("an event of the stream is longer than {most} bytes"))
        })?;
        if piece.is_none() && !self.decode.is_over() {
            self.decode.end(&mut self.ready)?;
        }
        self.is_over = piece.is_none() || self.decode.is_over();
        Ok(())
    }
}

fn malformed(what: String) -> Fault {
    Fault::new(FaultKind::Malformed, what)
}
