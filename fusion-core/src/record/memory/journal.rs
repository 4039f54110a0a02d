//! Streams: the chunks that appends brought, kept as they came.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::state::State;
use super::undo::Undo;
use crate::error::Result;
use crate::model::{Append, Digest, Head, Payload, Record, Stamped};
use crate::record::bus::Ring;
use crate::record::refuse;

/// One stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) head: Head,
    pub(super) blobs: BTreeSet<Digest>,
    chunks: Vec<Chunk>,
}

/// The records of one append: moved in, never copied.
#[derive(Debug)]
struct Chunk {
    first: u64,
    at: i64,
    records: Vec<Record>,
}

impl Stream {
    fn push(&mut self, at: i64, records: Vec<Record>) {
        let first = self.head.seq + 1;
        self.head.seq += records.len() as u64;
        self.chunks.push(Chunk { first, at, records });
    }

    /// Removes the last chunk.
    pub(super) fn pop(&mut self) {
        if let Some(chunk) = self.chunks.pop() {
            self.head.seq = chunk.first - 1;
        }
    }

    /// Copies out records after a place.
    pub(super) fn read(&self, after: u64, limit: usize) -> Vec<Stamped> {
        let from = self.chunks.partition_point(|chunk| {
            chunk.first + chunk.records.len() as u64 <= after.saturating_add(1)
        });
        let chunks = self.chunks.get(from..).unwrap_or_default().iter();
        let all = chunks.flat_map(|chunk| {
            let (first, at) = (chunk.first, chunk.at);
            (first..).zip(&chunk.records).map(move |(seq, record)| (seq, at, record))
        });
        let wanted = all.skip_while(|(seq, ..)| *seq <= after).take(limit);
        wanted.map(|(seq, at, record)| Stamped { seq, at, record: record.clone() }).collect()
    }
}

impl State {
    pub(super) fn append(&mut self, append: Append, now: i64) -> Result<()> {
        refuse::length(&append.stream, append.records.len())?;
        let head = self.streams.get(&append.stream).map(|stream| stream.head);
        refuse::append(&append.stream, head.unwrap_or_default(), append.expect, append.epoch)?;
        let mut blobs = Vec::new();
        for payload in append.records.iter().flat_map(Record::payloads) {
            if let Payload::Blob(_, digest, _) = payload {
                blobs.push(*digest);
            }
        }
        self.have(&blobs, || format!("an append to `{}`", append.stream))?;
        let stream = self.stream(&append.stream);
        blobs.retain(|digest| stream.blobs.insert(*digest));
        stream.push(now, append.records);
        for digest in &blobs {
            self.refer(*digest);
        }
        self.undo.push(Undo::Append(append.stream.clone(), blobs));
        self.rings.push(Ring::Stream(append.stream));
        Ok(())
    }

    /// Finds a stream or makes it.
    pub(super) fn stream(&mut self, name: &Arc<str>) -> &mut Stream {
        if !self.streams.contains_key(name) {
            self.undo.push(Undo::NewStream(name.clone()));
        }
        self.streams.entry(name.clone()).or_default()
    }

    /// Raises the epoch of a stream and gives the new one: above both its own and the entry's.
    pub(super) fn raise(&mut self, name: Option<&Arc<str>>, epoch: u64) -> u64 {
        let Some(name) = name else { return epoch + 1 };
        let stream = self.stream(name);
        let before = stream.head.epoch;
        stream.head.epoch = before.max(epoch) + 1;
        let raised = stream.head.epoch;
        self.undo.push(Undo::Epoch(name.clone(), before));
        raised
    }

    pub(super) fn drop_stream(&mut self, name: &Arc<str>) -> Result<()> {
        if self.queue.points_at(name) {
            return Err(refuse::in_use(name));
        }
        if let Some(stream) = self.streams.remove(name) {
            for digest in &stream.blobs {
                self.release_blob(*digest);
            }
            self.undo.push(Undo::Drop(name.clone(), stream));
            self.rings.push(Ring::Stream(name.clone()));
        }
        Ok(())
    }
}
