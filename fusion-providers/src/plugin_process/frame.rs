//! What a program and the process of a plugin say to one another: frames, each with its length before it.
//!
//! ```text
//! length: u32 | kind: u8 | call: u64 | body          all little-endian; the length counts what comes after it
//! ```
//!
//! First the program says [`Kind::OPEN`] with an [`Opening`], and the process answers with [`Kind::READY`] and an [`About`], or
//! with [`Kind::REFUSED`] and a fault. Then calls go one way, and pieces, ends and lines of the log the other.

use std::borrow::Cow;
use std::path::PathBuf;

use fusion_core::contract::Timeouts;
use fusion_core::model::Digest;
use fusion_core::model::limits::ANSWER_BYTES;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::plugin_host::Ask;

/// The version of all that stands here. Both sides must have the same one: they are the same program, or of one release.
pub(super) const PROTOCOL: u32 = 1;
/// The longest frame, in bytes: a whole result, and what stands around it.
pub(super) const LONGEST: usize = 2 * ANSWER_BYTES + 4096;
/// How many bytes of a call's pieces may be on their way unread.
pub(super) const WINDOW: usize = 256 * 1024;
/// What stands before the body, without the length.
const HEAD: usize = 9;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(pub(super) u8);

impl Kind {
    /// To the process: open the plugin ([`Opening`]).
    pub(super) const OPEN: Self = Self(1);
    /// To the process: begin a call ([`Question`]).
    pub(super) const CALL: Self = Self(2);
    /// To the process: nobody waits for the call.
    pub(super) const CANCEL: Self = Self(3);
    /// To the process: so many bytes (u32) of the call's pieces were read.
    pub(super) const MORE: Self = Self(4);
    /// From the process: the plugin is open ([`About`]).
    pub(super) const READY: Self = Self(16);
    /// From the process: it is not, and why (a fault).
    pub(super) const REFUSED: Self = Self(17);
    /// From the process: a piece of an answer: its kind (u32), then the bytes.
    pub(super) const PIECE: Self = Self(18);
    /// From the process: the plugin has completed the call; the body is the result.
    pub(super) const END: Self = Self(19);
    /// From the process: it has completed the call with a fault.
    pub(super) const FAULT: Self = Self(20);
    /// From the process: a line of the log: its level (u32), then the text.
    pub(super) const LOG: Self = Self(21);
}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    pub(super) call: u64,
    pub(super) body: &'a [u8],
}

impl Frame<'_> {
    /// Writes a frame whose body comes in parts.
    ///
    /// # Errors
    /// When it is longer than [`LONGEST`].
    pub(super) fn write(
        into: &mut Vec<u8>,
        kind: Kind,
        call: u64,
        body: &[&[u8]],
    ) -> Result<(), String> {
        let len = body.iter().map(|part| part.len()).sum::<usize>().saturating_add(HEAD);
        let short = u32::try_from(len).ok().filter(|_| len <= LONGEST);
        let short = short
            .ok_or_else(|| format!("it has {len} bytes, and at most {LONGEST} can be sent"))?;
        into.reserve(len.saturating_add(4));
        into.extend_from_slice(&short.to_le_bytes());
        into.push(kind.0);
        into.extend_from_slice(&call.to_le_bytes());
        for part in body {
            into.extend_from_slice(part);
        }
        Ok(())
    }

    /// Reads a frame from the begin of these bytes; gives it with how many bytes it has. None when some are still missing.
    ///
    /// # Errors
    /// When this cannot be a frame.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, String> {
        let Some((len, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_le_bytes(*len) as usize;
        if !(HEAD..=LONGEST).contains(&len) {
            return Err(format!("what should be the length of a frame is {len}"));
        }
        let Some((frame, _)) = rest.split_at_checked(len) else { return Ok(None) };
        let head = frame.split_first().and_then(|(kind, rest)| {
            let (call, body) = rest.split_first_chunk::<8>()?;
            Some(Frame { kind: Kind(*kind), call: u64::from_le_bytes(*call), body })
        });
        Ok(head.map(|frame| (frame, len + 4)))
    }
}

/// Bytes that came, until they are frames.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// What of them was read.
    done: usize,
}

impl Inbox {
    /// Takes bytes in.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        // Moved only when as much has been read as is left: each byte once, on average.
        if self.done.saturating_mul(2) >= self.bytes.len() {
            self.bytes.drain(..self.done);
            self.done = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Gives the next frame that is whole.
    ///
    /// # Errors
    /// When what came is no frame.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, String> {
        let rest = self.bytes.get(self.done..).unwrap_or_default();
        let Some((frame, len)) = Frame::read(rest)? else { return Ok(None) };
        self.done = self.done.saturating_add(len);
        Ok(Some(frame))
    }
}

