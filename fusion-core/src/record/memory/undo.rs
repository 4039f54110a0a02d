//! What takes back the first half of a refused batch.

use std::sync::Arc;

use super::journal::Stream;
use super::queue::Slot;
use super::state::{Life, State};
use crate::model::{Digest, Document, SessionId};

/// One change, as what was there before.
#[derive(Debug)]
pub(super) enum Undo {
    /// A stream was made.
    NewStream(Arc<str>),
    /// A stream got a chunk and perhaps blobs.
    Append(Arc<str>, Vec<Digest>),
    /// A stream had this epoch.
    Epoch(Arc<str>, u64),
    /// A stream was deleted.
    Drop(Arc<str>, Stream),
    /// An entry was this, or not there.
    Slot(u64, Option<Box<Slot>>),
    /// A dead letter was written.
    Dead,
    /// A session was this, or not there.
    Session(SessionId, Option<Life>),
    /// A document was this, or not there.
    Document(Arc<str>, Arc<str>, Option<Document>),
    /// A blob was this, or not there.
    Blob(Digest, Option<bytes::Bytes>),
    /// A blob had so many owners.
    Refs(Digest, usize),
}

impl State {
    /// Takes back everything since the batch began.
    pub(super) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            self.take_back(undo);
        }
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::NewStream(name) => {
                self.streams.remove(&name);
            }
            Undo::Append(name, blobs) => {
                if let Some(stream) = self.streams.get_mut(&name) {
                    stream.pop();
                    for digest in &blobs {
                        stream.blobs.remove(digest);
                    }
                }
            }
            Undo::Epoch(name, epoch) => {
                if let Some(stream) = self.streams.get_mut(&name) {
                    stream.head.epoch = epoch;
                }
            }
            Undo::Drop(name, stream) => {
                self.streams.insert(name, stream);
            }
            Undo::Slot(id, slot) => {
                self.queue.set(id, slot.map(|slot| *slot));
            }
            Undo::Dead => {
                self.dead.pop();
            }
            Undo::Session(id, Some(life)) => {
                self.sessions.insert(id, life);
            }
            Undo::Session(id, None) => {
                self.sessions.remove(&id);
            }
            Undo::Document(kind, id, document) => {
                self.records.set(&kind, &id, document);
            }
            Undo::Blob(digest, Some(bytes)) => {
                self.blobs.insert(digest, bytes);
            }
            Undo::Blob(digest, None) => {
                self.blobs.remove(&digest);
            }
            Undo::Refs(digest, owners) => self.set_refs(digest, owners),
        }
    }
}
