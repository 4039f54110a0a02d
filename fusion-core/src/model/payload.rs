//! Values that travel between nodes: opaque bytes with a kind, parsed by whoever wants them.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[cfg(feature = "engine")]
use super::{Class, Failure, limits};
use super::{Digest, json};

/// How a payload's bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// JSON text (RFC 8259) in UTF-8.
    #[serde(rename = "j")]
    Json,
    /// Bytes that only the user's code understands.
    #[serde(rename = "b")]
    Bytes,
}

/// A value on its way: cheap to clone whatever its size.
///
/// Values above [`limits::INLINE_BYTES`](super::limits::INLINE_BYTES) live in the store's blobs once per content; then
/// the payload holds only their name until someone loads them.
///
/// ```
/// use fusion_core::model::Payload;
/// let payload = Payload::json(&vec![1, 2, 3]).unwrap();
/// assert_eq!(payload.decode::<Vec<u8>>().unwrap(), [1, 2, 3]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// The value itself.
    Inline(Kind, Bytes),
    /// The name, the length in bytes and the kind of a blob.
    Blob(Kind, Digest, u64),
}

impl Payload {
    /// The JSON value `null`.
    pub const NULL: Self = Self::Inline(Kind::Json, Bytes::from_static(b"null"));

    /// Encodes a value as JSON.
    ///
    /// # Errors
    /// When the value cannot be JSON: a map with non-text keys, a failing `Serialize`, a number that is not finite, or more
    /// than 127 levels, which nobody could read again.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        Ok(Self::Inline(Kind::Json, json::to_bytes(value)?))
    }

    /// Gives it back unless it is larger than a payload may be; `who` begins the sentence that says so.
    #[cfg(feature = "engine")]
    pub(crate) fn bounded(self, who: &str) -> Result<Self, Failure> {
        let (bytes, most) = (self.len(), limits::PAYLOAD_BYTES);
        if bytes <= most {
            return Ok(self);
        }
        Err(Failure::new(Class::LIMIT, format!("{who} {bytes} bytes; the most is {most}")))
    }

    /// Wraps a JSON value.
    pub fn value(value: &serde_json::Value) -> Self {
        Self::Inline(Kind::Json, json::text_of(value).into())
    }

    /// Wraps bytes that are JSON already.
    pub fn from_json_bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Inline(Kind::Json, bytes.into())
    }

    /// Wraps bytes that are not JSON.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Inline(Kind::Bytes, bytes.into())
    }

    /// Decodes an inline JSON payload.
    ///
    /// # Errors
    /// When the bytes do not fit the type, are not JSON, or have to be loaded from blobs first.
    pub fn decode<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        match self {
            Self::Inline(Kind::Json, bytes) => serde_json::from_slice(bytes),
            Self::Inline(Kind::Bytes, _) => {
                Err(serde::de::Error::custom("the payload is bytes, not JSON"))
            }
            Self::Blob(..) => {
                Err(serde::de::Error::custom("the payload was not loaded from its blob"))
            }
        }
    }

    /// Gives the bytes if the payload is inline.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Inline(_, bytes) => Some(bytes),
            Self::Blob(..) => None,
        }
    }

    /// Gives the length of the value in bytes, wherever it lives.
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(_, bytes) => bytes.len() as u64,
            Self::Blob(_, _, len) => *len,
        }
    }

    /// Tells whether the value has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether this is the JSON `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Inline(Kind::Json, bytes) if bytes.as_ref() == b"null")
    }

    /// Gives the content hash: a blob's name is the hash of its bytes.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Inline(_, bytes) => Digest::of(bytes),
            Self::Blob(_, digest, _) => *digest,
        }
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inline(Kind::Json, bytes) => {
                let text = String::from_utf8_lossy(bytes);
                let short: String = text.chars().take(80).collect();
                write!(f, "{short}{}", if short.len() < text.len() { "…" } else { "" })
            }
            Self::Inline(Kind::Bytes, bytes) => write!(f, "<{} bytes>", bytes.len()),
            Self::Blob(_, digest, len) => write!(f, "<blob {digest} of {len} bytes>"),
        }
    }
}
