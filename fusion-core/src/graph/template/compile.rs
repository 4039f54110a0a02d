//! One text, compiled.

use std::borrow::Cow;
use std::collections::BTreeSet;

use minijinja::{Environment, Value as Inner};

use super::engine::{engine, syntax};
use super::flaw::Flaw;
use super::reference::References;
use super::scan::{Form, uses};
use super::{rewrite, statement};
use crate::model::limits;

/// The name of the only template of an environment.
const NAME: &str = "template";
/// The name under which an expression leaves its value.
const VALUE: &str = "__value";

/// A text that is ready to be filled in.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) references: References,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Nothing to fill in.
    Plain,
    /// A text with tags in it.
    Text(Environment<'static>),
    /// One expression: the text, and the environment in which it is assigned to [`VALUE`].
    Value(String, Environment<'static>),
}

/// What comes out of a text.
pub(super) enum Output {
    Same,
    Text(String),
    Value(Inner),
}

impl Compiled {
    /// Compiles a text; one that is a single `{{ … }}` becomes an expression.
    pub(super) fn text(source: &str) -> Result<Self, Flaw> {
        if !has_tags(source) {
            return Ok(Self { references: References::default(), kind: Kind::Plain });
        }
        if let Some(expression) = whole(source)
            && rewrite::expression(expression).is_some()
        {
            return Self::expression(expression);
        }
        let code = match statement::template(source, syntax()) {
            Some(code) if !rewrite::is_plain(source) => code,
            _ => Ok(source.to_owned()),
        };
        let mut engine = engine();
        let added = code.and_then(|code| engine.add_template_owned(NAME, code));
        added.map_err(|error| Flaw::of(&error, source))?;
        let references = References::from_uses(uses(source, Form::Text));
        Ok(Self { references, kind: Kind::Text(engine) })
    }

    /// Compiles an expression.
    pub(super) fn expression(source: &str) -> Result<Self, Flaw> {
        let mut engine = engine();
        let code = match rewrite::expression(source) {
            Some(code) if !rewrite::is_plain(source) => Ok(code),
            Some(_) => Ok(source.to_owned()),
            // It says what is wrong, and does not come as far as to calculate with constants.
            None => engine.compile_expression(source).map(|_| source.to_owned()),
        };
        let code = code.map_err(|error| Flaw::of(&error, source))?;
        // MiniJinja can keep templates, not expressions; the expression alone was found to be well formed.
        let assigned = format!("{{% set {VALUE} = (\n{code}\n) %}}");
        let added = engine.add_template_owned(NAME, assigned);
        added.map_err(|error| Flaw::of(&error, source))?;
        let references = References::from_uses(uses(source, Form::Expression));
        Ok(Self { references, kind: Kind::Value(code, engine) })
    }

    /// Gives the names that are neither assigned in the text nor attributes of something.
    pub(super) fn undeclared(&self) -> BTreeSet<String> {
        let engine = match &self.kind {
            Kind::Plain => return BTreeSet::new(),
            Kind::Text(engine) | Kind::Value(_, engine) => engine,
        };
        let found = engine.get_template(NAME).map(|template| template.undeclared_variables(false));
        found.unwrap_or_default().into_iter().collect()
    }

    /// Fills it in; with `is_brief` in a moment or not at all.
    pub(super) fn run(&self, context: &Inner, is_brief: bool) -> Result<Output, minijinja::Error> {
        match &self.kind {
            Kind::Plain => Ok(Output::Same),
            Kind::Text(engine) => {
                let engine = with_fuel(engine, is_brief);
                engine.get_template(NAME)?.render(context.clone()).map(Output::Text)
            }
            Kind::Value(source, engine) => {
                let engine = with_fuel(engine, is_brief);
                let done = engine.get_template(NAME)?.render_captured(context.clone())?;
                match done.state().lookup(VALUE) {
                    Some(value) if !value.is_undefined() => Ok(Output::Value(value)),
                    // Writing it is an error that says which part is missing.
                    _ => {
                        let text = format!("{{{{ (\n{source}\n) }}}}");
                        engine.render_str(&text, context.clone()).map(Output::Text)
                    }
                }
            }
        }
    }
}

/// Gives an environment with the fuel of a brief evaluation, which is the one that is kept, or with all of it.
fn with_fuel<'e>(
    engine: &'e Environment<'static>,
    is_brief: bool,
) -> Cow<'e, Environment<'static>> {
    if is_brief {
        return Cow::Borrowed(engine);
    }
    let mut engine = engine.clone();
    engine.set_fuel(Some(limits::TEMPLATE_FUEL));
    Cow::Owned(engine)
}

/// Tells whether a text has anything for MiniJinja to do.
pub(crate) fn has_tags(source: &str) -> bool {
    source.as_bytes().windows(2).any(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// Gives what is between the braces of a text that might be a single `{{ … }}`.
pub(crate) fn whole(source: &str) -> Option<&str> {
    let inside = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    Some(inside.strip_suffix(['-', '+']).unwrap_or(inside).trim())
}
