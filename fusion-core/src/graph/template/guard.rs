//! The operators and filters of templates with a bound on what they make; the rewritten template calls them.

use minijinja::value::{Kwargs, Rest, Value as Inner, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, filters};

use super::budget::Budget;
use super::convert::refused;

/// The largest number that `batch`, `slice`, `indent` and `format` take.
const NUMBER: usize = 100_000;
/// What a piece of a text costs that was cut into pieces, in bytes.
const PIECE_BYTES: usize = 48;

/// Puts them in their places.
pub(super) fn add(engine: &mut Environment<'static>) {
    engine.add_filter("__concat", concat);
    engine.add_filter("__add", plus);
    engine.add_filter("__mul", times);
    engine.add_filter("__held", held);
    engine.add_filter("__seen", seen);
    engine.add_filter("__guard", guard);
    engine.add_filter("__builtin_indent", filters::indent);
    engine.add_filter("__builtin_batch", filters::batch);
    engine.add_filter("__builtin_slice", filters::slice);
    engine.add_filter("__builtin_format", filters::format);
    engine.add_filter("__builtin_split", filters::split);
    engine.add_filter("__builtin_lines", filters::lines);
    engine.add_filter("indent", |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        indent(state, &args.into_values())
    });
    for (name, inner) in [("batch", "__builtin_batch"), ("slice", "__builtin_slice")] {
        engine.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            small_numbers(args.iter())?;
            let budget = Budget::of(state);
            let weight = budget.weigh(args.first().unwrap_or(&Inner::UNDEFINED))?;
            budget.make(weight.min(NUMBER as u64 * 32))?;
            state.apply_filter(inner, &args)
        });
    }
    engine.add_filter("format", |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        format(state, &args.into_values())
    });
    for (name, inner) in [("split", "__builtin_split"), ("lines", "__builtin_lines")] {
        engine.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            pieces(state, inner, &args.into_values())
        });
    }
    engine.add_filter("replace", replace);
}

/// `a ~ b`
fn concat(state: &mut State<'_, '_>, left: &Inner, right: &Inner) -> Result<String, Error> {
    for value in [left, right] {
        defined(value)?;
    }
    Budget::of(state).write(format_args!("{left}{right}"))
}

/// `a + b`
fn plus(state: &mut State<'_, '_>, left: &Inner, right: &Inner) -> Result<Inner, Error> {
    if let Some(sum) = integers(left, right).and_then(|(a, b)| a.checked_add(b)) {
        return Ok(Inner::from(sum));
    }
    let budget = Budget::of(state);
    if let (Some(a), Some(b)) = (left.as_str(), right.as_str()) {
        budget.make((a.len() + b.len()) as u64)?;
        return Ok(Inner::from([a, b].concat()));
    }
    if is_list(left) && is_list(right) {
        let count = left.len().unwrap_or(0).saturating_add(right.len().unwrap_or(0));
        budget.fits((count as u64).saturating_mul(32))?;
        budget.make(256)?;
    }
    calculate(state, "a + b", left, right)
}

/// `a * b`
fn times(state: &mut State<'_, '_>, left: &Inner, right: &Inner) -> Result<Inner, Error> {
    if let Some(product) = integers(left, right).and_then(|(a, b)| a.checked_mul(b)) {
        return Ok(Inner::from(product));
    }
    let budget = Budget::of(state);
    for (value, count) in [(left, right), (right, left)] {
        let Some(count) = count.as_usize().map(|count| count as u64) else { continue };
        if let Some(text) = value.as_str() {
            budget.make((text.len() as u64).saturating_mul(count))?;
        } else if is_list(value) {
            let bytes = (value.len().unwrap_or(0) as u64).saturating_mul(count).saturating_mul(32);
            budget.fits(bytes)?;
            budget.make(256)?;
            // A tuple is repeated at once, a list when it is walked over.
            if value.is_tuple() {
                budget.make(bytes)?;
            }
        }
    }
    calculate(state, "a * b", left, right)
}

fn integers(left: &Inner, right: &Inner) -> Option<(i64, i64)> {
    let whole = |value: &Inner| value.is_integer().then(|| i64::try_from(value.clone()).ok())?;
    Some((whole(left)?, whole(right)?))
}

/// Lets MiniJinja calculate; what the result costs was looked at before.
fn calculate(
    state: &State<'_, '_>,
    what: &'static str,
    left: &Inner,
    right: &Inner,
) -> Result<Inner, Error> {
    for value in [left, right] {
        defined(value)?;
    }
    let expression = state.env().compile_expression(what)?;
    expression.eval(minijinja::context! { a => left, b => right })
}

fn defined(value: &Inner) -> Result<(), Error> {
    // Asking what is not there for something in it is the error that says which word is missing.
    if value.is_undefined() { value.get_attr("__any").map(drop) } else { Ok(()) }
}

