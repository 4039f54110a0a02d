//! A capsule: one run in one file, to look at, to send, to replay elsewhere. One JSON value a line.
//!
//! The first line says what it is; then come the records, each with the hash of the line before it and of itself (a
//! line that was changed, moved or removed is found), then the blobs that they name, then the end with the number of
//! records, without which the file is cut off.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::model::{Digest, Payload, PayloadKind, Record, RunId, Stamped};

/// The version of the form.
const VERSION: u32 = 1;

/// A run outside of any store.
#[derive(Debug, Clone, PartialEq)]
pub struct Capsule {
    /// The run.
    pub run: RunId,
    /// Its records, in order.
    pub records: Vec<Stamped>,
    /// The large values that they name.
    pub blobs: BTreeMap<Digest, Bytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Capsule { version: u32, run: RunId },
    Record { seq: u64, at: i64, record: Box<Record>, chain: Digest },
    Blob { digest: Digest, value: Payload },
    End { records: u64, chain: Digest },
}

impl Capsule {
    /// Writes the capsule.
    ///
    /// # Errors
    /// `FU0311` when a record cannot be written as JSON.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        line(&mut out, &Line::Capsule { version: VERSION, run: self.run.clone() })?;
        let mut chain = Digest::of(self.run.as_str().as_bytes());
        for stamped in &self.records {
            chain = link(chain, stamped)?;
            let record = Box::new(stamped.record.clone());
            line(&mut out, &Line::Record { seq: stamped.seq, at: stamped.at, record, chain })?;
        }
        for (digest, bytes) in &self.blobs {
            let value = if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
                Payload::Inline(PayloadKind::Json, bytes.clone())
            } else {
                Payload::Inline(PayloadKind::Bytes, bytes.clone())
            };
            line(&mut out, &Line::Blob { digest: *digest, value })?;
        }
        line(&mut out, &Line::End { records: self.records.len() as u64, chain })?;
        Ok(out)
    }

    /// Reads a capsule and checks all its hashes.
    ///
    /// # Errors
    /// `FU0311` when it is no capsule, was changed, or is cut off; the message names the record.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut lines = serde_json::Deserializer::from_slice(bytes).into_iter::<Line>();
        let run = match lines.next() {
            Some(Ok(Line::Capsule { version: VERSION, run })) => run,
            Some(Ok(Line::Capsule { version, .. })) => {
                return Err(broken(&format!(
                    "the capsule has the version {version}; this program reads {VERSION}"
                )));
            }
            _ => {
                return Err(broken("this is no capsule").hint("`fusion runs export RUN` makes one"));
            }
        };
        let mut chain = Digest::of(run.as_str().as_bytes());
        let mut capsule = Self { run, records: Vec::new(), blobs: BTreeMap::new() };
        for (n, next) in lines.enumerate() {
            let next = next.map_err(|error| {
                broken(&format!("line {} cannot be read", n + 2)).because(error)
            })?;
            match next {
                Line::Record { seq, at, record, chain: theirs } => {
                    let stamped = Stamped { seq, at, record: *record };
                    chain = link(chain, &stamped)?;
                    if chain != theirs || seq != capsule.records.len() as u64 + 1 {
                        return Err(broken(&format!("record {seq} was changed, moved or removed")));
                    }
                    capsule.records.push(stamped);
                }
                Line::Blob { digest, value } => {
                    let bytes = value.bytes().cloned().unwrap_or_default();
                    if Digest::of(&bytes) != digest {
                        return Err(broken(&format!("blob {digest} was changed")));
                    }
                    capsule.blobs.insert(digest, bytes);
                }
                Line::End { records, chain: theirs } => {
                    if records != capsule.records.len() as u64 || theirs != chain {
                        return Err(broken("its end does not fit its records"));
                    }
                    return Ok(capsule);
                }
                Line::Capsule { .. } => return Err(broken("it has two beginnings")),
            }
        }
        Err(broken("it is cut off"))
    }
}

fn line(out: &mut Vec<u8>, line: &Line) -> Result<()> {
    serde_json::to_writer(&mut *out, line)
        .map_err(|error| broken("it cannot be written").because(error))?;
    out.push(b'\n');
    Ok(())
}

fn link(before: Digest, stamped: &Stamped) -> Result<Digest> {
    let record = serde_json::to_vec(&stamped.record).map_err(|error| {
        broken(&format!("record {} cannot be written", stamped.seq)).because(error)
    })?;
    Ok(Digest::of_parts(&[
        before.as_bytes(),
        &stamped.seq.to_le_bytes(),
        &stamped.at.to_le_bytes(),
        &record,
    ]))
}

fn broken(what: &str) -> Error {
    Error::new(Code::Codec, format!("capsule: {what}"))
}
