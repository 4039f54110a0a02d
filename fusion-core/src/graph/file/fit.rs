//! Whether a tree fits the table of keys: every wrong type and unknown key at once.

use super::shape::{Shape, Table};
use super::tree::{Body, Entry, Tree};
use crate::error::{Code, Error};
use crate::graph::check::{At, Report};
use crate::graph::duration::parse_ms;
use crate::graph::nearest::nearest;
use crate::model::chat::Usd;

/// Reports everything in a value that does not fit.
pub(super) fn fit(tree: &Tree, shape: Shape, at: &At<'_>, report: &mut Report<'_>) {
    match (shape, &tree.body) {
        (Shape::Any, _)
        | (Shape::Null, Body::Null)
        | (Shape::Text, Body::Text(_))
        | (Shape::Word, Body::Text(_) | Body::Number(..) | Body::Bool(_))
        | (Shape::Bool, Body::Bool(_)) => {}
        (Shape::Int(least, most), Body::Number(number, _)) => {
            if !number.as_i64().is_some_and(|number| (least..=most).contains(&number)) {
                wrong(tree, shape, at, report);
            }
        }
        (Shape::Number(least, most), Body::Number(number, _)) => {
            if !number.as_f64().is_some_and(|number| (least..=most).contains(&number)) {
                wrong(tree, shape, at, report);
            }
        }
        (Shape::Time, Body::Text(text) | Body::Number(_, text)) => {
            if let Err(why) = parse_ms(text) {
                report.add(at, Error::new(Code::WrongType, format!("{}: {why}", at.label())));
            }
        }
        (Shape::Money, Body::Text(_) | Body::Number(..)) => {
            let is_template = tree.text().is_some_and(|text| text.contains("{{"));
            if let (false, Err(why)) = (is_template, Usd::from_json(&tree.json())) {
                report.add(at, Error::new(Code::WrongType, format!("{}: {why}", at.label())));
            }
        }
        (Shape::Words(words), Body::Text(text)) => {
            if !words.contains(&&**text) {
                let near = nearest(text, words.iter().copied());
                let error = mismatch(tree, shape, at);
                report.add(
                    at,
                    match near {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error,
                    },
                );
            }
        }
        (Shape::List(item), Body::List(items)) => {
            for (index, tree) in items.iter().enumerate() {
                fit(tree, *item, &at.index(index), report);
            }
        }
        (Shape::Dict(item), Body::Map(entries)) => {
            for entry in entries {
                fit(&entry.value, *item, &at.name(&entry.key), report);
            }
        }
        (Shape::Object(table), Body::Map(entries)) => keys(tree, entries, table, at, report),
        (Shape::OneOf(shapes), body) => match shapes.iter().find(|shape| begins(shape, body)) {
            Some(shape) => fit(tree, *shape, at, report),
            None => wrong(tree, shape, at, report),
        },
        _ => wrong(tree, shape, at, report),
    }
}

/// Tells whether a value has the outermost type of a shape.
fn begins(shape: &Shape, body: &Body) -> bool {
    match body {
        Body::Null => matches!(shape, Shape::Null | Shape::Any),
        Body::Bool(_) => matches!(shape, Shape::Bool | Shape::Word | Shape::Any),
        Body::Number(..) => matches!(
            shape,
            Shape::Int(..)
                | Shape::Number(..)
                | Shape::Time
                | Shape::Money
                | Shape::Word
                | Shape::Any
        ),
        Body::Text(_) => matches!(
            shape,
            Shape::Text | Shape::Word | Shape::Words(_) | Shape::Time | Shape::Money | Shape::Any
        ),
        Body::List(_) => matches!(shape, Shape::List(_) | Shape::Any),
        Body::Map(_) => matches!(shape, Shape::Dict(_) | Shape::Object(_) | Shape::Any),
    }
}

