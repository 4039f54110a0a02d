//! Tests of the edges of JSON: depth, numbers, names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::model::Payload;

/// A list in a list in a list, made and freed without recursion.
struct Deep(Value);

impl Deep {
    fn new(levels: usize) -> Self {
        Self((1..levels).fold(json!([]), |inner, _| Value::Array(vec![inner])))
    }
}

impl Drop for Deep {
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.0);
        while let Value::Array(mut items) = rest {
            rest = items.pop().unwrap_or_default();
        }
    }
}

#[test]
fn what_is_written_can_be_read_again() {
    for levels in [1, DEPTH - 1, DEPTH] {
        let deep = Deep::new(levels);
        assert!(is_shallow(&deep.0), "{levels}");
        let payload = Payload::json(&deep.0).unwrap();
        assert_eq!(payload.decode::<Value>().unwrap(), deep.0, "{levels}");
        assert_eq!(to_value(&deep.0).unwrap(), deep.0, "{levels}");
    }
    for levels in [DEPTH + 1, DEPTH + 2, 100_000] {
        let deep = Deep::new(levels);
        assert!(!is_shallow(&deep.0), "{levels}");
        for error in [Payload::json(&deep.0).unwrap_err(), to_value(&deep.0).unwrap_err()] {
            assert!(error.to_string().contains("deeper than 127"), "{levels}: {error}");
        }
        // A value that is there already is written whatever its depth; who reads it is told.
        let payload = Payload::value(&deep.0);
        assert_eq!(payload.len(), 2 * levels as u64);
        assert!(payload.decode::<Value>().is_err(), "{levels}");
    }
}

#[test]
fn a_deep_value_is_written_like_any_other() {
    let value = json!({"a": [1, {"b\n": [null, "\"", 1.5, {}, []]}], "c": {"d": true}, "": -1});
    assert_eq!(String::from_utf8(deep(&value)).unwrap(), value.to_string());
    assert_eq!(text_of(&value), value.to_string().into_bytes());
}

#[test]
fn no_number_becomes_something_else() {
    let refused = |error: serde_json::Error| error.to_string();
    for text in [
        refused(Payload::json(&f64::NAN).unwrap_err()),
        refused(Payload::json(&[1.0, f64::INFINITY]).unwrap_err()),
        refused(Payload::json(&Some(f32::NEG_INFINITY)).unwrap_err()),
        refused(Payload::json(&BTreeMap::from([("a", Some(f64::NAN))])).unwrap_err()),
        refused(to_value(&(1, f64::NAN)).unwrap_err()),
    ] {
        assert!(text.contains("no number of JSON"), "{text}");
    }
    let holes = json!([null, {"a": null}]);
    assert_eq!(Payload::json(&holes).unwrap().decode::<Value>().unwrap(), holes);
    assert!(Payload::json(&()).unwrap().is_null());
    assert!(Payload::json(&None::<f64>).unwrap().is_null());

    for number in [u128::MAX, u128::from(u64::MAX) + 1] {
        assert_eq!(Payload::json(&number).unwrap().decode::<u128>().unwrap(), number);
        assert!(to_value(&number).unwrap_err().to_string().contains("64 bits"), "{number}");
    }
    assert_eq!(Payload::json(&i128::MIN).unwrap().decode::<i128>().unwrap(), i128::MIN);
    assert!(to_value(&[i128::MIN]).is_err());
    for number in [json!(u64::MAX), json!(i64::MIN), json!(-0.0), json!(f64::MIN_POSITIVE)] {
        assert_eq!(to_value(&number).unwrap(), number);
    }
    assert_eq!(to_value(&u128::from(u64::MAX)).unwrap(), json!(u64::MAX));
}

#[test]
fn texts_with_integers_of_more_than_64_bits_are_refused() {
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "[1, {\"a\": 340282366920938463463374607431768211455}]",
    ] {
        assert!(read(text).unwrap_err().to_string().contains("64 bits"), "{text}");
    }
    for text in [
        "18446744073709551615",
        "-9223372036854775808",
        "1e30",
        "123456789012345678901.5",
        "\"340282366920938463463374607431768211455\"",
        "{\"a\\\"99999999999999999999\": \"99999999999999999999\\\\\"}",
    ] {
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
    }
    assert!(read("{").is_err());
}

#[test]
fn a_floating_point_number_is_the_same_after_a_journey() {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..50_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = f64::from_bits(bits);
        if !number.is_finite() {
            continue;
        }
        let back: f64 = Payload::json(&number).unwrap().decode().unwrap();
        assert_eq!(back.to_bits(), bits, "{number:e} came back as {back:e}");
    }
}

#[test]
fn names_may_be_any_text() {
    for name in ["", "\0", "a\0b", "ä\u{10ffff}", "\"\\\n", "null"] {
        let value = json!({name: {name: name}});
        assert_eq!(Payload::json(&value).unwrap().decode::<Value>().unwrap(), value, "{name:?}");
        assert_eq!(to_value(&value).unwrap(), value, "{name:?}");
    }
    // Of two of the same name the last one counts.
    let twice = Payload::from_json_bytes(br#"{"a":1,"a":2}"#.as_slice());
    assert_eq!(twice.decode::<Value>().unwrap(), json!({"a": 2}));
    for bytes in [b"\xff".as_slice(), b"\"\xc3\x28\"", b"", b"nul", b"[1,]", b"\"\\ud800\""] {
        assert!(Payload::from_json_bytes(bytes).decode::<Value>().is_err(), "{bytes:?}");
    }
}

#[test]
fn a_value_may_be_written_while_another_one_is() {
    struct Outer;
    impl Serialize for Outer {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = Payload::json(&vec![7; ROOM_BYTES]).map_err(serde::ser::Error::custom)?;
            let inner: Vec<u32> = inner.decode().map_err(serde::ser::Error::custom)?;
            serializer.collect_seq(inner.iter().take(3))
        }
    }
    for _ in 0..3 {
        assert_eq!(Payload::json(&Outer).unwrap().decode::<Value>().unwrap(), json!([7, 7, 7]));
    }
}
