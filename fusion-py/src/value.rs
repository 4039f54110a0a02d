//! Values between Python and JSON: plain ones directly, all others through `fusion_kit._values.plain`.

use std::fmt;

use fusion_core::model::Payload;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use crate::error;

/// The deepest nesting that JSON readers of all three languages take.
const DEPTH: usize = 120;

/// Where in a value something is: `$.pages[3].title`.
enum Part {
    Key(String),
    Index(usize),
}

/// Reads JSON as Python objects.
pub(crate) fn read<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = Reader(py).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|cause| PyValueError::new_err(format!("a value cannot be read: {cause}")))
}

/// Reads a payload, whose bytes must be at hand.
pub(crate) fn read_payload<'py>(py: Python<'py>, payload: &Payload) -> PyResult<Bound<'py, PyAny>> {
    match payload {
        Payload::Inline(fusion_core::model::PayloadKind::Bytes, bytes) => {
            Ok(pyo3::types::PyBytes::new(py, bytes).into_any())
        }
        _ if payload.is_null() => Ok(py.None().into_bound(py)),
        _ => match payload.bytes() {
            Some(bytes) => read(py, bytes),
            None => Err(PyValueError::new_err("a value was not loaded from its blob")),
        },
    }
}

/// Writes a Python object as JSON.
///
/// # Errors
/// `TypeError` that names the place in the value, for what JSON cannot hold.
pub(crate) fn write(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut writer = Writer { out: Vec::with_capacity(32), path: Vec::new() };
    writer.value(value)?;
    Ok(writer.out)
}

/// Writes a Python object as a payload.
pub(crate) fn write_payload(value: &Bound<'_, PyAny>) -> PyResult<Payload> {
    if value.is_none() {
        return Ok(Payload::NULL);
    }
    write(value).map(Payload::from_json_bytes)
}

/// Writes a Python object as the engine's own form of JSON.
pub(crate) fn to_json(value: &Bound<'_, PyAny>) -> PyResult<serde_json::Value> {
    let bytes = write(value)?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| PyValueError::new_err(format!("a value cannot be JSON: {cause}")))
}

/// Reads the engine's own form of JSON.
pub(crate) fn of_json<'py>(
    py: Python<'py>,
    value: &serde_json::Value,
) -> PyResult<Bound<'py, PyAny>> {
    read(py, value.to_string().as_bytes())
}

#[derive(Clone, Copy)]
struct Reader<'py>(Python<'py>);

impl<'de, 'py> DeserializeSeed<'de> for Reader<'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for Reader<'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.0.None().into_bound(self.0))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(PyBool::new(self.0, value).to_owned().into_any())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        value.into_pyobject(self.0).map(Bound::into_any).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        value.into_pyobject(self.0).map(Bound::into_any).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(PyFloat::new(self.0, value).into_any())
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(PyString::new(self.0, value).into_any())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.0);
        while let Some(item) = items.next_element_seed(self)? {
            list.append(item).map_err(A::Error::custom)?;
        }
        Ok(list.into_any())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let map = PyDict::new(self.0);
        while let Some(key) = entries.next_key_seed(self)? {
            map.set_item(key, entries.next_value_seed(self)?).map_err(A::Error::custom)?;
        }
        Ok(map.into_any())
    }
}

struct Writer {
    out: Vec<u8>,
    path: Vec<Part>,
}

impl Writer {
    fn value(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if value.is_none() {
            self.out.extend_from_slice(b"null");
        } else if let Ok(text) = value.cast_exact::<PyString>() {
            self.text(text)?;
        } else if let Ok(truth) = value.cast_exact::<PyBool>() {
            self.out.extend_from_slice(if truth.is_true() { b"true" } else { b"false" });
        } else if value.cast_exact::<PyInt>().is_ok() {
            self.integer(value)?;
        } else if let Ok(number) = value.cast_exact::<PyFloat>() {
            self.number(number.value())?;
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.list(list.iter())?;
        } else if let Ok(map) = value.cast_exact::<PyDict>() {
            self.map(map)?;
        } else if let Ok(list) = value.cast_exact::<PyTuple>() {
            self.list(list.iter())?;
        } else {
            return self.other(value);
        }
        Ok(())
    }

    fn integer(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(number) = value.extract::<i64>() {
            self.json(&number)
        } else if let Ok(number) = value.extract::<u64>() {
            self.json(&number)
        } else {
            Err(self.unfit("is a whole number of more than 64 bits: give it as text"))
        }
    }

    fn number(&mut self, number: f64) -> PyResult<()> {
        if number.is_finite() {
            return self.json(&number);
        }
        Err(self.unfit(&format!("is {number}, which JSON does not have: give None or text")))
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> PyResult<()> {
        match text.to_str() {
            Ok(text) => self.json(text),
            Err(_) => Err(self.unfit("is text with half of a surrogate pair, which is no Unicode")),
        }
    }

    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> PyResult<()> {
        serde_json::to_writer(&mut self.out, value)
            .map_err(|cause| self.unfit(&format!("cannot be written: {cause}")))
    }

    fn list<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<()> {
        self.out.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.inner(Part::Index(at), &item)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn map(&mut self, map: &Bound<'_, PyDict>) -> PyResult<()> {
        self.out.push(b'{');
        let mut first = true;
        for (key, item) in map.iter() {
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            let key = if key.is_exact_instance_of::<PyString>() { key } else { self.key(&key)? };
            let text = key.cast::<PyString>()?;
            self.text(text)?;
            self.out.push(b':');
            let name = text.to_string_lossy().into_owned();
            self.inner(Part::Key(name), &item)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Gives a key as text: an enum's value, a UUID, a date.
    fn key<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if key.cast_exact::<PyInt>().is_ok() {
            return Ok(key.str()?.into_any());
        }
        let kind = || kind_of(key);
        let known = error::plain(key).ok().filter(PyAnyMethods::is_exact_instance_of::<PyString>);
        known.ok_or_else(|| {
            self.unfit(&format!("has a key of type {}: keys are text in JSON", kind()))
        })
    }

    fn inner(&mut self, part: Part, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.path.push(part);
        if self.path.len() > DEPTH {
            return Err(self.unfit(&format!("is nested deeper than {DEPTH}, or holds itself")));
        }
        self.value(value)?;
        self.path.pop();
        Ok(())
    }

    fn other(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let plain = error::plain(value).map_err(|cause| {
            let said = cause.value(value.py()).to_string();
            self.unfit(&said)
        })?;
        // Each look through `plain` goes one level down, so that it comes to an end.
        self.path.push(Part::Key(String::new()));
        if self.path.len() > DEPTH {
            return Err(self.unfit(&format!("is nested deeper than {DEPTH}, or holds itself")));
        }
        self.value(&plain)?;
        self.path.pop();
        Ok(())
    }

    fn unfit(&self, what: &str) -> PyErr {
        let mut place = String::from("$");
        for part in &self.path {
            match part {
                Part::Key(key) if key.is_empty() => {}
                Part::Key(key) => place.extend([".", key]),
                Part::Index(at) => place.extend(["[", &at.to_string(), "]"]),
            }
            if place.len() > 300 {
                place.push('…');
                break;
            }
        }
        error::unfit(&format!("{place} {what}"))
    }
}

/// Names the type of an object.
pub(crate) fn kind_of(value: &Bound<'_, PyAny>) -> String {
    let kind = value.get_type();
    kind.qualname().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}
