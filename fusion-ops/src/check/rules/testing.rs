//! Rules for files of tests.

use super::cases::find;
use super::finding::{Findings, Look};
use super::token::{Kind, Token, behind, code, tongue};

/// Words with which a test says what must be: the name of a call, macro or statement has one in it.
const SAYS: [&str; 20] = [
    "assert",
    "expect",
    "should",
    "verify",
    "check",
    "ensure",
    "must",
    "raises",
    "warns",
    "throws",
    "fail",
    "fatal",
    "panic",
    "error",
    "unwrap",
    "refute",
    "snapshot",
    "getby",
    "findby",
    "quickcheck",
];
/// Words that say so by themselves: those of a library whose questions fail, of examples whose output is compared.
const WHOLE: [(&str, &str); 3] = [("go", "require"), ("go", "Example"), ("go", "Benchmark")];

/// Looks at a file of tests.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    let ending = look.ending();
    let (Some(tongue), true) = (tongue(&ending), is_test(look, &ending)) else { return };
    let tokens = code(look.text, tongue);
    if tokens.is_empty() {
        return;
    }
    trivial(&tokens, &ending, found);
    let Some(tests) = find(&tokens, &ending) else { return };
    let Some(first) = tests.run.first().or_else(|| tests.skipped.first()) else {
        found.say(
            ("testing/test", 1),
            "there is no test in it",
            "write one that shows that the work is right",
        );
        return;
    };
    if tests.run.is_empty() {
        found.say(
            ("testing/skipped", *first),
            "every test in it is skipped",
            "let them run, and mend what they find",
        );
    }
    let is_said = |token: &Token<'_>| {
        let word = token.text.trim_start_matches('_').to_lowercase();
        let whole = WHOLE.iter().any(|(own, says)| *own == ending && token.text.starts_with(says));
        token.kind == Kind::Word
            && (whole || token.is("cy") || SAYS.iter().any(|says| word.contains(says)))
    };
    // A macro of its own that tests something, or tests that are taken from elsewhere.
    let is_macro = |two: &[Token<'_>]| {
        let [one, other] = two else { return false };
        (ending == "rs" && other.is("!") && one.text.contains("test"))
            || (ending == "py" && one.is(".") && other.text.starts_with("test_"))
    };
    if !tokens.iter().any(is_said) && !tokens.windows(2).any(is_macro) {
        found.say(
            ("testing/assertion", *first),
            "no test in it asserts anything",
            "compare what comes with what must come",
        );
    }
}

/// Whether a file is called as those are that tests are looked for in.
fn is_test(look: &Look<'_>, ending: &str) -> bool {
    let file = look.file();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    match ending {
        "py" => stem.starts_with("test_") || stem.ends_with("_test"),
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" => {
            stem.rsplit_once('.').is_some_and(|(_, kind)| kind == "test" || kind == "spec")
        }
        "go" => stem.ends_with("_test") && stem != "main_test",
        "rb" => stem.ends_with("_test") || stem.ends_with("_spec"),
        "rs" => stem == "tests" || stem.ends_with("_test") || stem.ends_with("_tests"),
        "java" | "kt" => {
            (stem.ends_with("Test") || stem.ends_with("Tests"))
                && !stem.starts_with("Abstract")
                && !stem.starts_with("Base")
        }
        _ => false,
    }
}

