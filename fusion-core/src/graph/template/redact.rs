//! Secrets: remembering which were handed out, and taking them out of what is written down.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::dump;
use crate::model::{Failure, Payload, PayloadKind};

/// The shortest value that is redacted, in bytes: shorter ones would blank out ordinary words.
const LEAST: usize = 4;
/// What stands in the place of a secret.
const MASK: &str = "***";

/// The secrets of a process, by name, with a memory of which values were handed out.
#[derive(Clone)]
pub struct Secrets(Arc<Shared>);

type Find = dyn Fn(&str) -> Option<String> + Send + Sync;

struct Shared {
    find: Box<Find>,
    given: Mutex<BTreeSet<String>>,
    /// Some were handed out: without any, outputs are not looked at.
    any: AtomicBool,
}

impl Secrets {
    /// Makes them from a look-up: the environment, a store of secrets.
    pub fn new(find: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            find: Box::new(find),
            given: Mutex::default(),
            any: AtomicBool::new(false),
        }))
    }

    /// Makes an empty set: every secret is missing.
    pub fn none() -> Self {
        Self::new(|_| None)
    }

    /// Gives the value of a secret and remembers that it is out.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = (self.0.find)(name)?;
        self.remember(value.clone());
        Some(value)
    }

    /// Remembers a value that came from elsewhere, as if it had been handed out here.
    pub fn remember(&self, value: impl Into<String>) {
        let mut given = self.0.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.insert(value.into());
        self.0.any.store(true, Ordering::Release);
    }

    /// Makes a redactor for every value that was handed out so far.
    pub fn redactor(&self) -> Redactor {
        let given = self.0.given.lock().unwrap_or_else(PoisonError::into_inner);
        Redactor::new(given.iter().cloned())
    }

    /// Makes a redactor if anything was handed out that can be redacted.
    pub fn redactor_if_any(&self) -> Option<Redactor> {
        let any = self.0.any.load(Ordering::Acquire);
        any.then(|| self.redactor()).filter(|redactor| !redactor.is_empty())
    }
}

impl Default for Secrets {
    /// Gives an empty set.
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Replaces secrets by `***`: as they are, and in JSON, base64, URL, hexadecimal and octal form.
///
/// A secret of several lines is also found line by line, and in text that is broken into lines: base64 of 64 or 76 signs,
/// hexadecimal of 60. In dumps of bytes (`xxd`, `hexdump`, `od` but for octal words, numbers with `:` or `, ` between them) it is
/// found across lines, wherever it begins; of such a line also the characters behind the numbers go.
///
/// Values and lines under 4 bytes are left alone, as they would blank out ordinary words, and so is whatever a program made
/// of a secret in other ways: it is a safety net, not a proof.
///
/// ```
/// use fusion_core::graph::template::Redactor;
/// let redactor = Redactor::new(["hunter2".to_owned()]);
/// assert_eq!(redactor.text("token=hunter2;"), "token=***;");
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    /// Every form of every secret, longest first.
    forms: Vec<String>,
    /// Every secret and every line of one, in the form in which dumps are searched.
    said: Vec<String>,
}

impl Redactor {
    /// Makes a redactor for these values.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let values = values.into_iter().map(|value| value.trim().to_owned());
        let long: BTreeSet<String> = values.filter(|value| value.len() >= LEAST).collect();
        let said: BTreeSet<&str> = long
            .iter()
            .flat_map(|value| std::iter::once(value.as_str()).chain(parts(value)))
            .collect();
        let said = said.into_iter().map(dump::searched).collect();
        let forms: BTreeSet<String> = long.iter().flat_map(|value| forms(value)).collect();
        let mut forms: Vec<String> = forms.into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { forms, said }
    }

    /// Tells whether there is nothing to replace.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Replaces secrets in a text; gives the text itself when there is none in it.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = self.without_dumps(text);
        for form in &self.forms {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), MASK));
            }
        }
        text
    }

    /// Replaces secrets in every text and key of a JSON value; tells whether there were any.
    pub fn json(&self, value: &mut Value) -> bool {
        if self.is_empty() {
            return false;
        }
        match value {
            Value::String(text) => match self.text(text) {
                Cow::Borrowed(_) => false,
                Cow::Owned(redacted) => {
                    *text = redacted;
                    true
                }
            },
            Value::Array(items) => self.every(items.iter_mut()),
            Value::Object(map) => {
                let mut found = self.every(map.values_mut());
                if map.keys().any(|key| matches!(self.text(key), Cow::Owned(_))) {
                    let old = std::mem::take(map);
                    map.extend(old.into_iter().map(|(key, v)| (self.text(&key).into_owned(), v)));
                    found = true;
                }
                found
            }
            Value::Number(number) => {
                let redacted = self.forms.iter().any(|form| *form == number.to_string());
                if redacted {
                    *value = Value::String(MASK.to_owned());
                }
                redacted
            }
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// Replaces secrets in a value that is at hand; bytes that are not UTF-8 and blobs are left alone.
    #[must_use]
    pub fn payload(&self, payload: Payload) -> Payload {
        let Payload::Inline(kind, bytes) = &payload else { return payload };
        if self.is_empty() {
            return payload;
        }
        if *kind == PayloadKind::Json
            && let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
        {
            return if self.json(&mut value) { Payload::value(&value) } else { payload };
        }
        let text = std::str::from_utf8(bytes).map(|text| self.text(text));
        let Ok(Cow::Owned(clean)) = text else { return payload };
        Payload::Inline(*kind, clean.into())
    }

    /// Replaces secrets in what a failure says.
    #[must_use]
    pub fn failure(&self, failure: Failure) -> Failure {
        if self.is_empty() {
            return failure;
        }
        Failure {
            message: self.text(&failure.message).into_owned(),
            detail: failure.detail.map(|detail| self.text(&detail).into_owned()),
            ..failure
        }
    }
}

impl Redactor {
    fn without_dumps<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = dump::find(text, &self.said);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut clean, mut from) = (String::with_capacity(text.len()), 0);
        for place in found {
            clean.push_str(text.get(from..place.start).unwrap_or_default());
            clean.push_str(MASK);
            from = place.end;
        }
        clean.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(clean)
    }

    /// Goes through all values, also after one that had a secret in it.
    fn every<'v>(&self, values: impl Iterator<Item = &'v mut Value>) -> bool {
        let mut found = false;
        for value in values {
            found |= self.json(value);
        }
        found
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} forms)", self.forms.len())
    }
}

