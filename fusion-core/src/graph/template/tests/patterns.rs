//! Regular expressions: they find what the library finds, and their time is bounded.

use proptest::prelude::*;
use serde_json::json;

use super::super::budget::Budget;
use super::super::pattern::{Pattern, is_match};
use super::Templates;
use super::bombs::Hasty;
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
    // The smaller budget of an evaluation for which others wait: it is spent in the same way, and eighty times sooner.
    for text in [
        "{{ ('a' * 200000) | regex_replace('(a?){900}b', '') | length }}",
        "{{ ('a' * 200000) | regex_replace('a*b|a', '') | length }}",
        "{{ ('aä' * 100000) is matching('[a-zä]{0,900}[0-9]{3}') }}",
        "{% for i in range(2000) %}{{ 'a' is matching('((a?){90}){20}') }}{% endfor %}",
    ] {
        let scope = Hasty::new(false);
        let failure = Templates::new().render(&json!(text), &scope).unwrap_err();
        assert!(scope.was_cut(), "{text}: {failure}");
        assert_eq!(failure.class, Class::LIMIT, "{text}: {failure}");
        assert!(failure.message.contains("it walks over more than"), "{text}: {failure}");
    }
    let endless = Pattern::new("(a?){900}b").unwrap();
    for (length, parts) in [(200_000, 80), (1_000_000, 20)] {
        let found = endless.is_match(&"a".repeat(length), &mut Budget::share(parts));
        assert!(found.unwrap_err().to_string().contains("too much"));
    }
}

#[test]
fn what_is_asked_every_day_of_a_large_output_has_room() {
    // A twentieth of the budget for a twentieth of the text: what it costs grows with the text and no faster.
    let lines = "2026-11-21 18:00:00 an error: größe is 17 of 20\n".repeat(2_000);
    for pattern in
        [r"(?m)^(\d+-\d+)-(\d+) .*?error: (\w+)", "[0-9]+", r"\b\w+\b", "(?i)(error|warning|fatal)"]
    {
        let pattern = Pattern::new(pattern).unwrap();
        let made = pattern.replace(&lines, "", &mut Budget::share(20)).unwrap();
        assert!(made.len() < lines.len(), "{pattern:?}");
    }
    let nothing = Pattern::new("(?i)(exception|panic|fatal|trace)").unwrap();
    assert!(!nothing.is_match(&lines, &mut Budget::share(20)).unwrap());
    // The pattern of a loop is compiled once; compiled each time, this would spend the whole budget in 200 rounds.
    let short = "{% for i in range(5000) %}{% if ('w' ~ i) is matching('^\\\\w+$') %}{% endif %}{% endfor %}!";
    assert_eq!(super::render(json!(short)), json!("!"));
}
