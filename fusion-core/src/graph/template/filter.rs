//! The filters and tests that users of workflow files expect beside MiniJinja's own.

use minijinja::value::{Kwargs, Value as Inner};
use minijinja::{Error, State};
use serde_json::Value;

use super::budget::Budget;
use super::convert::{is_null, refused, to_json, to_text};

/// How much larger a value is than its JSON, at the most.
const PARSED: u64 = 16;

/// Reads a text as JSON.
pub(super) fn fromjson(state: &mut State<'_, '_>, text: &str) -> Result<Inner, Error> {
    Budget::of(state).make((text.len() as u64).saturating_mul(PARSED))?;
    serde_json::from_str(text).map_err(|error| refused(format!("the text is not JSON: {error}")))
}

/// Writes a value as JSON, on one line unless `indent` says how many spaces a level gets.
#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
pub(super) fn tojson(
    state: &mut State<'_, '_>,
    value: &Inner,
    options: Kwargs,
) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    let budget = Budget::of(state);
    let value = to_json(value, budget)?;
    match indent {
        None | Some(0) => budget.write(format_args!("{value}")),
        Some(spaces) if spaces <= 16 => indented(&value, spaces, budget),
        Some(_) => Err(refused("`indent` must be at most 16")),
    }
}

fn indented(value: &Value, spaces: usize, budget: &mut Budget) -> Result<String, Error> {
    let indent = vec![b' '; spaces];
    let mut out = Counted { bytes: Vec::new(), budget, spent: None };
    let form = serde_json::ser::PrettyFormatter::with_indent(&indent);
    let mut writer = serde_json::Serializer::with_formatter(&mut out, form);
    let written = serde::Serialize::serialize(value, &mut writer);
    if let Some(spent) = out.spent {
        return Err(spent);
    }
    written.map_err(|error| refused(error.to_string()))?;
    String::from_utf8(out.bytes).map_err(|e| refused(e.to_string()))
}

/// Bytes that are counted before they are kept.
struct Counted<'b> {
    bytes: Vec<u8>,
    budget: &'b mut Budget,
    spent: Option<Error>,
}

impl std::io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Err(spent) = self.budget.make(bytes.len() as u64) {
            self.spent = Some(spent);
            return Err(std::io::ErrorKind::QuotaExceeded.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Gives another value when there is none: undefined, or of a skipped node; with `true` also when it is false.
pub(super) fn default(value: &Inner, other: Option<Inner>, falsy: Option<bool>) -> Inner {
    let skipped = is_null(value) && !value.is_none();
    let missing = value.is_undefined() || skipped || (falsy == Some(true) && !value.is_true());
    if missing { other.unwrap_or_else(|| Inner::from("")) } else { value.clone() }
}

/// Writes a value as one word of a POSIX shell.
pub(super) fn quote(state: &mut State<'_, '_>, value: &Inner) -> Result<String, Error> {
    let budget = Budget::of(state);
    let text = to_text(value, budget)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text);
    }
    budget.make((text.len() + 3 * text.matches('\'').count()) as u64)?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Replaces every match of a regular expression; `$1` and `${name}` stand for its groups.
pub(super) fn regex_replace(
    state: &mut State<'_, '_>,
    text: &str,
    pattern: &str,
    with: &str,
) -> Result<String, Error> {
    let budget = Budget::of(state);
    budget.read(text)?;
    budget.make(text.len() as u64)?;
    budget.regex(pattern)?.replace(text, with, budget)
}

/// Tells whether a text matches a regular expression anywhere.
pub(super) fn matching(
    state: &mut State<'_, '_>,
    text: &str,
    pattern: &str,
) -> Result<bool, Error> {
    let budget = Budget::of(state);
    budget.read(text)?;
    budget.regex(pattern)?.is_match(text, budget)
}

/// Cuts a text after so many characters and marks the cut with `…`.
pub(super) fn truncate(
    state: &mut State<'_, '_>,
    text: &str,
    characters: usize,
) -> Result<String, Error> {
    let cut = text.char_indices().nth(characters).map(|(cut, _)| cut);
    Budget::of(state).make(cut.unwrap_or(text.len()) as u64)?;
    Ok(match cut {
        Some(cut) => format!("{}…", text.get(..cut).unwrap_or(text)),
        None => text.to_owned(),
    })
}

/// Joins the items of a list, each written as in a text.
pub(super) fn join(
    state: &mut State<'_, '_>,
    list: &Inner,
    by: Option<&str>,
) -> Result<String, Error> {
    if list.is_undefined() {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    let (budget, by) = (Budget::of(state), by.unwrap_or(""));
    let mut out = String::new();
    for (at, item) in list.try_iter()?.enumerate() {
        if at > 0 {
            budget.make(by.len() as u64)?;
            out.push_str(by);
        }
        out.push_str(&to_text(&item, budget)?);
    }
    Ok(out)
}
