//! Records to bytes and back. A flipped bit is an error, never a panic and never a wrong record.
//!
//! A body is a version byte, then each record as its length (LEB128) and MessagePack (structs as arrays), then the CRC-32
//! of all that and of the numbers that say where the body belongs. A CRC finds every single flipped bit and every burst
//! of up to 32; the numbers make a body useless in another place.

use rmp_serde::{Deserializer, Serializer};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::model::Record;

/// The version that this program writes.
const VERSION: u8 = 1;
/// The length of the checksum, in bytes.
const SUM_BYTES: usize = 4;

/// Encodes records; [`seal`] makes a body of them.
///
/// # Errors
/// `FU0502` when a record cannot be encoded, which no record ever should.
pub fn encode(records: &[Record]) -> Result<Vec<u8>> {
    let mut body = Vec::with_capacity(16 + 96 * records.len());
    let mut one = Vec::with_capacity(128);
    body.push(VERSION);
    for record in records {
        one.clear();
        record.serialize(&mut Serializer::new(&mut one)).map_err(|source| {
            Error::new(Code::Internal, "a record cannot be encoded").because(source)
        })?;
        put_length(&mut body, one.len());
        body.extend_from_slice(&one);
    }
    Ok(body)
}

/// Makes the body of encoded records: they, and a checksum over them and over the place that they belong to.
pub fn seal(content: &[u8], place: &[i64]) -> Vec<u8> {
    [content, checksum(content, place).to_le_bytes().as_slice()].concat()
}

/// Decodes a body that was sealed for this place.
///
/// # Errors
/// `FU0311` when a bit differs, the place differs, or a newer version wrote it.
pub fn decode(body: &[u8], place: &[i64]) -> Result<Vec<Record>> {
    let split = body.len().checked_sub(SUM_BYTES).ok_or_else(|| damaged("it is too short"))?;
    let (content, sum) = body.split_at(split);
    if sum != checksum(content, place).to_le_bytes() {
        return Err(damaged("its checksum is wrong"));
    }
    let (version, mut rest) = content.split_first().ok_or_else(|| damaged("it is empty"))?;
    if *version != VERSION {
        let text = format!("a record has format {version}, and this program knows up to {VERSION}");
        return Err(Error::new(Code::Codec, text).hint("use the newest version of Fusion"));
    }
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (one, after) = take_length(rest)
            .and_then(|(length, after)| after.split_at_checked(length))
            .ok_or_else(|| damaged("a length does not fit"))?;
        let mut reader = Deserializer::from_read_ref(one);
        let record = Record::deserialize(&mut reader).map_err(|source| {
            Error::new(Code::Codec, "a record cannot be decoded")
                .hint("was it written by a newer version of Fusion?")
                .because(source)
        })?;
        records.push(record);
        rest = after;
    }
    Ok(records)
}

/// Hashes bytes together with the numbers that they belong to.
pub(super) fn checksum(bytes: &[u8], place: &[i64]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    // Few bytes at a time cost several times as much.
    for numbers in place.chunks(8) {
        let mut together = [0; 64];
        for (bytes, number) in together.chunks_exact_mut(8).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        hasher.update(together.split_at(8 * numbers.len()).0);
    }
    hasher.update(bytes);
    hasher.finalize()
}

fn damaged(why: &str) -> Error {
    Error::new(Code::Codec, format!("a stored record is damaged: {why}"))
        .hint("restore a backup; `fusion doctor` examines the store")
}

fn put_length(body: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        body.push(lowest(length) | 0x80);
        length >>= 7;
    }
    body.push(lowest(length));
}

fn lowest(number: usize) -> u8 {
    number.to_le_bytes().first().copied().unwrap_or(0)
}

fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..).map(|rest| (length, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests;
