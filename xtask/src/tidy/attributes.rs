//! Lints are expected with a reason, never allowed; tests are neither skipped nor meant to panic.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::Finding;
use crate::tree::Tree;

/// Where `unsafe` may be written: the borders to C, Python and Node, the file layer of the database, and the power switch.
const UNSAFE: [&str; 6] = [
    "fusion-plugin/",
    "fusion-providers/src/plugin_host/",
    "fusion-py/",
    "fusion-node/",
    "testing/crashfs/",
    "testing/crash/src/harness/disk.rs",
];

/// Checks the attributes of every Rust file, and where `unsafe` stands.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in tree.sources() {
        let mut said = Vec::new();
        let free = UNSAFE.iter().any(|place| source.path.starts_with(place));
        walk(&source.tokens, free, &mut said);
        found.extend(said.into_iter().map(|(line, what)| Finding::new(&source.path, line, what)));
    }
    found
}

fn walk(tokens: &TokenStream, free: bool, said: &mut Vec<(usize, String)>) {
    let mut after_hash = false;
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => {
                if after_hash && group.delimiter() == Delimiter::Bracket {
                    attribute(&group, said);
                } else {
                    walk(&group.stream(), free, said);
                }
                after_hash = false;
            }
            TokenTree::Punct(mark) => {
                after_hash = mark.as_char() == '#' || (after_hash && mark.as_char() == '!');
            }
            TokenTree::Ident(word) => {
                after_hash = false;
                if word == "unsafe" && !free {
                    let what = "`unsafe` stands outside its places: write safe code, or move it \
                                to a place that tidy/attributes.rs names";
                    said.push((word.span().start().line, what.to_owned()));
                }
            }
            TokenTree::Literal(_) => after_hash = false,
        }
    }
}

fn attribute(group: &Group, said: &mut Vec<(usize, String)>) {
    let mut before: Option<String> = None;
    for token in group.stream() {
        let line = token.span().start().line;
        match token {
            TokenTree::Ident(word) => {
                let word = word.to_string();
                if before.is_none() && (word == "ignore" || word == "should_panic") {
                    let what = format!(
                        "`{word}` hides a test: make the test run, or assert on the error it meets"
                    );
                    said.push((line, what));
                }
                before = Some(word);
            }
            TokenTree::Group(inner) => {
                match before.as_deref() {
                    Some("allow") => {
                        let what = "a lint is allowed: fix it, or write \
                                    `expect(lint, reason = \"…\")`";
                        said.push((line, what.to_owned()));
                    }
                    Some("expect") if !has_reason(&inner) => {
                        said.push((
                            line,
                            "an expected lint has no reason: add `reason = \"…\"`".into(),
                        ));
                    }
                    Some("cfg_attr") => attribute(&inner, said),
                    _ => {}
                }
                before = Some(String::new());
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn has_reason(inner: &Group) -> bool {
    inner
        .stream()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Ident(word) if word == "reason"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    const AT: &str = "a/src/b.rs";

    #[test]
    fn lints_are_expected_with_a_reason() {
        let fine = "#![expect(dead_code, reason = \"x\")]\n#[derive(Debug)]\nstruct A;\n\
                    const S: &str = \"#[allow(x)]\";";
        let lists: [(&str, &str); 4] = [
            ("\n#[allow(dead_code)]\nfn f() {}", "allowed"),
            ("\n#![allow(dead_code)]", "allowed"),
            ("\n#[cfg_attr(test, allow(dead_code))]\nfn f() {}", "allowed"),
            ("\n#[expect(dead_code)]\nfn f() {}", "no reason"),
        ];
        for (text, word) in lists {
            assert_rule(check, &[(AT, fine)], &[(AT, text)], ("a/src/b.rs:2", word));
        }
    }

    #[test]
    fn tests_are_not_hidden() {
        let fine = "#[test]\nfn ignore() { should_panic(); }";
        for text in ["\n#[ignore = \"slow\"]\nfn f() {}", "\n#[should_panic]\nfn f() {}"] {
            assert_rule(check, &[(AT, fine)], &[(AT, text)], ("a/src/b.rs:2", "hides a test"));
        }
    }

    #[test]
    fn unsafe_stays_in_its_places() {
        let text = "fn f() {\n    unsafe { g() }\n}";
        let place = ("a/src/b.rs:2", "outside its places");
        assert_rule(check, &[("fusion-plugin/src/abi.rs", text)], &[(AT, text)], place);
    }
}