/// Assertions that hold whatever the work is: of `true`, or of two things that are written the same.
fn trivial(tokens: &[Token<'_>], ending: &str, found: &mut Findings) {
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text.to_lowercase();
        let is_call = word.starts_with("assert")
            || word == "expect"
            || word == "ok"
            || word == "equal"
            || word == "strictequal";
        if token.kind != Kind::Word || !is_call {
            continue;
        }
        if ending == "py" && word == "assert" && bare(tokens, at) {
            always(token.line, found);
            continue;
        }
        let bang = usize::from(tokens.get(at + 1).is_some_and(|next| next.is("!")));
        let open = at + 1 + bang;
        if !tokens.get(open).is_some_and(|next| next.is("(")) {
            continue;
        }
        let end = behind(tokens, open);
        let inner = tokens.get(open + 1..end.saturating_sub(1)).unwrap_or_default();
        let is_method = at
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .is_some_and(|before| before.is("."));
        let of_assert = at
            .checked_sub(2)
            .and_then(|before| tokens.get(before))
            .is_some_and(|owner| owner.is("assert"));
        let holds = match word.as_str() {
            "expect" => {
                inner.len() == 1 && inner.iter().all(is_fixed) && matches_itself(tokens, end, inner)
            }
            "ok" | "equal" | "strictequal" if !(is_method && of_assert) => false,
            _ => asserts_nothing(inner, &word),
        };
        if holds {
            always(token.line, found);
        }
    }
}

fn always(line: usize, found: &mut Findings) {
    found.say(
        ("testing/always-true", line),
        "this assertion holds whatever the work is",
        "compare what the work gives with what must come",
    );
}

/// A value that is written down: `true`, `1`, `"a"`.
fn is_fixed(token: &Token<'_>) -> bool {
    let is_number = token.text.starts_with(|sign: char| sign.is_ascii_digit());
    token.kind == Kind::Text || is_number || ["true", "True"].iter().any(|word| token.is(word))
}

fn is_true(token: &Token<'_>) -> bool {
    ["true", "True", "1"].iter().any(|word| token.is(word))
}

/// `assert True`, `assert 1 == 1`, without more on the line than a message.
fn bare(tokens: &[Token<'_>], at: usize) -> bool {
    let line = tokens.get(at).map(|token| token.line);
    let rest: Vec<&Token<'_>> = tokens
        .iter()
        .skip(at + 1)
        .take_while(|token| Some(token.line) == line && !token.is(",") && !token.is(";"))
        .collect();
    let plain: Vec<&Token<'_>> =
        rest.into_iter().filter(|token| !token.is("(") && !token.is(")")).collect();
    match plain.as_slice() {
        [one] => is_true(one),
        [one, a, b, other] => a.is("=") && b.is("=") && is_fixed(one) && one.text == other.text,
        _ => false,
    }
}

/// What a call asserts: something that is true, or that two values are equal that are written the same.
fn asserts_nothing(inner: &[Token<'_>], word: &str) -> bool {
    let plain = ["assert", "asserttrue", "assert_true", "assert_", "ok"].contains(&word);
    let equal = word.contains("equal") || word.ends_with("_eq") || word == "asserteq";
    match inner {
        [one] => plain && is_true(one),
        [one, comma, rest @ ..] if comma.is(",") => {
            let same = rest.first().is_some_and(|other| other.text == one.text && is_fixed(one))
                && rest.get(1).is_none_or(|next| next.is(","));
            let is_message = matches!(rest, [message] if message.kind == Kind::Text);
            (equal && same && !word.contains("not")) || (plain && is_true(one) && is_message)
        }
        _ => false,
    }
}

/// `expect(1).toBe(1)`, `expect(true).toBeTruthy()`.
fn matches_itself(tokens: &[Token<'_>], end: usize, inner: &[Token<'_>]) -> bool {
    let (Some(dot), Some(call), Some(open)) =
        (tokens.get(end), tokens.get(end + 1), tokens.get(end + 2))
    else {
        return false;
    };
    if !dot.is(".") || !open.is("(") || !call.text.starts_with("to") {
        return false;
    }
    let given = tokens.get(end + 3..behind(tokens, end + 2).saturating_sub(1)).unwrap_or_default();
    let same = given.len() == inner.len() && given.iter().zip(inner).all(|(a, b)| a.text == b.text);
    let truthy = given.is_empty() && ["toBeTruthy", "toBeDefined"].iter().any(|word| call.is(word));
    (same && ["toBe", "toEqual", "toStrictEqual"].iter().any(|word| call.is(word))) || truthy
}
