//! Names of runs and sessions.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::model::limits;

/// The name of a run: 1 to 128 of `A-Za-z0-9._:-`, generated as a UUIDv7 (RFC 9562) or given by the caller.
///
/// ```
/// use fusion_core::model::RunId;
/// assert!(RunId::new("digest-2026-11-21").is_ok());
/// assert!(RunId::new("no spaces").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(Arc<str>);

impl RunId {
    /// Takes a caller's own id.
    ///
    /// # Errors
    /// `FU0102` when the text is empty, too long or has another character.
    pub fn new(text: &str) -> Result<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        if text.is_empty() || text.len() > limits::RUN_ID_BYTES || !text.chars().all(fits) {
            return Err(Error::new(Code::InvalidId, format!("`{}` is no run id", crop(text)))
                .hint("use 1 to 128 of the characters A-Z a-z 0-9 . _ : -"));
        }
        Ok(Self(text.into()))
    }

    /// Makes a UUIDv7 from a time and 80 random bits.
    pub fn generate(now_ms: i64, random: [u64; 2]) -> Self {
        let ms = u64::try_from(now_ms).unwrap_or(0) & 0xffff_ffff_ffff;
        let high = (ms << 16) | 0x7000 | (random[0] & 0x0fff);
        let low = 0x8000_0000_0000_0000 | (random[1] >> 2);
        let hex = format!("{high:016x}{low:016x}");
        let part = |range| hex.get::<std::ops::Range<usize>>(range).unwrap_or_default();
        let text = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-");
        Self(text.into())
    }

    /// Names the run that node `key` of this run starts as a sub-workflow; the same for every attempt of it.
    ///
    /// Ids that would pass the length limit are shortened by a hash of the whole.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let mut text = format!("{}.{}", self.0, key.replace(['[', '#'], ".").replace(']', ""));
        if text.len() > limits::RUN_ID_BYTES || Self::new(&text).is_err() {
            let hash = super::Digest::of(text.as_bytes()).to_string();
            let keep: String = self.0.chars().take(60).collect();
            text = format!("{keep}.{hash}").chars().take(limits::RUN_ID_BYTES).collect();
        }
        Self(text.into())
    }

    /// Gives the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names the journal stream of the run.
    pub fn stream(&self) -> String {
        format!("run/{}", self.0)
    }

    /// Names the queue through which others speak to the run's owner.
    pub fn inbox(&self) -> String {
        format!("inbox/{}", self.0)
    }
}

/// Keeps an error readable when the bad text is huge.
fn crop(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(&text)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0.as_ref().to_owned()
    }
}

/// The random name of one process's (or one engine's) claim on work; never reused, so a restarted process is somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl SessionId {
    /// Makes an id from a random number; 63 bits, so that it is a positive SQL integer.
    pub fn from_random(random: u64) -> Self {
        Self((random >> 1).max(1))
    }
}