/// Reports everything in a whole file that does not fit.
pub(super) fn top(tree: &Tree, table: &Table, report: &mut Report<'_>) {
    for entry in tree.entries() {
        match table.field(&entry.key) {
            Some(field) => fit(&entry.value, field.shape, &At::top(field.key), report),
            None => unknown(entry, table, "the file", report),
        }
    }
    lacking(tree, table, &At::top(""), "the file", report);
}

fn keys(tree: &Tree, entries: &[Entry], table: &Table, at: &At<'_>, report: &mut Report<'_>) {
    let owner = at.owner();
    for entry in entries {
        match table.field(&entry.key) {
            Some(field) => fit(&entry.value, field.shape, &at.name(field.key), report),
            None => unknown(entry, table, &owner, report),
        }
    }
    lacking(tree, table, at, &owner, report);
}

fn lacking(tree: &Tree, table: &Table, at: &At<'_>, owner: &str, report: &mut Report<'_>) {
    for field in table.keys.iter().filter(|field| field.required && tree.get(field.key).is_none()) {
        let error = Error::new(Code::WrongType, format!("{owner} lacks the key `{}`", field.key));
        report.add(at, error.hint(format!("add `{}:` with {}", field.key, field.shape.words())));
    }
}

fn unknown(entry: &Entry, table: &Table, owner: &str, report: &mut Report<'_>) {
    let known = table.keys.iter().map(|field| field.key);
    let hint = match nearest(&entry.key, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.collect::<Vec<_>>().join(", ")),
    };
    let message = format!("{owner} has no key `{}`", entry.key);
    let place = report.places().place(entry.spot);
    report.push(Error::new(Code::UnknownKey, message).hint(hint).at(place));
}

fn mismatch(tree: &Tree, shape: Shape, at: &At<'_>) -> Error {
    let message = format!("{} must be {}, found {}", at.label(), shape.words(), tree.found());
    Error::new(Code::WrongType, message)
}

fn wrong(tree: &Tree, shape: Shape, at: &At<'_>, report: &mut Report<'_>) {
    let error = mismatch(tree, shape, at);
    report.add(
        at,
        match trap(tree, shape) {
            Some(hint) => error.hint(hint),
            None => error,
        },
    );
}

/// Knows the traps of YAML that lead to a wrong type.
fn trap(tree: &Tree, shape: Shape) -> Option<String> {
    let accepts = |wanted: fn(&Shape) -> bool| match shape {
        Shape::OneOf(shapes) => shapes.iter().any(wanted),
        other => wanted(&other),
    };
    match &tree.body {
        Body::Text(text) if accepts(|shape| matches!(shape, Shape::Bool)) => {
            let yes = ["yes", "on", "y"].iter().any(|word| text.eq_ignore_ascii_case(word));
            let no = ["no", "off", "n"].iter().any(|word| text.eq_ignore_ascii_case(word));
            (yes || no).then(|| format!("`{text}` is a text in YAML 1.2: write `{yes}`"))
        }
        Body::Text(text) if accepts(|shape| matches!(shape, Shape::List(_))) => {
            let word = if text.contains(' ') { "[\"sh\", \"-c\", \"…\"]" } else { "[\"…\"]" };
            Some(format!("write a list, such as {word}"))
        }
        Body::Text(text)
            if accepts(|shape| matches!(shape, Shape::Int(..) | Shape::Number(..))) =>
        {
            text.parse::<f64>().is_ok().then(|| "take the quotes away".to_owned())
        }
        Body::Number(number, text) if accepts(|shape| matches!(shape, Shape::Int(..))) => {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15);
            whole.filter(|_| text.contains(['.', 'e', 'E'])).map(|n| format!("write `{n}`"))
        }
        Body::Bool(_) | Body::Number(..) if accepts(|shape| matches!(shape, Shape::Text)) => {
            Some("quote it to make it a text".to_owned())
        }
        Body::Map(entries) if entries.len() == 1 && accepts(|s| matches!(s, Shape::Text)) => {
            Some("quote a text that has `: ` or `{{` in it".to_owned())
        }
        _ => None,
    }
}
