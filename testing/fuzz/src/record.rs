//! Journal bodies: damaged ones are refused; of those with a right checksum, what can be read can be written again.

use fusion_core::record::codec;

use crate::shape::{Shape, magnitude};

/// Where the body belongs.
const PLACE: [i64; 5] = [1, 0, 1, 1, 1_700_000_000_000];

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let mut shape = Shape::new();
    // A checksum over noise is right one time in four thousand million; that is no finding.
    if let Err(error) = codec::decode(bytes, &PLACE) {
        shape.words(error.message());
    }
    match codec::decode(&codec::seal(bytes, &PLACE), &PLACE) {
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            shape.words(&source.unwrap_or_default());
        }
        Ok(records) => {
            shape.number(magnitude(records.len()));
            for record in &records {
                shape.words(&format!("{record:?}"));
            }
            let content = codec::encode(&records).map_err(|why| format!("not written: {why}"))?;
            let body = codec::seal(&content, &PLACE);
            let again = codec::decode(&body, &PLACE).map_err(|why| format!("not read: {why}"))?;
            if format!("{again:?}") != format!("{records:?}") {
                return Err(format!("read {records:?}, written and read again {again:?}"));
            }
            flipped(&body)?;
        }
    }
    Ok(shape.value())
}

/// Flips one bit after the other: each is found.
fn flipped(body: &[u8]) -> Result<(), String> {
    for at in (0..body.len()).take(64) {
        for bit in 0..8 {
            let mut other = body.to_vec();
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1 << bit;
            }
            if codec::decode(&other, &PLACE).is_ok() {
                return Err(format!("bit {bit} of byte {at} was flipped, and nobody noticed"));
            }
        }
    }
    Ok(())
}
