//! Reads every path (`crate::model::Id`) out of a file's tokens, macro bodies included.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One path as it is written, with the part before a `{…}` of a `use` put in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// Its parts: `["crate", "model", "Id"]`.
    pub(crate) parts: Vec<String>,
    /// The line of its first own part.
    pub(crate) line: usize,
    /// How many inline modules surround it.
    pub(crate) depth: usize,
    /// Whether it stands in an inline module named `tests`.
    pub(crate) in_tests: bool,
}

/// All paths of a file.
pub(crate) fn paths(tokens: &TokenStream) -> Vec<Path> {
    let mut out = Vec::new();
    let here = Place { depth: 0, in_tests: false };
    walk(tokens, here, &[], &mut out);
    out
}

#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    in_tests: bool,
}

fn walk(tokens: &TokenStream, here: Place, before: &[String], out: &mut Vec<Path>) {
    let mut rest = tokens.clone().into_iter().peekable();
    while let Some(token) = rest.next() {
        match token {
            // The name after `as` is new here and leads nowhere.
            TokenTree::Ident(word) if word == "as" => drop(rest.next()),
            TokenTree::Ident(word) if word == "mod" => {
                let name = rest.next().map(|token| token.to_string()).unwrap_or_default();
                if let Some(TokenTree::Group(body)) = rest.peek() {
                    let in_tests = here.in_tests || name == "tests";
                    let inside = Place { depth: here.depth.saturating_add(1), in_tests };
                    walk(&body.stream(), inside, &[], out);
                    rest.next();
                }
            }
            TokenTree::Ident(word) => {
                let mut parts = before.to_vec();
                parts.push(word.to_string());
                let line = word.span().start().line;
                let group = follow(&mut rest, &mut parts);
                if let Some(inner) = group {
                    walk(&inner, here, &parts, out);
                } else {
                    out.push(Path { parts, line, depth: here.depth, in_tests: here.in_tests });
                }
            }
            TokenTree::Group(group) => walk(&group.stream(), here, &[], out),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

type Tokens = std::iter::Peekable<proc_macro2::token_stream::IntoIter>;

/// Adds the parts after `::`; hands back the inside of a `{…}` if the path ends with one.
fn follow(rest: &mut Tokens, parts: &mut Vec<String>) -> Option<TokenStream> {
    loop {
        let mut ahead = rest.clone();
        if !(is_colon(ahead.next().as_ref()) && is_colon(ahead.next().as_ref())) {
            return None;
        }
        match ahead.next() {
            Some(TokenTree::Ident(word)) => parts.push(word.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                *rest = ahead;
                return Some(group.stream());
            }
            _ => return None,
        }
        *rest = ahead;
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_macros_and_inline_modules_are_read() {
        let text = "use crate::{model::Id, error as fault};\nmod tests { use super::super::run; }\n\
                    fn f() { m!(crate::graph::x) }";
        let found = paths(&text.parse().expect("it is Rust"));
        let at = |words: &str| found.iter().find(|path| path.parts.join("::") == words).cloned();
        assert_eq!(at("crate::model::Id").map(|path| path.line), Some(1));
        assert!(at("crate::error").is_some() && at("crate::fault").is_none());
        let inner = at("super::super::run").expect("it is there");
        assert!(inner.in_tests && inner.depth == 1);
        assert_eq!(at("crate::graph::x").map(|path| path.line), Some(3));
    }
}
