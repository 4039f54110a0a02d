//! Filling templates in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::{ErrorKind, Value as Inner};
use serde_json::{Map, Value};

use super::brief::Brief;
use super::budget::{Budget, SPENT};
use super::compile::{Compiled, Output, whole};
use super::convert::{Skipped, to_json, to_text};
use super::flaw::{Flaw, shortened};
use super::redact::Redactor;
use super::scope::{Found, Scope};
use crate::graph::nearest::hint;
use crate::model::{Class, Failure, limits};

/// How many compiled texts are kept.
const KEPT: usize = 4096;

/// Whether it is an expression, and its text.
type Kept = (bool, Box<str>);

/// Compiled templates, by their text: each is compiled once.
#[derive(Default)]
pub struct Templates {
    kept: Mutex<BTreeMap<Kept, Arc<Compiled>>>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Templates").field("kept", &kept.len()).finish()
    }
}

impl Templates {
    /// Makes an empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fills in every text inside a JSON value; a text that is one whole `{{ … }}` becomes the value itself.
    ///
    /// # Errors
    /// A failure of class `template`, which names the text and what is wrong with it; never the value of a secret.
    pub fn render(&self, value: &Value, scope: &dyn Scope) -> Result<Value, Failure> {
        match value {
            Value::String(text) => self.whole_or_text(text, scope),
            Value::Array(items) => {
                items.iter().map(|item| self.render(item, scope)).collect::<Result<_, _>>()
            }
            Value::Object(map) => {
                let mut out = Map::with_capacity(map.len());
                for (key, item) in map {
                    out.insert(key.clone(), self.render(item, scope)?);
                }
                Ok(Value::Object(out))
            }
            other => Ok(other.clone()),
        }
    }

    /// Fills in a text and gives text: lists and maps as JSON, `null` as nothing.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn text(&self, text: &str, scope: &dyn Scope) -> Result<String, Failure> {
        self.run(text, false, scope, |output, budget| match output {
            Output::Same => Ok(text.to_owned()),
            Output::Text(text) => Ok(text),
            Output::Value(value) => to_text(&value, budget),
        })
    }

    /// Tells whether an expression holds; `{{ … }}` around it is tolerated.
    ///
    /// `false`, `0`, `null`, and empty texts, lists and maps do not hold.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn condition(&self, expression: &str, scope: &dyn Scope) -> Result<bool, Failure> {
        self.run(bare(expression), true, scope, |output, _| match output {
            Output::Same => Ok(false),
            Output::Text(text) => Ok(!text.is_empty()),
            Output::Value(value) => Ok(value.is_true()),
        })
    }

    /// Evaluates an expression; `{{ … }}` around it is tolerated.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn value(&self, expression: &str, scope: &dyn Scope) -> Result<Value, Failure> {
        self.run(bare(expression), true, scope, |output, budget| {
            as_json(output, expression, budget)
        })
    }

    fn whole_or_text(&self, text: &str, scope: &dyn Scope) -> Result<Value, Failure> {
        self.run(text, false, scope, |output, budget| as_json(output, text, budget))
    }

    fn run<T>(
        &self,
        source: &str,
        expression: bool,
        scope: &dyn Scope,
        take: impl FnOnce(Output, &mut Budget) -> Result<T, minijinja::Error>,
    ) -> Result<T, Failure> {
        let brief = scope.brief();
        if brief.is_some_and(Brief::is_over) {
            return Err(failed(source, "there is no time for it here"));
        }
        let compiled = self.compiled(source, expression).map_err(|flaw| refused(&flaw))?;
        let mut handed_out = Vec::new();
        let context = context(&compiled, scope, &mut handed_out)
            .map_err(|message| failed(source, message))?;
        let take = |output| take(output, &mut Budget::new(brief.is_some()));
        compiled.run(&context, brief.is_some()).and_then(take).map_err(|error| {
            let message = explain(&error, &context);
            let redactor = Redactor::new(handed_out);
            let mut failure = failed(source, redactor.text(&message).into_owned());
            let is_spent = error.detail().is_some_and(|said| said.starts_with(SPENT));
            if is_spent || error.kind() == ErrorKind::OutOfFuel {
                failure.class = Class::LIMIT;
                if let Some(brief) = brief {
                    brief.cut();
                }
            }
            failure
        })
    }

    fn compiled(&self, source: &str, expression: bool) -> Result<Arc<Compiled>, Flaw> {
        let key = (expression, Box::from(source));
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(compiled) = kept {
            return Ok(compiled);
        }
        let compiled =
            if expression { Compiled::expression(source)? } else { Compiled::text(source)? };
        let compiled = Arc::new(compiled);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&compiled));
        Ok(compiled)
    }
}

