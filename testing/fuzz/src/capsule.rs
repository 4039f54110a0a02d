//! Capsules: an error in words, or a run that is the same when it is written and read.

use fusion_core::record::capsule::Capsule;

use crate::shape::{Shape, magnitude};

/// Pieces of capsules.
pub(crate) const WORDS: &[&str] = &[
    "{\"capsule\":",
    "{\"record\":",
    "{\"blob\":",
    "{\"end\":",
    "\"version\":",
    "\"run\":",
    "\"seq\":",
    "\"at\":",
    "\"chain\":",
    "\"records\":",
    "\"digest\":",
    "\"value\":",
    "\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "\"\"",
    "0",
    "1",
];

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let mut shape = Shape::new();
    match Capsule::read(bytes) {
        Err(error) => {
            if error.message().trim().is_empty() {
                return Err("an error without words".to_owned());
            }
            shape.words(error.message());
            let source = std::error::Error::source(&error).map(ToString::to_string);
            shape.words(&source.unwrap_or_default());
        }
        Ok(capsule) => {
            let text = capsule.write().map_err(|why| format!("it cannot be written: {why}"))?;
            let again = Capsule::read(&text).map_err(|why| format!("not read again: {why}"))?;
            if again != capsule {
                return Err(format!("read {capsule:?}, written and read again {again:?}"));
            }
            shape.number(magnitude(capsule.records.len()));
            shape.number(magnitude(capsule.blobs.len()));
        }
    }
    Ok(shape.value())
}
