//! A file as a tree of values, each with its place.

use serde_json::{Map, Number, Value};

use crate::graph::check::Spot;

/// One value of a file.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) spot: Spot,
    pub(super) body: Body,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Null,
    Bool(bool),
    /// The number, and how it is written.
    Number(Number, Box<str>),
    Text(Box<str>),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) spot: Spot,
    pub(super) value: Tree,
}

impl Tree {
    /// Finds the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Tree> {
        self.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// Gives the keys and values of a map; nothing for other values.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.body {
            Body::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Gives the items of a list; nothing for other values.
    pub(super) fn items(&self) -> &[Tree] {
        match &self.body {
            Body::List(items) => items,
            _ => &[],
        }
    }

    /// Gives a text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Gives a text, or how a number or a truth value is written.
    pub(super) fn word(&self) -> Option<String> {
        match &self.body {
            Body::Text(text) | Body::Number(_, text) => Some(text.to_string()),
            Body::Bool(bool) => Some(bool.to_string()),
            _ => None,
        }
    }

    /// Gives a truth value.
    pub(super) fn bool(&self) -> Option<bool> {
        match self.body {
            Body::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// Gives a number.
    pub(super) fn number(&self) -> Option<&Number> {
        match &self.body {
            Body::Number(number, _) => Some(number),
            _ => None,
        }
    }

    /// Tells whether there is nothing.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.body, Body::Null)
    }

    /// Gives the value as JSON, without places.
    pub(super) fn json(&self) -> Value {
        match &self.body {
            Body::Null => Value::Null,
            Body::Bool(bool) => Value::Bool(*bool),
            Body::Number(number, _) => Value::Number(number.clone()),
            Body::Text(text) => Value::String(text.to_string()),
            Body::List(items) => items.iter().map(Tree::json).collect(),
            Body::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.to_string(), entry.value.json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// Says what it is, for messages: `the text "three"`, `a list`.
    pub(super) fn found(&self) -> String {
        match &self.body {
            Body::Null => "nothing".to_owned(),
            Body::Bool(bool) => format!("`{bool}`"),
            Body::Number(_, text) => format!("`{text}`"),
            Body::Text(text) => {
                let short: String = text.chars().take(60).collect();
                let cut = if short.len() < text.len() { "…" } else { "" };
                format!("the text {:?}", format!("{short}{cut}"))
            }
            Body::List(_) => "a list".to_owned(),
            Body::Map(_) => "a map".to_owned(),
        }
    }
}