/// Takes the braces away from an expression that was written with them.
fn bare(expression: &str) -> &str {
    whole(expression).unwrap_or(expression)
}

fn as_json(output: Output, text: &str, budget: &mut Budget) -> Result<Value, minijinja::Error> {
    match output {
        Output::Same => Ok(Value::String(text.to_owned())),
        Output::Text(text) => Ok(Value::String(text)),
        Output::Value(value) => to_json(&value, budget),
    }
}

/// Collects what the template names, and nothing else.
fn context(
    compiled: &Compiled,
    scope: &dyn Scope,
    handed_out: &mut Vec<String>,
) -> Result<Inner, String> {
    let references = &compiled.references;
    let brief = scope.brief();
    let mut nodes = BTreeMap::new();
    for name in &references.nodes {
        let value = match scope.node(name) {
            Found::Unknown => return Err(format!("there is no output of a node `{name}` here")),
            Found::Skipped => Inner::from_object(Skipped),
            Found::Output(data) => {
                data.inner_in(brief).map_err(|why| format!("the output of node `{name}` {why}"))?
            }
        };
        nodes.insert(name.clone(), value);
    }
    let mut secrets = BTreeMap::new();
    for name in &references.secrets {
        let value = scope.secret(name).ok_or_else(|| format!("the secret `{name}` is not set"))?;
        handed_out.push(value.clone());
        secrets.insert(name.clone(), Inner::from(value));
    }
    let mut roots = BTreeMap::new();
    roots.insert("nodes", Inner::from(nodes));
    roots.insert("secrets", Inner::from(secrets));
    if references.all_inputs || !references.inputs.is_empty() {
        let inputs = scope.inputs().inner_in(brief).map_err(|why| format!("the input {why}"))?;
        roots.insert("inputs", inputs);
    }
    for (name, data) in scope.extra() {
        roots.insert(name, data.inner_in(brief).map_err(|why| format!("`{name}` {why}"))?);
    }
    Ok(Inner::from(roots))
}

fn refused(flaw: &Flaw) -> Failure {
    let hint = flaw.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    Failure::new(Class::TEMPLATE, format!("{}{hint}", flaw.message))
}

fn failed(source: &str, message: impl fmt::Display) -> Failure {
    Failure::new(Class::TEMPLATE, format!("{message}, in `{}`", shortened(source)))
}

/// Says what is missing, and what is there instead.
fn explain(error: &minijinja::Error, context: &Inner) -> String {
    if error.kind() == ErrorKind::OutOfFuel {
        return format!("the template takes more than {} steps", limits::TEMPLATE_FUEL);
    }
    let said = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let path = said.split('`').nth(1).unwrap_or_default();
    if !said.ends_with("is undefined") && !said.ends_with("is undefined)") {
        return said;
    }
    missing(path, context).unwrap_or(said)
}

fn missing(path: &str, context: &Inner) -> Option<String> {
    let mut here = context.clone();
    let mut walked = String::new();
    for part in path.split('.') {
        let next = here.get_attr(part).ok().filter(|value| !value.is_undefined());
        let Some(next) = next else {
            let keys: Vec<String> = match here.kind() {
                minijinja::value::ValueKind::Map => {
                    here.try_iter().ok()?.map(|key| key.to_string()).collect()
                }
                _ => Vec::new(),
            };
            let near = hint(part, keys.iter().map(String::as_str));
            let near = if near.is_empty() { near } else { format!(": {near}") };
            return Some(match (walked.is_empty(), here.kind()) {
                (true, _) => format!("there is no `{part}`{near}"),
                (false, minijinja::value::ValueKind::Map) => {
                    format!("`{walked}` has no `{part}`{near}")
                }
                (false, kind) => format!("`{walked}` is a {kind} and has no `{part}`"),
            });
        };
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(part);
        here = next;
    }
    None
}
