//! How payloads are written: compactly in journals, readably in JSON.

use bytes::Bytes;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::payload::Kind;
use super::{Digest, Payload};

/// The form in journals.
#[derive(Serialize, Deserialize)]
enum Compact {
    #[serde(rename = "v")]
    Inline(Kind, Bytes),
    #[serde(rename = "r")]
    Blob(Kind, Digest, u64),
}

/// The form in JSON: a value as it is, bytes as hexadecimal digits, or the name of a blob.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Readable {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    json: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob: Option<(Kind, Digest, u64)>,
}

/// Reads a value that is there, `null` too.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let compact = match self.clone() {
                Self::Inline(kind, bytes) => Compact::Inline(kind, bytes),
                Self::Blob(kind, digest, len) => Compact::Blob(kind, digest, len),
            };
            return compact.serialize(serializer);
        }
        let mut readable = Readable { json: None, bytes: None, blob: None };
        match self {
            Self::Inline(Kind::Json, bytes) => {
                let text = String::from_utf8(bytes.to_vec()).map_err(S::Error::custom)?;
                readable.json = Some(RawValue::from_string(text).map_err(S::Error::custom)?);
            }
            Self::Inline(Kind::Bytes, bytes) => readable.bytes = Some(hex(bytes)),
            Self::Blob(kind, digest, len) => readable.blob = Some((*kind, *digest, *len)),
        }
        readable.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(match Compact::deserialize(deserializer)? {
                Compact::Inline(kind, bytes) => Self::Inline(kind, bytes),
                Compact::Blob(kind, digest, len) => Self::Blob(kind, digest, len),
            });
        }
        let wrong = "a payload has one of `json`, `bytes` and `blob`";
        match Readable::deserialize(deserializer)? {
            Readable { json: Some(json), bytes: None, blob: None } => {
                Ok(Self::from_json_bytes(json.get().to_owned().into_bytes()))
            }
            Readable { json: None, bytes: Some(digits), blob: None } => unhex(&digits)
                .map(Self::from_bytes)
                .ok_or_else(|| D::Error::custom("`bytes` are hexadecimal digits")),
            Readable { json: None, bytes: None, blob: Some((kind, digest, len)) } => {
                Ok(Self::Blob(kind, digest, len))
            }
            _ => Err(D::Error::custom(wrong)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_back_as_it_was() {
        let digest = Digest::of(b"x");
        for payload in [
            Payload::from_json_bytes(&br#"{"b": 1, "a": [1.50, "\u00e9"]}"#[..]),
            Payload::NULL,
            Payload::from_bytes(vec![0, 255, 7]),
            Payload::Blob(Kind::Json, digest, 70_000),
        ] {
            let text = serde_json::to_string(&payload).unwrap();
            assert_eq!(serde_json::from_str::<Payload>(&text).unwrap(), payload, "{text}");
        }
        assert!(serde_json::from_str::<Payload>("{}").is_err());
        assert!(serde_json::from_str::<Payload>(r#"{"bytes": "0g"}"#).is_err());
    }
}