fn is_list(value: &Inner) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// Takes note of a list, map or slice that was just made.
fn held(state: &mut State<'_, '_>, value: &Inner) -> Result<Inner, Error> {
    let budget = Budget::of(state);
    budget.made(value)?;
    // A list of lists of lists is small and yet has more in it than any memory holds.
    if value.as_str().is_none() && value.len().is_some() {
        budget.weigh(value)?;
    }
    Ok(value.clone())
}

/// Takes note of a value that is about to be compared or searched.
fn seen(state: &mut State<'_, '_>, value: &Inner) -> Result<Inner, Error> {
    let budget = Budget::of(state);
    match value.as_str() {
        Some(text) => budget.read(text)?,
        None if value.len().is_some() => drop(budget.weigh(value)?),
        None => {}
    }
    Ok(value.clone())
}

/// Applies a filter of MiniJinja's whose result is not larger than what it gets.
fn guard(
    state: &mut State<'_, '_>,
    value: &Inner,
    name: &str,
    args: Rest<ValueOrKwargs>,
) -> Result<Inner, Error> {
    let mut all = vec![value.clone()];
    all.extend(args.into_values());
    let budget = Budget::of(state);
    let mut weight = 0;
    for arg in &all {
        weight += budget.weigh(arg)?;
    }
    // A text that is taken for a list has an item for each character.
    let letters = value.as_str().map_or(0, str::len) as u64;
    let is_text =
        ["capitalize", "escape", "e", "lower", "title", "trim", "upper", "string", "pprint"]
            .contains(&name);
    budget.fits(if is_text { weight.saturating_mul(4) } else { weight + letters * 32 })?;
    let result = state.apply_filter(name, &all)?;
    Budget::of(state).made(&result)?;
    Ok(result)
}

fn small_numbers<'a>(args: impl Iterator<Item = &'a Inner>) -> Result<(), Error> {
    for number in args.skip(1).filter_map(Inner::as_usize) {
        if number > NUMBER {
            return Err(refused(format!("{number} is too large a number: at most {NUMBER}")));
        }
    }
    Ok(())
}

fn indent(state: &mut State<'_, '_>, args: &[Inner]) -> Result<Inner, Error> {
    let (value, width): (Option<&str>, Option<usize>) = match args {
        [] => (None, None),
        [value, rest @ ..] => (value.as_str(), rest.first().and_then(Inner::as_usize)),
    };
    let named = args.iter().find_map(|arg| Kwargs::try_from(arg.clone()).ok());
    let named = named.and_then(|named| named.get::<Option<usize>>("width").ok().flatten());
    let width = width.or(named).unwrap_or(4);
    let text = value.unwrap_or_default();
    let lines = text.lines().count() as u64 + 1;
    let budget = Budget::of(state);
    budget.read(text)?;
    budget.make(lines.saturating_mul(width as u64).saturating_add(text.len() as u64))?;
    state.apply_filter("__builtin_indent", args)
}

fn format(state: &mut State<'_, '_>, args: &[Inner]) -> Result<Inner, Error> {
    small_numbers(args.iter())?;
    let budget = Budget::of(state);
    for arg in args {
        budget.weigh(arg)?;
    }
    let pattern = args.first().and_then(|value| value.as_str()).unwrap_or_default();
    let numbers = pattern.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    for number in numbers {
        let number: usize = number.parse().unwrap_or(usize::MAX);
        if number > NUMBER {
            return Err(refused(format!("a width of {number} is too large: at most {NUMBER}")));
        }
        budget.make(number as u64)?;
    }
    let stars = pattern.matches('*').count() as u64;
    budget.make(stars * NUMBER as u64)?;
    let result = state.apply_filter("__builtin_format", args)?;
    Budget::of(state).made(&result)?;
    Ok(result)
}

fn pieces(state: &mut State<'_, '_>, inner: &str, args: &[Inner]) -> Result<Inner, Error> {
    let text = args.first().and_then(|value| value.as_str()).unwrap_or_default();
    let by = args.get(1).and_then(|value| value.as_str());
    let budget = Budget::of(state);
    budget.read(text)?;
    let count = match by {
        Some("") => text.len() + 2,
        Some(by) => text.matches(by).count() + 1,
        None => text.bytes().filter(u8::is_ascii_whitespace).count() + 1,
    };
    budget.make((text.len() + count * PIECE_BYTES) as u64)?;
    state.apply_filter(inner, args)
}

/// Replaces every occurrence of a text by another one.
fn replace(state: &mut State<'_, '_>, text: &str, from: &str, to: &str) -> Result<String, Error> {
    let budget = Budget::of(state);
    budget.read(text)?;
    let count = text.matches(from).count() as u64;
    let grown = count.saturating_mul(to.len() as u64);
    budget.make((text.len() as u64).saturating_add(grown))?;
    Ok(text.replace(from, to))
}
