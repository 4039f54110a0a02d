//! JSON text of values: nothing is nested deeper than can be read again, and no number turns into something else.

use std::cell::Cell;
use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

mod finite;

/// How deep a value may be nested: a reader of JSON refuses what is deeper.
pub(crate) const DEPTH: usize = 127;

/// Writes a value as JSON.
///
/// # Errors
/// When it cannot be JSON: a failing `Serialize`, keys that are no text, a number that is not finite, or more than
/// [`DEPTH`] levels.
#[cfg(feature = "files")]
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    write(value, &mut bytes).map(|_| bytes)
}

/// Writes a value as JSON into exactly as much memory as it takes; none for `null`.
///
/// # Errors
/// As [`to_vec`].
pub(crate) fn to_bytes<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Bytes> {
    let mut room = ROOM.take();
    room.clear();
    let bytes = write(value, &mut room).map(|_| match room.as_slice() {
        b"null" => Bytes::from_static(b"null"),
        small if small.len() <= ROOM_BYTES => Bytes::copy_from_slice(small),
        _ => std::mem::take(&mut room).into(),
    });
    ROOM.set(room);
    bytes
}

/// The longest text that is written into room kept for the next one, in bytes.
const ROOM_BYTES: usize = 16 * 1024;

thread_local! {
    /// Where texts are written whose length is not known yet.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Turns a value into a JSON value.
///
/// # Errors
/// As [`to_vec`]; and for integers that need more than 64 bits, which would become floating point numbers.
#[cfg(feature = "engine")]
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Value> {
    let mut bytes = Vec::with_capacity(128);
    if write(value, &mut bytes)? {
        return Err(serde::ser::Error::custom(
            "an integer needs more than 64 bits: write it as a text",
        ));
    }
    serde_json::from_slice(&bytes)
}

/// Tells whether an integer needs more than 64 bits.
fn write<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> serde_json::Result<bool> {
    let mut form = Form::default();
    value.serialize(&mut Serializer::with_formatter(bytes, &mut form))?;
    // What is not finite is written as `null`, like what is not there.
    if form.has_null {
        value.serialize(finite::Finite)?;
    }
    Ok(form.is_wide)
}

/// Why a text gives no JSON value.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// It is no JSON, or nested too deep.
    #[error("it is no JSON: {0}")]
    Syntax(serde_json::Error),
    /// An integer in it would become a floating point number, which has fewer digits.
    #[error("it has an integer of more than 64 bits: write it as a text, in quotes")]
    Wide,
}

/// Reads a JSON text, and keeps all digits of its integers.
///
/// # Errors
/// When it is no JSON, and when an integer needs more than 64 bits.
pub fn read(text: &str) -> Result<Value, NotRead> {
    let value = serde_json::from_str(text).map_err(NotRead::Syntax)?;
    if text.len() > 18 && has_wide(text.as_bytes()) { Err(NotRead::Wide) } else { Ok(value) }
}

/// Tells whether a well-formed JSON text has an integer of more than 64 bits.
fn has_wide(mut text: &[u8]) -> bool {
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    while let Some((first, rest)) = text.split_first() {
        text = rest;
        if *first == b'"' {
            while let Some((sign, after)) = text.split_first() {
                text = after;
                match sign {
                    b'"' => break,
                    b'\\' => text = text.get(1..).unwrap_or_default(),
                    _ => {}
                }
            }
        } else if first.is_ascii_digit() || *first == b'-' {
            let more = rest.iter().take_while(|byte| is_number(byte)).count();
            let (tail, after) = rest.split_at_checked(more).unwrap_or((rest, &[]));
            let is_integer = !tail.iter().any(|byte| b".eE".contains(byte));
            let digits = std::str::from_utf8(tail).unwrap_or_default();
            let number = format!("{}{digits}", char::from(*first));
            if is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
                return true;
            }
            text = after;
        }
    }
    false
}

/// Writes a JSON value of any depth: the stack does not grow with it.
pub(crate) fn text_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    let mut form = Form::default();
    match value.serialize(&mut Serializer::with_formatter(&mut bytes, &mut form)) {
        Ok(()) => bytes,
        Err(_) => deep(value),
    }
}

/// Tells whether a value is nested no deeper than can be read again.
pub(crate) fn is_shallow(value: &Value) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        match value {
            Value::Array(_) | Value::Object(_) if depth >= DEPTH => return false,
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => open.extend(map.values().map(|item| (item, depth + 1))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    true
}

/// What is still to be written of a deep value.
enum Rest<'v> {
    Value(&'v Value),
    Field(&'v str, &'v Value),
    Sign(u8),
}

fn deep(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = vec![Rest::Value(value)];
    while let Some(next) = rest.pop() {
        let value = match next {
            Rest::Sign(sign) => {
                out.push(sign);
                continue;
            }
            Rest::Field(name, value) => {
                out.extend_from_slice(Value::from(name).to_string().as_bytes());
                out.push(b':');
                value
            }
            Rest::Value(value) => value,
        };
        match value {
            Value::Array(items) => {
                out.push(b'[');
                rest.push(Rest::Sign(b']'));
                separated(&mut rest, items.iter().map(Rest::Value).rev());
            }
            Value::Object(map) => {
                out.push(b'{');
                rest.push(Rest::Sign(b'}'));
                separated(&mut rest, map.iter().map(|(name, one)| Rest::Field(name, one)).rev());
            }
            plain => out.extend_from_slice(plain.to_string().as_bytes()),
        }
    }
    out
}

fn separated<'v>(rest: &mut Vec<Rest<'v>>, items: impl Iterator<Item = Rest<'v>>) {
    for (at, item) in items.enumerate() {
        if at > 0 {
            rest.push(Rest::Sign(b','));
        }
        rest.push(item);
    }
}

/// Text without spaces, with a bound on its depth, and a look at what may have become something else.
#[derive(Default)]
struct Form {
    depth: usize,
    has_null: bool,
    is_wide: bool,
}

impl Form {
    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(io::Error::other(format!("it is nested deeper than {DEPTH} levels")));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl Formatter for &mut Form {
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_null = true;
        CompactFormatter.write_null(writer)
    }

    fn write_i128<W: ?Sized + io::Write>(&mut self, writer: &mut W, n: i128) -> io::Result<()> {
        self.is_wide |= i64::try_from(n).is_err() && u64::try_from(n).is_err();
        CompactFormatter.write_i128(writer, n)
    }

    fn write_u128<W: ?Sized + io::Write>(&mut self, writer: &mut W, n: u128) -> io::Result<()> {
        self.is_wide |= u64::try_from(n).is_err();
        CompactFormatter.write_u128(writer, n)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        CompactFormatter.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.leave();
        CompactFormatter.end_array(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        CompactFormatter.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.leave();
        CompactFormatter.end_object(writer)
    }
}

#[cfg(test)]
mod tests;
