//! Fields of JSON that others wrote: what is missing or of another type is empty, nothing, or none.

use fusion_core::model::chat::{Fault, FaultKind, Usd};
use serde_json::{Map, Value};

/// How many billionths of a dollar a dollar has.
const NANO: f64 = 1e9;
/// How many decimals a price of one token has when it is given in billionths of a dollar for a million.
const DECIMALS: usize = 15;

/// Gives a text at a path.
pub(crate) fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Gives a list at a path.
pub(crate) fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Gives a whole number at a path; 0 when there is none.
pub(crate) fn count(value: &Value, path: &str) -> u64 {
    some_count(value, path).unwrap_or(0)
}

/// Gives a whole number at a path.
pub(crate) fn some_count(value: &Value, path: &str) -> Option<u64> {
    value.pointer(path).and_then(Value::as_u64)
}

/// Gives an amount of dollars at a path, rounded to the nearest billionth.
pub(crate) fn usd(value: &Value, path: &str) -> Option<Usd> {
    let amount = value.pointer(path)?.as_f64().filter(|amount| *amount >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it stops at both ends"
    )]
    let nano = (amount * NANO).round() as u64;
    Some(Usd::from_nano(nano))
}

/// Gives the price of a million of what one costs at a path, exactly: `"0.00000015"` dollars for a token are 0.15 for a
/// million. What is smaller than a billionth of a dollar for a million counts as one.
pub(crate) fn per_million(value: &Value, path: &str) -> Option<Usd> {
    let found = value.pointer(path)?;
    let said = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    let (whole, decimals) = said.split_once('.').unwrap_or((&said, ""));
    let digits = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) {
        return None;
    }
    let (kept, dropped) = decimals.split_at(decimals.len().min(DECIMALS));
    let number: u128 = format!("{whole}{kept:0<DECIMALS$}").parse().ok()?;
    let more = dropped.bytes().any(|sign| sign != b'0');
    u64::try_from(number + u128::from(more)).ok().map(Usd::from_nano)
}

/// Adds what only one provider understands to a body; it wins over what is there.
pub(crate) fn add(body: &mut Value, extra: &Map<String, Value>) {
    if let Value::Object(fields) = body {
        fields.extend(extra.clone());
    }
}

/// Sets a field if there is a value for it.
pub(crate) fn set(body: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Value::Object(fields), Some(value)) = (body, value) {
        fields.insert(name.to_owned(), value.into());
    }
}

/// Names the model in a body that names none.
pub(crate) fn name_model(body: &mut Value, model: &str) {
    if let Some(named) = body.get_mut("model").filter(|named| named.as_str() == Some("")) {
        *named = model.into();
    }
}

/// Reads what should be JSON.
///
/// # Errors
/// `malformed`, with the beginning of what it was.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(bytes).map_err(|error| {
        let begin: String = String::from_utf8_lossy(bytes).chars().take(200).collect();
        Fault::new(FaultKind::Malformed, format!("the response is no JSON: {error}")).detail(begin)
    })
}

/// Reads vectors of numbers, as many as there are texts.
///
/// # Errors
/// `malformed` when there are more or fewer, or when one is no list of numbers.
pub(crate) fn vectors<'v>(
    found: impl Iterator<Item = &'v Value>,
    wanted: usize,
) -> Result<Vec<Vec<f32>>, Fault> {
    #[expect(clippy::cast_possible_truncation, reason = "vectors are kept in single precision")]
    let number = |value: &Value| value.as_f64().map(|number| number as f32);
    let vector = |value: &Value| value.as_array()?.iter().map(number).collect::<Option<Vec<f32>>>();
    let vectors: Option<Vec<Vec<f32>>> = found.map(vector).collect();
    let wrong = |what: String| Fault::new(FaultKind::Malformed, what);
    let vectors = vectors.ok_or_else(|| wrong("a vector is no list of numbers".to_owned()))?;
    if vectors.len() == wanted {
        return Ok(vectors);
    }
    Err(wrong(format!("{} vectors came for {wanted} texts", vectors.len())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prices_of_one_token_become_those_of_a_million_exactly() {
        for (said, million) in [
            (json!("0.00000015"), Some("0.15")),
            (json!("0.0000000375"), Some("0.0375")),
            (json!("0"), Some("0")),
            (json!("0.000000000000000"), Some("0")),
            (json!("0.0000000000000000001"), Some("0.000000001")),
            (json!("-1"), None),
            (json!("1e-7"), None),
            (json!(null), None),
        ] {
            let value = json!({"p": said});
            let found = per_million(&value, "/p").map(|usd| usd.to_string());
            assert_eq!(found.as_deref(), million, "{said}");
        }
        assert_eq!(usd(&json!({"c": 0.000_012_5}), "/c"), Some(Usd::from_nano(12_500)));
        assert_eq!(usd(&json!({"c": -1}), "/c"), None);
    }
}
