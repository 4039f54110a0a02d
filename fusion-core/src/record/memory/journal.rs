//! Streams: the chunks that appends brought.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::state::State;
use super::undo::Undo;
use crate::error::Result;
use crate::model::{Append, Digest, Head, Key, NodeIx, Payload, Record, Stamped};
use crate::record::bus::Ring;
use crate::record::refuse;

/// One stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) head: Head,
    pub(super) blobs: BTreeSet<Digest>,
    chunks: Vec<Chunk>,
}

/// The records of one append.
#[derive(Debug)]
struct Chunk {
    first: u64,
    at: i64,
    /// Those that say no more than [`End`] can, in order; they stand between the others.
    ends: Vec<End>,
    others: Vec<Record>,
}

/// The record that wide runs consist of, in eight bytes: a node succeeded at its first attempt, and its body gave `null`.
#[derive(Debug, Clone, Copy)]
struct End {
    node: NodeIx,
    /// How many records of the chunk come before it.
    place: u16,
    ms: u16,
}

impl End {
    fn of(place: usize, record: &Record) -> Option<Self> {
        match record {
            Record::NodeSucceeded(key, 1, ms, output, false)
                if *key == Key::node(key.node) && output.is_null() =>
            {
                let (place, ms) = (u16::try_from(place).ok()?, u16::try_from(*ms).ok()?);
                Some(Self { node: key.node, place, ms })
            }
            _ => None,
        }
    }

    fn record(self) -> Record {
        let key = Key::node(self.node);
        Record::NodeSucceeded(key, 1, u32::from(self.ms), Payload::NULL, false)
    }
}

impl Chunk {
    fn new(first: u64, at: i64, mut records: Vec<Record>) -> Self {
        let (mut place, mut ends) = (0, Vec::new());
        records.retain(|record| {
            let end = End::of(place, record);
            place += 1;
            ends.extend(end);
            end.is_none()
        });
        if !ends.is_empty() {
            ends.shrink_to_fit();
            records.shrink_to_fit();
        }
        Self { first, at, ends, others: records }
    }

    fn len(&self) -> usize {
        self.ends.len() + self.others.len()
    }

    /// Copies out the records, in their order.
    fn records(&self) -> impl Iterator<Item = Stamped> {
        let (mut ends, mut others) = (self.ends.iter().peekable(), self.others.iter());
        (0..self.len()).filter_map(move |place| {
            let end = ends.next_if(|end| usize::from(end.place) == place);
            let record = end.map(|end| end.record()).or_else(|| others.next().cloned())?;
            Some(Stamped { seq: self.first + place as u64, at: self.at, record })
        })
    }
}

impl Stream {
    fn push(&mut self, at: i64, records: Vec<Record>) {
        let first = self.head.seq + 1;
        self.head.seq += records.len() as u64;
        self.chunks.push(Chunk::new(first, at, records));
    }

    /// Removes the last chunk.
    pub(super) fn pop(&mut self) {
        if let Some(chunk) = self.chunks.pop() {
            self.head.seq = chunk.first - 1;
        }
    }

    /// Copies out records after a place.
    pub(super) fn read(&self, after: u64, limit: usize) -> Vec<Stamped> {
        let over = |chunk: &Chunk| chunk.first + chunk.len() as u64 <= after.saturating_add(1);
        let from = self.chunks.partition_point(over);
        let chunks = self.chunks.get(from..).unwrap_or_default().iter();
        let wanted = chunks.flat_map(Chunk::records).skip_while(|stamped| stamped.seq <= after);
        wanted.take(limit).collect()
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

#[cfg(test)]
mod tests;
