//! Names and ids as the file keeps them: a generated run id (a UUID) takes 16 bytes instead of 36 characters.
//!
//! Packed ids sort as the texts do, so lists keep their order. Only UUIDs that begin with the digit 0, which are those of
//! UUIDv7 until the year 2527, have the short form; any other text is kept as it is, behind a few bytes where its place
//! among the UUIDs needs them:
//!
//! | first byte | what follows | which text |
//! |---|---|---|
//! | `00` | the text | sorts before every such UUID |
//! | `10` to `1f` | the rest of the UUID's 16 bytes (the first has `10` added), the rest of the text | begins with a UUID |
//! | `10` to `1f` | the UUID before it, `ff`, the text | sorts between two UUIDs |
//! | `30` and above | itself the text's first | sorts after every such UUID |
//!
//! The name of a stream is the packed id for a run's, and `01` with the text for others.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::fault::corrupt;
use crate::error::Result;

/// What the streams of runs are called, before their id.
const RUN: &str = "run/";
/// Begins the names of streams that are no run's.
const OTHER: u8 = 0x01;
/// Begins what sorts before every UUID.
const BELOW: u8 = 0x00;
/// Follows the UUID after which a text sorts: no byte of a text has this value.
const AFTER: u8 = 0xff;
/// The bit that makes a UUID's first byte `10` to `1f`.
const MARK: u128 = 1 << 124;
/// The characters of a UUID.
const UUID_CHARS: usize = 36;

/// Where a text stands among the UUIDs that begin with 0.
enum Place<'text> {
    Below,
    /// It begins with this one.
    At(u128, &'text str),
    /// It sorts after this one and before the next, and begins with neither.
    After(u128),
    Above,
}

/// Packs an id. Packed ids sort as the ids do, byte by byte.
pub(super) fn pack(id: &str) -> Vec<u8> {
    let (number, parts) = match place(id) {
        Place::Below => return [&[BELOW], id.as_bytes()].concat(),
        Place::Above => return id.as_bytes().to_vec(),
        Place::At(number, rest) => (number, [&[], rest.as_bytes()]),
        Place::After(number) => (number, [[AFTER].as_slice(), id.as_bytes()]),
    };
    let [mark, text] = parts;
    [(number | MARK).to_be_bytes().as_slice(), mark, text].concat()
}

/// Gives the id that was packed.
pub(super) fn unpack(packed: &[u8]) -> Result<String> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| damaged());
    let id = match (packed.first(), packed.split_first_chunk::<16>()) {
        (Some(&BELOW), _) => text(packed.get(1..).unwrap_or_default())?,
        (Some(0x10..=0x1f), Some((number, rest))) => {
            if let Some((&AFTER, rest)) = rest.split_first() {
                text(rest)?
            } else {
                let id = write(u128::from_be_bytes(*number) & !MARK);
                return Ok(id + &text(rest)?);
            }
        }
        (Some(0x30..), _) => text(packed)?,
        _ => return Err(damaged()),
    };
    // These could have been packed elsewhere than where they stand.
    if pack(&id) == packed { Ok(id) } else { Err(damaged()) }
}

/// Packs the name of a stream.
pub(super) fn pack_name(name: &str) -> Vec<u8> {
    name.strip_prefix(RUN).map_or_else(|| [&[OTHER], name.as_bytes()].concat(), pack)
}

/// Reads the name of a stream from a column; of a store of schema 1 or 2 too, which kept the text.
pub(super) fn name(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Result<String>>> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| damaged());
    Ok(match row.get_ref(index)? {
        ValueRef::Text(bytes) | ValueRef::Blob([OTHER, bytes @ ..]) => Some(text(bytes)),
        ValueRef::Blob(packed) => Some(unpack(packed).map(|id| format!("{RUN}{id}"))),
        _ => None,
    })
}

fn damaged() -> crate::error::Error {
    corrupt("a name in the store is damaged: nothing is called so")
}

/// Finds the place of a text.
fn place(text: &str) -> Place<'_> {
    let bytes = text.as_bytes();
    let mut number = 0_u128;
    let mut shift = 128;
    for at in 0..UUID_CHARS {
        let found = bytes.get(at).copied();
        if [8, 13, 18, 23].contains(&at) {
            match found {
                Some(b'-') => continue,
                Some(other) if other > b'-' => return after(number | low(shift)),
                _ => return before(number),
            }
        }
        shift -= 4;
        let digit = match found {
            Some(digit @ b'0'..=b'9') => digit - b'0',
            Some(digit @ b'a'..=b'f') => digit - b'a' + 10,
            Some(other) if other > b'f' => return after(number | low(shift + 4)),
            Some(other) if other > b'9' => return after(number | (9 << shift) | low(shift)),
            _ => return before(number),
        };
        number |= u128::from(digit) << shift;
        if number >= MARK {
            return Place::Above;
        }
    }
    Place::At(number, text.get(UUID_CHARS..).unwrap_or_default())
}

/// Gives the largest number below `1 << bits`.
fn low(bits: u32) -> u128 {
    1_u128.checked_shl(bits).unwrap_or(0).wrapping_sub(1)
}

/// The place after a UUID; after the last one that begins with 0 there is no next.
fn after(number: u128) -> Place<'static> {
    if number >= MARK - 1 { Place::Above } else { Place::After(number) }
}

/// The place before a UUID and after all smaller ones.
fn before(number: u128) -> Place<'static> {
    number.checked_sub(1).map_or(Place::Below, Place::After)
}

/// Writes a UUID as text.
fn write(number: u128) -> String {
    let hex = format!("{number:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
mod tests;
