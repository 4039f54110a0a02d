//! A light reading of a template's code: which words it names, and where.
//!
//! MiniJinja itself says whether a template is well formed; this only has to find the words in one that is. (Its own
//! list of undeclared variables leaves out the operand of a slice, which is too little to derive edges from.)

use std::ops::Range;

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Plain text with `{{ … }}` and `{% … %}` in it.
    Text,
    /// One expression.
    Expression,
}

/// What a word in a template names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The output of a node.
    Node,
    /// An input of the run.
    Input,
    /// A secret.
    Secret,
    /// `nodes` or `secrets` alone: which one is not known before the run.
    Any,
    /// `inputs` alone.
    Inputs,
    /// A filter.
    Filter,
    /// A test: the word after `is`.
    Test,
}

/// One word in a template, with its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) what: What,
    pub(crate) name: String,
    pub(crate) range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Quoted,
    Other,
    Sign(u8),
}

type Token = (Kind, usize, usize);

/// Finds the words that a well-formed template names, in their order.
pub(crate) fn uses(source: &str, form: Form) -> Vec<Use> {
    let tokens = tokens(source, form);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        found.extend(use_at(source, &tokens, at));
    }
    found
}

fn use_at(source: &str, tokens: &[Token], at: usize) -> Option<Use> {
    let &(Kind::Name, start, end) = tokens.get(at)? else { return None };
    let word = source.get(start..end)?;
    let sign = |at: Option<usize>| match at.and_then(|at| tokens.get(at)) {
        Some((Kind::Sign(sign), ..)) => *sign,
        _ => 0,
    };
    let named =
        |what, name: &str, end| Some(Use { what, name: name.to_owned(), range: start..end });
    let before = at.checked_sub(1);
    let previous = before.and_then(|at| tokens.get(at)).and_then(|t| source.get(t.1..t.2));
    match sign(before) {
        b'.' => return None,
        b'|' => return named(What::Filter, word, end),
        _ => {}
    }
    let further =
        at.checked_sub(2).and_then(|at| tokens.get(at)).and_then(|t| source.get(t.1..t.2));
    if word != "not"
        && (previous == Some("is") || (previous == Some("not") && further == Some("is")))
    {
        return named(What::Test, word, end);
    }
    let what = match word {
        "nodes" => What::Node,
        "inputs" => What::Input,
        "secrets" => What::Secret,
        _ => return None,
    };
    // `f(nodes=1)` names an argument.
    if sign(Some(at + 1)) == b'=' && sign(Some(at + 2)) != b'=' {
        return None;
    }
    match (sign(Some(at + 1)), tokens.get(at + 2)) {
        (b'.', Some(&(Kind::Name, from, to))) => named(what, source.get(from..to)?, to),
        (b'[', Some(&(Kind::Quoted, from, to))) if sign(Some(at + 3)) == b']' => {
            named(what, source.get(from + 1..to - 1)?, to + 1)
        }
        _ if what == What::Input => named(What::Inputs, word, end),
        _ => named(What::Any, word, end),
    }
}

fn tokens(source: &str, form: Form) -> Vec<Token> {
    let mut found = Vec::new();
    if form == Form::Expression {
        code(source, 0, &mut found);
        return found;
    }
    let mut at = 0;
    while let Some((start, kind)) = next_tag(source, at) {
        at = match kind {
            b'#' => find(source, start + 2, "#}").map_or(source.len(), |end| end + 2),
            b'%' if is_raw(source, start + 2) => after_raw(source, start + 2),
            _ => code(source, start + 2, &mut found),
        };
    }
    found
}

/// Finds the next `{{`, `{%` or `{#`: its place and its second sign.
fn next_tag(source: &str, from: usize) -> Option<(usize, u8)> {
    let bytes = source.as_bytes();
    let mut pairs = bytes.get(from..)?.windows(2).enumerate();
    pairs.find_map(|(at, pair)| match *pair {
        [b'{', kind @ (b'{' | b'%' | b'#')] => Some((from + at, kind)),
        _ => None,
    })
}

fn find(source: &str, from: usize, what: &str) -> Option<usize> {
    source.get(from..)?.find(what).map(|at| from + at)
}

fn is_raw(source: &str, from: usize) -> bool {
    let tag = source.get(from..).unwrap_or_default().trim_start_matches(['-', '+']).trim_start();
    let Some(rest) = tag.strip_prefix("raw") else { return false };
    rest.trim_start().trim_start_matches(['-', '+']).starts_with("%}")
}

fn after_raw(source: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(open) = find(source, at, "{%") {
        let tag = source.get(open + 2..).unwrap_or_default();
        if tag.trim_start_matches(['-', '+']).trim_start().starts_with("endraw") {
            return find(source, open, "%}").map_or(source.len(), |end| end + 2);
        }
        at = open + 2;
    }
    source.len()
}

/// Reads code up to the end of its tag; gives where the text goes on.
fn code(source: &str, from: usize, found: &mut Vec<Token>) -> usize {
    let bytes = source.as_bytes();
    let mut at = from;
    let mut open = 0_usize;
    // The start of a tag keeps `is` and `.` of the one before from reaching into this one.
    found.push((Kind::Sign(b'{'), from, from));
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        if open == 0 && matches!(byte, b'}' | b'%') && next == Some(&b'}') {
            return at + 2;
        }
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        let (kind, length) = match byte {
            b'"' | b'\'' => (Kind::Quoted, quoted(bytes, at)),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => (Kind::Name, run(bytes, at, false)),
            b'0'..=b'9' => (Kind::Other, run(bytes, at, true)),
            _ => (Kind::Sign(byte), 1),
        };
        if !byte.is_ascii_whitespace() {
            found.push((kind, at, at + length));
        }
        at += length;
    }
    at
}

/// The length of a quoted text, both quotes counted.
fn quoted(bytes: &[u8], from: usize) -> usize {
    let quote = bytes.get(from).copied();
    let mut at = from + 1;
    while let Some(&byte) = bytes.get(at) {
        if Some(byte) == quote {
            return at + 1 - from;
        }
        at += if byte == b'\\' { 2 } else { 1 };
    }
    bytes.len() - from
}

/// The length of a name or a number.
fn run(bytes: &[u8], from: usize, number: bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let part = |&&byte: &&u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let length = rest.iter().take_while(part).count();
    let fraction = rest.get(length + 1).is_some_and(u8::is_ascii_digit);
    if number && rest.get(length) == Some(&b'.') && fraction {
        return length + 1 + run(bytes, from + length + 1, false);
    }
    length
}
