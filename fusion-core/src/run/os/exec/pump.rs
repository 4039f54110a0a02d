//! Feeds and reads a program, all at once and in bounded memory.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::contract::{Heard, Stopped};

/// How much is read at once, in bytes: what a pipe holds.
const CHUNK_BYTES: usize = 64 * 1024;

/// Keeps the first bytes of a stream and counts the rest.
#[derive(Debug)]
pub(super) struct Head {
    kept: BytesMut,
    limit: usize,
    pub(super) total: u64,
}

impl Head {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: BytesMut::new(), limit, total: 0 }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.kept.freeze()
    }
}

/// Keeps the last bytes of a stream and counts the rest.
#[derive(Debug)]
pub(super) struct Tail {
    kept: BytesMut,
    limit: usize,
    pub(super) total: u64,
}

impl Tail {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: BytesMut::new(), limit, total: 0 }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        let surplus = self.kept.len().saturating_sub(self.limit);
        self.kept.freeze().split_off(surplus)
    }
}

/// Takes in what was read.
pub(super) trait Keep {
    /// Takes one chunk.
    fn keep(&mut self, chunk: &[u8]);
}

impl Keep for Head {
    fn keep(&mut self, chunk: &[u8]) {
        self.total += chunk.len() as u64;
        let room = self.limit - self.kept.len();
        self.kept.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
    }
}

impl Keep for Tail {
    /// Holds up to twice the limit, so that each byte is moved at most once on average.
    fn keep(&mut self, chunk: &[u8]) {
        self.total += chunk.len() as u64;
        self.kept.extend_from_slice(chunk);
        if self.kept.len() > self.limit.saturating_mul(2) {
            let surplus = self.kept.len() - self.limit;
            let end = self.kept.len();
            self.kept.copy_within(surplus..end, 0);
            self.kept.truncate(self.limit);
        }
    }
}

/// Keeps, says with each chunk that the program lives, and tells it on.
pub(super) struct Told<'a, K>(
    pub(super) &'a mut K,
    pub(super) &'a dyn Stopped,
    pub(super) Option<&'a Heard>,
);

impl<K: Keep> Keep for Told<'_, K> {
    fn keep(&mut self, chunk: &[u8]) {
        self.1.alive();
        if let Some(heard) = self.2 {
            heard.hear(chunk);
        }
        self.0.keep(chunk);
    }
}

/// Reads to the end. A stream that breaks has ended.
pub(super) async fn drain(stream: Option<impl AsyncRead + Unpin>, into: &mut impl Keep) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(read) = stream.read(&mut chunk).await {
        if read == 0 {
            break;
        }
        into.keep(chunk.get(..read).unwrap_or_default());
    }
}

/// Writes all and closes. A program that does not want to read more has had enough.
pub(super) async fn feed(stream: Option<impl AsyncWrite + Unpin>, bytes: Bytes) {
    if let Some(mut stream) = stream {
        // `EPIPE` is no fault: `head` and its like stop reading when they are content.
        let _: std::io::Result<()> = stream.write_all(&bytes).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ends_are_kept(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
            limit in 0_usize..60,
        ) {
            let (mut head, mut tail) = (Head::new(limit), Tail::new(limit));
            for chunk in &chunks {
                head.keep(chunk);
                tail.keep(chunk);
                prop_assert!(tail.kept.len() <= 2 * limit);
            }
            let all = chunks.concat();
            prop_assert_eq!(head.total, all.len() as u64);
            prop_assert_eq!(tail.total, all.len() as u64);
            let kept = limit.min(all.len());
            prop_assert_eq!(&head.into_bytes()[..], &all[..kept]);
            prop_assert_eq!(&tail.into_bytes()[..], &all[all.len() - kept..]);
        }
    }
}