/// Takes a number from the begin of a body.
pub(super) fn number(body: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = body.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// What is to be opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Opening {
    pub(super) protocol: u32,
    pub(super) library: PathBuf,
    /// What its bytes must hash to; none when nobody looked at it before.
    pub(super) hash: Option<Digest>,
    /// How many bytes of memory the process may have of its own.
    #[serde(default)]
    pub(super) memory: Option<u64>,
    pub(super) config: Value,
    /// The secrets that it may ask for, with those that are set.
    pub(super) secrets: Vec<(String, Option<String>)>,
}

/// What was opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) protocol: u32,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) abi: u32,
    pub(super) ops: u32,
    pub(super) flags: u32,
}

/// What a call says besides its body.
#[derive(Debug, Serialize, Deserialize)]
struct Words<'a> {
    op: u32,
    key: Cow<'a, str>,
    labels: Box<RawValue>,
    timeouts: Timeouts,
    model: Cow<'a, str>,
    text: Cow<'a, str>,
}

/// One call as it crosses.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) key: Cow<'a, str>,
    /// With the time that is left as the whole.
    pub(super) timeouts: Timeouts,
    pub(super) ask: Ask<'a>,
}

impl Question<'_> {
    /// Writes it as a frame.
    ///
    /// # Errors
    /// When it is too long.
    pub(super) fn write(self, call: u64) -> Result<Vec<u8>, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        let Self { key, timeouts, ask } = self;
        let Ask { op, labels, model, text, body } = ask;
        let labels = serde_json::from_slice(&labels).map_err(wrong)?;
        let words = serde_json::to_vec(&Words { op, key, labels, timeouts, model, text });
        let words = words.map_err(wrong)?;
        let len = u32::try_from(words.len()).map_err(|error| error.to_string())?;
        let mut frame = Vec::new();
        Frame::write(&mut frame, Kind::CALL, call, &[&len.to_le_bytes(), &words, &body])?;
        Ok(frame)
    }

    /// Reads it from the body of a frame; none when it is none.
    pub(super) fn read(body: &[u8]) -> Option<Question<'static>> {
        let (len, rest) = number(body)?;
        let (words, body) = rest.split_at_checked(len as usize)?;
        let words: Words<'static> = serde_json::from_slice(words).ok()?;
        let Words { op, key, labels, timeouts, model, text } = words;
        let labels = labels.get().as_bytes().to_vec().into();
        let ask = Ask { op, labels, model, text, body: body.to_vec() };
        Some(Question { key, timeouts, ask })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_come_back_however_they_are_cut(
            kind: u8, call: u64, parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..4), cut in 0_usize..300,
        ) {
            let mut bytes = Vec::new();
            let lent: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            Frame::write(&mut bytes, Kind(kind), call, &lent).unwrap();
            let body = parts.concat();
            let whole = bytes.len();
            prop_assert_eq!(
                Frame::read(&bytes).unwrap(),
                Some((Frame { kind: Kind(kind), call, body: &body }, whole))
            );
            prop_assert_eq!(Frame::read(&bytes[..cut.min(whole - 1)]).unwrap(), None);
            bytes.extend_from_slice(b"more");
            prop_assert_eq!(Frame::read(&bytes).unwrap().unwrap().1, whole);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(Some((frame, len))) = Frame::read(&bytes) {
                prop_assert!(len <= bytes.len());
                drop(Question::read(frame.body));
            }
            drop(Question::read(&bytes));
        }
    }

    #[test]
    fn absurd_lengths_are_refused() {
        for len in [0_u32, 8, u32::try_from(LONGEST).unwrap() + 1, u32::MAX] {
            let wrong = Frame::read(&len.to_le_bytes()).unwrap_err();
            assert!(wrong.contains(&len.to_string()), "{wrong}");
        }
    }

    #[test]
    fn a_question_comes_back() {
        let labels = br#"{"run":"r"}"#[..].into();
        let ask = Ask { op: 2, labels, model: "m".into(), text: "t".into(), body: vec![0, 255] };
        let timeouts = Timeouts { total_ms: 7, ..Timeouts::default() };
        let frame = Question { key: "k".into(), timeouts, ask }.write(9).unwrap();
        let (frame, _) = Frame::read(&frame).unwrap().unwrap();
        assert_eq!((frame.kind, frame.call), (Kind::CALL, 9));
        let read = Question::read(frame.body).unwrap();
        assert_eq!((&*read.key, read.timeouts), ("k", timeouts));
        assert_eq!((read.ask.op, &*read.ask.model, &*read.ask.text), (2, "m", "t"));
        assert_eq!(
            (&*read.ask.labels, read.ask.body.as_slice()),
            (&br#"{"run":"r"}"#[..], &[0, 255][..])
        );
    }
}
