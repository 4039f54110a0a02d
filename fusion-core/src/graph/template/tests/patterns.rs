//! Regular expressions: they find what the library finds, and their time is bounded.

use proptest::prelude::*;
use serde_json::json;

use super::super::budget::Budget;
use super::super::pattern::{Pattern, is_match};
use super::{Run, Templates};
use crate::model::Class;

fn same(pattern: &str, text: &str, with: &str) {
    let Ok(library) = regex::Regex::new(pattern) else {
        assert!(Pattern::new(pattern).is_err(), "{pattern}");
        return;
    };
    let ours = Pattern::new(pattern).unwrap();
    let replaced = ours.replace(text, with, &mut Budget::full()).unwrap();
    assert_eq!(replaced, library.replace_all(text, with), "/{pattern}/ in {text:?} with {with:?}");
    assert_eq!(
        is_match(pattern, text, None).unwrap(),
        library.is_match(text),
        "/{pattern}/ in {text:?}"
    );
}

#[test]
fn what_is_found_is_what_the_library_finds() {
    let texts = ["", "a", "aab", "abcabc", "größe ß\n1 22\r\n", "foobar foo", "💥a💥", "_a-b_"];
    for pattern in [
        "",
        "a*",
        "a*?",
        "a|ab",
        "ab|a",
        "(a)(b)?",
        "^",
        "$",
        "(?m)^.",
        "(?m)$",
        r"\b",
        r"\B",
        r"\b\w+\b",
        r"(\w)(\w*)",
        "(?i)GRÖSSE|größe",
        "[^a]",
        "(?:)|a",
        "(a*)*",
        "(a|b)*?c",
        r"\d+|\s",
        ".",
        "(?s).+",
        "^a",
        "(?P<x>o+)",
        "a{2}",
        r"\z",
        "x",
        "(",
        "(?-u:\\xff)",
        r"(?R)$",
        "(a?){9}b",
        "[[:alpha:]]+$",
        r"\bfoo\b",
        "(|a)+",
        "(a|)+b",
    ] {
        for text in texts {
            for with in ["", "<$0>", "$1-${2}$x", "$$", "ß"] {
                same(pattern, text, with);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_pattern_finds_what_the_library_finds(
        pattern in r"[ab(|)*+?.^$ä]{0,8}(\\b)?[ab(|)*+?]{0,4}",
        text in "[abä\n]{0,10}",
    ) {
        same(&pattern, &text, "<$0:$1>");
    }
}

#[test]
fn a_long_search_comes_to_an_end() {
    for text in [
        "{{ ('a' * 8000000) | regex_replace('(a?){900}b', '') | length }}",
        "{{ ('a' * 8000000) | regex_replace('a*b|a', '') | length }}",
        "{{ ('aä' * 4000000) is matching('[a-zä]{0,900}[0-9]{3}') }}",
        "{% for i in range(99999) %}{{ 'a' is matching('(((a?){90}){90}){3}') }}{% endfor %}",
    ] {
        let failure = Templates::new().render(&json!(text), &Run::new()).unwrap_err();
        assert_eq!(failure.class, Class::LIMIT, "{text}: {failure}");
    }
    assert!(is_match("(a?){900}b", &"a".repeat(8_000_000), None).unwrap_err().contains("too much"));
    // What is asked every day of a large output has room.
    let lines = "2026-11-21 18:00:00 an error: größe is 17 of 20\n".repeat(40_000);
    let short = "{% for i in range(50000) %}{% if ('w' ~ i) is matching('^\\\\w+$') %}{% endif %}{% endfor %}!";
    assert_eq!(super::render(json!(short)), json!("!"));
    for pattern in
        [r"(?m)^(\d+-\d+)-(\d+) .*?error: (\w+)", "[0-9]+", r"\b\w+\b", "(?i)(error|warning|fatal)"]
    {
        let made = Pattern::new(pattern).unwrap().replace(&lines, "", &mut Budget::full()).unwrap();
        assert!(made.len() < lines.len(), "{pattern}");
    }
    let nothing = is_match("(?i)(exception|panic|fatal|trace)", &lines, None).unwrap();
    assert!(!nothing);
}
