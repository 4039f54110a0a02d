//! A SHA-256 content hash: the name of a blob, of a definition and of an input.

use std::{fmt, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The SHA-256 hash of some bytes (FIPS 180-4), shown as 64 lower-case hex digits.
///
/// ```
/// use fusion_core::model::Digest;
/// let digest = Digest::of(b"");
/// assert!(digest.to_string().starts_with("e3b0c442"));
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "HexOrBytes", try_from = "HexOrBytes")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Hashes all that a reader gives, piece by piece: a file larger than memory.
    ///
    /// # Errors
    /// As the reader's.
    pub fn of_reader(mut from: impl io::Read) -> io::Result<Self> {
        let (mut hasher, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
        loop {
            let read = match from.read(&mut piece) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            match piece.get(..read) {
                Some(bytes) if !bytes.is_empty() => hasher.update(bytes),
                _ => return Ok(Self(hasher.finalize().into())),
            }
        }
    }

    /// Hashes several parts, each preceded by its length, so that borders between them count.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Gives the 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Gives the first eight bytes as a number: a cheap, well-mixed seed.
    pub fn seed(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(self.0.split_at(8).0);
        u64::from_le_bytes(first)
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Says that a text is not 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hex digits")]
pub struct NotADigest;

impl std::str::FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(NotADigest);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotADigest)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotADigest)?;
        }
        Ok(Self(bytes))
    }
}

/// Text in human-readable formats and in journals alike, so that one reader serves both.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct HexOrBytes(String);

impl From<Digest> for HexOrBytes {
    fn from(digest: Digest) -> Self {
        Self(digest.to_string())
    }
}

impl TryFrom<HexOrBytes> for Digest {
    type Error = NotADigest;

    fn try_from(text: HexOrBytes) -> Result<Self, NotADigest> {
        text.0.parse()
    }
}
