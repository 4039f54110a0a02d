//! What an output must satisfy. What is wrong becomes the feedback of the next attempt.

use serde_json::Value;

use super::scope::View;
use crate::graph::template::{Templates, pattern};
use crate::model::graph::Check;
use crate::model::{Class, Failure, Payload};

/// Checks an output, which expressions see as `output`; all that is wrong with it is said at once.
pub(super) fn all(
    templates: &Templates,
    checks: &[Check],
    output: &Payload,
    view: &View<'_>,
) -> Result<(), Failure> {
    let text = text_of(output);
    let wrong: Vec<String> =
        checks.iter().filter_map(|check| one(templates, check, &text, view).err()).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let mut failure =
        Failure::new(Class::VALIDATION, format!("the output {}", wrong.join("; it ")));
    failure.retryable = Some(true);
    Err(failure)
}

fn one(templates: &Templates, check: &Check, text: &str, view: &View<'_>) -> Result<(), String> {
    let chars = || text.chars().count();
    let fits = match check {
        Check::MinChars(least) => {
            (chars() >= *least, format!("has {} characters, at least {least} are needed", chars()))
        }
        Check::MaxChars(most) => {
            (chars() <= *most, format!("has {} characters, at most {most} are allowed", chars()))
        }
        Check::Contains(part) => {
            (text.contains(part.as_str()), format!("does not contain `{part}`"))
        }
        Check::Matches(pattern) => {
            (is_match(pattern, text, view)?, format!("does not match `{pattern}`"))
        }
        Check::NotMatches(pattern) => {
            (!is_match(pattern, text, view)?, format!("matches `{pattern}`, which it must not"))
        }
        Check::Json(wanted) => {
            let is_json = serde_json::from_str::<Value>(text).is_ok();
            (is_json == *wanted, if *wanted { "is not JSON" } else { "is JSON" }.to_owned())
        }
        Check::That(expression) => {
            let holds = templates.condition(expression, view).map_err(|failure| failure.message)?;
            (holds, format!("does not satisfy `{expression}`"))
        }
    };
    if fits.0 { Ok(()) } else { Err(fits.1) }
}

fn is_match(pattern: &str, text: &str, view: &View<'_>) -> Result<bool, String> {
    pattern::is_match(pattern, text, view.brief)
        .map_err(|error| format!("cannot be checked: {error}"))
}

/// Gives the text of an output: itself, the `text` of an agent, the `stdout` of a command, or its JSON.
fn text_of(output: &Payload) -> String {
    match output.decode::<Value>() {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(fields)) => {
            let part = ["text", "stdout"].iter().find_map(|name| fields.get(*name)?.as_str());
            part.map_or_else(|| Value::Object(fields.clone()).to_string(), str::to_owned)
        }
        Ok(other) => other.to_string(),
        Err(_) => output
            .bytes()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default(),
    }
}
