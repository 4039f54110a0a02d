//! The filters and tests that users of workflow files expect beside MiniJinja's own.

use minijinja::value::{Kwargs, Value as Inner};
use minijinja::{Error, State};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::convert::{is_null, refused, to_json, to_text};

/// The largest compiled form of a pattern, in bytes.
const PATTERN_BYTES: usize = 8 << 20;

/// Reads a text as JSON.
pub(super) fn fromjson(text: &str) -> Result<Inner, Error> {
    serde_json::from_str(text).map_err(|error| refused(format!("the text is not JSON: {error}")))
}

/// Writes a value as JSON, on one line unless `indent` says how many spaces a level gets.
#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
pub(super) fn tojson(value: &Inner, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    let value = to_json(value)?;
    match indent {
        None | Some(0) => Ok(value.to_string()),
        Some(spaces) if spaces <= 16 => indented(&value, spaces),
        Some(_) => Err(refused("`indent` must be at most 16")),
    }
}

fn indented(value: &Value, spaces: usize) -> Result<String, Error> {
    let indent = vec![b' '; spaces];
    let mut out = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(&indent);
    let mut writer = serde_json::Serializer::with_formatter(&mut out, form);
    serde::Serialize::serialize(value, &mut writer).map_err(|e| refused(e.to_string()))?;
    String::from_utf8(out).map_err(|e| refused(e.to_string()))
}

/// Gives another value when there is none: undefined, or of a skipped node; with `true` also when it is false.
pub(super) fn default(value: &Inner, other: Option<Inner>, falsy: Option<bool>) -> Inner {
    let skipped = is_null(value) && !value.is_none();
    let missing = value.is_undefined() || skipped || (falsy == Some(true) && !value.is_true());
    if missing { other.unwrap_or_else(|| Inner::from("")) } else { value.clone() }
}

/// Writes a value as one word of a POSIX shell.
pub(super) fn quote(value: &Inner) -> Result<String, Error> {
    let text = to_text(value)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text);
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Replaces every match of a regular expression; `$1` and `${name}` stand for its groups.
pub(super) fn regex_replace(text: &str, pattern: &str, with: &str) -> Result<String, Error> {
    Ok(regex(pattern)?.replace_all(text, with).into_owned())
}

/// Tells whether a text matches a regular expression anywhere.
pub(super) fn matching(text: &str, pattern: &str) -> Result<bool, Error> {
    Ok(regex(pattern)?.is_match(text))
}

/// Cuts a text after so many characters and marks the cut with `…`.
pub(super) fn truncate(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// Joins the items of a list, each written as in a text.
pub(super) fn join(state: &State<'_, '_>, list: &Inner, by: Option<&str>) -> Result<String, Error> {
    let _ = state;
    if list.is_undefined() {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    let parts: Result<Vec<String>, Error> = list.try_iter()?.map(|item| to_text(&item)).collect();
    Ok(parts?.join(by.unwrap_or("")))
}

fn regex(text: &str) -> Result<Regex, Error> {
    pattern(text).map_err(refused)
}

/// Compiles a regular expression; the error is one line.
pub(crate) fn pattern(text: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(text);
    let built = builder.size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
    built.map_err(|error| {
        let said = error.to_string();
        let last = said.lines().last().unwrap_or_default();
        last.trim_start_matches("error: ").to_owned()
    })
}