/// Every way in which a value is usually written down.
fn forms(value: &str) -> Vec<String> {
    let mut forms = in_one_piece(value);
    forms.extend(parts(value).flat_map(in_one_piece));
    forms.retain(|form| form.len() >= LEAST);
    forms
}

/// The lines of a token of several lines, such as a key: it is often written line by line.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.lines().map(str::trim).filter(move |line| line.len() >= LEAST && *line != value)
}

fn in_one_piece(value: &str) -> Vec<String> {
    let escaped = escape(value);
    // JSON in a text of JSON: logs of other programs.
    let twice = escape(&escaped);
    let mut forms = vec![value.to_owned(), twice, escaped];
    for digits in [hex(value, false), hex(value, true)] {
        forms.extend(lines(&digits, 60));
        forms.push(digits);
    }
    // `\150\165`: every byte, or only those that a shell or git would not write as they are.
    forms.push(octal(value, |_| true));
    forms.push(octal(value, |byte| !(b' '..=b'~').contains(&byte)));
    for plain in ["-_.~", "-_.~/", "-_.!~*'()"] {
        let upper = url(value, plain);
        forms.extend([upper.replace("%20", "+"), lower_escapes(&upper), upper]);
    }
    for shift in 0..3 {
        forms.extend(base64(value.as_bytes(), shift));
    }
    if let Some(whole) = base64(value.as_bytes(), 0).first() {
        forms.extend([64, 76].into_iter().flat_map(|width| lines(whole, width)));
    }
    forms
}

/// Writes a value as it stands between the quotes of JSON.
fn escape(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn hex(value: &str, upper: bool) -> String {
    let digits = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
    value.bytes().map(digits).collect()
}

/// Writes the chosen bytes as escapes in octal.
fn octal(value: &str, is_escaped: impl Fn(u8) -> bool) -> String {
    let escape = |byte: u8| {
        if is_escaped(byte) { format!("\\{byte:03o}").into_bytes() } else { vec![byte] }
    };
    // What is not escaped stays whole: a character's bytes are all escaped, or all not.
    String::from_utf8_lossy(&value.bytes().flat_map(escape).collect::<Vec<_>>()).into_owned()
}

/// Writes a value as a part of a URL, with these signs as they are.
fn url(value: &str, plain: &str) -> String {
    let encode = |byte: u8| match char::from(byte) {
        sign if sign.is_ascii_alphanumeric() || (byte.is_ascii() && plain.contains(sign)) => {
            sign.to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}

/// Writes the escapes of a URL with small digits.
fn lower_escapes(url: &str) -> String {
    let mut parts = url.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        out.push('%');
        out.push_str(&digits.to_ascii_lowercase());
        out.push_str(rest);
    }
    out
}

/// The lines of an ASCII text that is broken after so many signs, as `base64`, `xxd -p` and PEM files have it.
fn lines(whole: &str, width: usize) -> Vec<String> {
    if whole.len() <= width {
        return Vec::new();
    }
    let signs: Vec<char> = whole.chars().collect();
    let lines = signs.chunks(width).map(|line| line.iter().collect::<String>());
    lines.filter(|line| line.len() >= 8).collect()
}

/// The part of a base64 text that depends on the value alone when it begins `shift` bytes into a group of three, in
/// both alphabets: so a secret is also found inside `user:secret`.
fn base64(value: &[u8], shift: usize) -> Vec<String> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |bit: usize| -> u8 {
        let byte = value.get((bit / 8).wrapping_sub(shift)).copied().unwrap_or(0);
        (byte >> (7 - bit % 8)) & 1
    };
    let first = (shift * 8).div_ceil(6);
    let last = (shift + value.len()) * 8 / 6;
    let sign = |group: usize| -> char {
        let index = (0..6).fold(0_u8, |index, bit| index << 1 | bits(group * 6 + bit));
        char::from(SIGNS.get(usize::from(index)).copied().unwrap_or(b'='))
    };
    let standard: String = (first..last).map(sign).collect();
    if standard.len() < 8 {
        return Vec::new();
    }
    let safe = standard.replace('+', "-").replace('/', "_");
    vec![standard, safe]
}
