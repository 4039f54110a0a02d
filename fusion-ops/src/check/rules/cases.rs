//! The tests of a file, by the words of its language: which are run, which are skipped.

use super::token::{Kind, Token, behind};

/// Words of which each line is its own test.
const CALLS: [&str; 4] = ["it", "test", "fit", "specify"];
/// Words of tests that are not run.
const SKIPPED: [&str; 4] = ["xit", "xtest", "xspecify", "xdescribe"];

/// The tests of a file.
#[derive(Debug, Default)]
pub(super) struct Tests {
    /// Lines of those that are run.
    pub(super) run: Vec<usize>,
    /// Lines of those that are not.
    pub(super) skipped: Vec<usize>,
}

/// Finds the tests; none where a file may have its tests elsewhere.
pub(super) fn find(tokens: &[Token<'_>], ending: &str) -> Option<Tests> {
    Some(match ending {
        "py" => python(tokens)?,
        "rs" => rust(tokens)?,
        "go" => named(tokens, "func", &["Test", "Benchmark", "Fuzz", "Example"]),
        "rb" => {
            let mut all = named(tokens, "def", &["test_"]);
            all.run.extend(calls(tokens).run);
            let words = [
                "it",
                "specify",
                "test",
                "scenario",
                "example",
                "it_behaves_like",
                "include_examples",
                "its",
            ];
            all.run.extend(
                tokens
                    .iter()
                    .filter(|token| words.iter().any(|word| token.is(word)))
                    .map(|token| token.line),
            );
            all
        }
        "java" | "kt" => annotated(tokens)?,
        _ => calls(tokens),
    })
}

/// Functions with names that begin so.
fn named(tokens: &[Token<'_>], keyword: &str, names: &[&str]) -> Tests {
    let is_test = |two: &&[Token<'_>]| matches!(two, [a, b] if a.is(keyword) && names.iter().any(|name| b.text.starts_with(name)));
    let run =
        tokens.windows(2).filter(is_test).filter_map(|two| two.first()).map(|token| token.line);
    // A method of a suite: `func (s *Suite) TestIt()`.
    let methods = tokens.windows(2).filter(|two| {
        keyword == "func" && matches!(two, [a, b] if a.is(")") && names.iter().any(|name| b.text.starts_with(name)))
    });
    let methods = methods.filter_map(|two| two.first()).map(|token| token.line);
    Tests { run: run.chain(methods).collect(), skipped: Vec::new() }
}

/// Tests of Python: functions, in classes or not, with what stands above them.
fn python(tokens: &[Token<'_>]) -> Option<Tests> {
    let mut tests = Tests::default();
    let all_skipped = tokens.windows(6).any(|six| {
        matches!(six, [mark, is, a, _, b, _] if mark.is("pytestmark") && is.is("=") && a.is("pytest") && b.is("mark"))
    }) && skip_in(tokens, "pytestmark");
    let (mut marked, mut within, mut elsewhere): (bool, Option<usize>, bool) = (false, None, false);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_first = before.is_none_or(|before| before.line != token.line);
        if !is_first {
            continue;
        }
        if within.is_some_and(|column| token.column <= column) && !token.is(")") {
            within = None;
        }
        if token.is("@") {
            let line = tokens
                .iter()
                .skip(at)
                .take_while(|other| other.line == token.line && !other.is("("));
            marked |= line.map(|other| other.text).any(|text| text == "skip");
            continue;
        }
        let def = if token.is("async") { tokens.get(at + 1) } else { Some(token) };
        let name = tokens.get(at + 1 + usize::from(token.is("async")));
        if token.is("class") {
            if marked {
                within.get_or_insert(token.column);
            }
            // Tests that a class has of another one are not seen here.
            let has_bases = tokens.get(at + 2).is_some_and(|open| open.is("("));
            let end = if has_bases { behind(tokens, at + 2) } else { at };
            let bases = tokens.get(at + 2..end).unwrap_or_default();
            let is_own = |base: &Token<'_>| {
                let own = ["unittest", "object", "django", "test", "metaclass"];
                base.kind != Kind::Word
                    || base.text.ends_with("TestCase")
                    || own.iter().any(|word| base.is(word))
            };
            elsewhere |= !bases.iter().all(is_own);
        } else if def.is_some_and(|def| def.is("def"))
            && name.is_some_and(|name| name.text.starts_with("test"))
        {
            let skipped = marked || within.is_some() || all_skipped;
            if skipped { tests.skipped.push(token.line) } else { tests.run.push(token.line) }
        } else if token.is("from") || token.is("import") {
            // `from shared_tests import *` brings tests.
            let line = tokens.iter().skip(at).take_while(|other| other.line == token.line);
            elsewhere |= line.last().is_some_and(|last| last.is("*"));
        }
        if token.column == 0 || def.is_some_and(|def| def.is("def") || def.is("class")) {
            marked = false;
        }
    }
    // Tests that stand in comments, or that a program makes.
    let words = ["doctest", "load_tests", "test_main", "globals", "pytest_generate_tests"];
    elsewhere |= tokens.iter().any(|token| words.iter().any(|word| token.is(word)));
    (!elsewhere).then_some(tests)
}

/// Whether the line of a word says `skip`.
fn skip_in(tokens: &[Token<'_>], word: &str) -> bool {
    let line = tokens.iter().find(|token| token.is(word)).map(|token| token.line);
    tokens.iter().any(|token| Some(token.line) == line && token.is("skip"))
}

/// Tests that are calls: `it(…)`, `test.each(…)(…)`, in `describe(…)` or not.
fn calls(tokens: &[Token<'_>]) -> Tests {
    let mut tests = Tests::default();
    let mut skipped_to = 0;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        if token.kind != Kind::Word || before.is_some_and(|before| before.is(".")) {
            continue;
        }
        let next = |ahead: usize| tokens.get(at + ahead);
        let is_skip = next(1).is_some_and(|dot| dot.is("."))
            && next(2).is_some_and(|word| word.is("skip") || word.is("todo"));
        let is_test = CALLS.iter().any(|word| token.is(word));
        let opens =
            next(1).is_some_and(|open| open.is("(") || open.is(".") || open.kind == Kind::Text);
        if (token.is("describe") || token.is("context") || token.is("suite")) && is_skip
            || token.is("xdescribe")
        {
            let open = tokens.iter().skip(at).position(|token| token.is("("));
            skipped_to = skipped_to.max(open.map_or(at, |open| behind(tokens, at + open)));
            tests.skipped.push(token.line);
        } else if SKIPPED.iter().any(|word| token.is(word))
            || (is_test && is_skip)
            || (is_test && at < skipped_to)
        {
            tests.skipped.push(token.line);
        } else if is_test && opens {
            tests.run.push(token.line);
        }
    }
    // A library of tables of cases, or tests by another name, in a file without any of these words: not for us to judge.
    let words = [
        "bench",
        "property",
        "fc",
        "RuleTester",
        "tap",
        "scenario",
        "Scenario",
        "defineFeature",
        "testProp",
        "ruleTester",
        "tester",
        "describe",
        "suite",
        "t",
        "assert",
    ];
    if tests.run.is_empty()
        && tests.skipped.is_empty()
        && tokens.iter().any(|token| words.iter().any(|word| token.is(word)))
    {
        tests.run.push(1);
    }
    tests
}

/// Tests of Rust: functions with an attribute, also of another library, or made by a macro.
fn rust(tokens: &[Token<'_>]) -> Option<Tests> {
    let mut tests = Tests::default();
    for (at, token) in tokens.iter().enumerate() {
        let opens = token.is("#") && tokens.get(at + 1).is_some_and(|open| open.is("["));
        if !opens {
            continue;
        }
        let end = behind(tokens, at + 1);
        let inner = tokens.get(at + 2..end).unwrap_or_default();
        let has =
            |words: &[&str]| inner.iter().any(|token| words.iter().any(|word| token.is(word)));
        if has(&["test", "rstest", "test_case", "case", "bench", "quickcheck", "wasm_bindgen_test"])
            && !has(&["cfg"])
        {
            // What else stands above the function.
            let above =
                tokens.get(end..).unwrap_or_default().iter().take_while(|token| !token.is("fn"));
            let is_ignored = above.clone().any(|token| token.is("ignore"));
            if is_ignored { tests.skipped.push(token.line) } else { tests.run.push(token.line) }
        }
    }
    let is_macro = |two: &[Token<'_>]| matches!(two, [a, b] if a.kind == Kind::Word && b.is("!") && !a.text.starts_with("assert"));
    let is_module =
        tokens.windows(3).any(|three| matches!(three, [a, _, end] if a.is("mod") && end.is(";")));
    let is_fixed = tokens.windows(2).any(|two| matches!(two, [a, b] if a.is("const") && b.is("_")));
    let elsewhere =
        tests.run.is_empty() && (is_fixed || tokens.windows(2).any(is_macro) || is_module);
    (!elsewhere).then_some(tests)
}

/// Tests of Java and Kotlin: methods with an annotation.
fn annotated(tokens: &[Token<'_>]) -> Option<Tests> {
    let mut tests = Tests::default();
    let is_class_off = tokens.iter().position(|token| token.is("class")).is_some_and(|class| {
        tokens.iter().take(class).any(|token| token.is("Disabled") || token.is("Ignore"))
            && tokens.windows(2).take(class).any(
                |two| matches!(two, [a, b] if a.is("@") && (b.is("Disabled") || b.is("Ignore"))),
            )
    });
    for (at, window) in tokens.windows(2).enumerate() {
        let [sign, name] = window else { continue };
        if !sign.is("@")
            || !["Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "Property", "ArchTest"]
                .iter()
                .any(|word| name.is(word))
        {
            continue;
        }
        let body = tokens.iter().skip(at).take_while(|token| !token.is("{"));
        let above = tokens
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|token| !token.is("}") && !token.is("{") && !token.is(";"));
        let is_off = body.chain(above).any(|token| token.is("Disabled") || token.is("Ignore"));
        if is_off || is_class_off {
            tests.skipped.push(sign.line);
        } else {
            tests.run.push(sign.line);
        }
    }
    // Those of a class above, or of a library with words of its own.
    let inherits = tokens.iter().any(|token| {
        token.is("extends") || token.is("TestTemplate") || token.is("Spec") || token.is(":")
    });
    (!(tests.run.is_empty() && tests.skipped.is_empty() && inherits)).then_some(tests)
}

#[cfg(test)]
mod tests {
    use super::super::token::{Tongue, code, tongue};
    use super::*;

    #[test]
    fn tests_are_found_in_each_language() {
        let count = |ending: &str, text: &str| {
            let own = tokens_of(ending, text);
            find(&own, ending).map(|tests| (tests.run.len(), tests.skipped.len()))
        };
        assert_eq!(
            count(
                "py",
                "class TestA:\n    @pytest.mark.skip\n    def test_a(self): ...\n    async def test_b(self): ...\n"
            ),
            Some((1, 1))
        );
        assert_eq!(
            count(
                "py",
                "@unittest.skip('no')\nclass TestA(unittest.TestCase):\n    def test_a(self): ...\n\ndef test_b(): ...\n"
            ),
            Some((1, 1))
        );
        assert_eq!(
            count(
                "ts",
                "describe.skip('a', () => { it('b', () => {}) })\ntest.each([1])('c', f)\n"
            ),
            Some((1, 2))
        );
        assert_eq!(
            count("go", "func TestA(t *testing.T) {}\nfunc (s *S) TestB() {}\nfunc help() {}\n"),
            Some((2, 0))
        );
        assert_eq!(
            count(
                "rs",
                "#[test]\n#[ignore]\nfn a() {}\n#[tokio::test]\nasync fn b() {}\n#[cfg(test)]\nmod x {}\n"
            ),
            Some((1, 1))
        );
        assert_eq!(
            count("java", "class ATest { @Test void a() {} @Disabled @Test void b() {} }"),
            Some((1, 1))
        );
    }

    fn tokens_of<'a>(ending: &str, text: &'a str) -> Vec<Token<'a>> {
        code(text, tongue(ending).unwrap_or(Tongue::Braces))
    }
}
