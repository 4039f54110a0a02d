//! Bytes by hash, and how many own them.

use bytes::Bytes;

use super::state::State;
use super::undo::Undo;
use crate::error::Result;
use crate::model::Digest;
use crate::record::refuse;

impl State {
    pub(super) fn put_blob(&mut self, digest: Digest, bytes: Bytes) {
        if !self.blobs.contains_key(&digest) {
            self.undo.push(Undo::Blob(digest, None));
            self.blobs.insert(digest, bytes);
        }
    }

    /// Refuses to name what is not there.
    pub(super) fn have(&self, blobs: &[Digest], who: impl Fn() -> String) -> Result<()> {
        let missing = blobs.iter().find(|digest| !self.blobs.contains_key(digest));
        missing.map_or(Ok(()), |digest| Err(refuse::blob(&who(), *digest)))
    }

    /// Counts one more owner.
    pub(super) fn refer(&mut self, digest: Digest) {
        let owners = self.refs.get(&digest).copied().unwrap_or(0);
        self.undo.push(Undo::Refs(digest, owners));
        self.set_refs(digest, owners + 1);
    }

    /// Counts one owner less; the last one takes the bytes along.
    pub(super) fn release_blob(&mut self, digest: Digest) {
        let owners = self.refs.get(&digest).copied().unwrap_or(0);
        self.undo.push(Undo::Refs(digest, owners));
        self.set_refs(digest, owners.saturating_sub(1));
        if owners <= 1
            && let Some(bytes) = self.blobs.remove(&digest)
        {
            self.undo.push(Undo::Blob(digest, Some(bytes)));
        }
    }

    pub(super) fn set_refs(&mut self, digest: Digest, owners: usize) {
        if owners == 0 {
            self.refs.remove(&digest);
        } else {
            self.refs.insert(digest, owners);
        }
    }
}
