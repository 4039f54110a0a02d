//! Whom rules count for, how they are turned off, and that no text stops them.

use fusion_core::error::Code;
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::{Rules, Set, look_by, sets_of};
use super::support::found;
use crate::check::Settings;

#[test]
fn the_name_of_an_agent_says_what_it_works_at() {
    use Set::{Api, Database, Devops, Docs, Frontend, Testing};
    for (name, sets) in [
        ("@frontend-specialist", &[Frontend][..]),
        ("FrontEndDeveloper", &[Frontend]),
        ("backend", &[Api, Database]),
        ("@database-agent", &[Database]),
        ("QA", &[Testing]),
        ("testing-agent", &[Testing]),
        ("devops-engineer", &[Devops]),
        ("full-stack", &[Frontend, Api, Database]),
        ("/home/me/api/docs.sh --fast", &[Docs]),
        ("@copilot", &[Api, Database]),
        ("claude", &[Testing, Devops]),
        ("codex", &[Frontend]),
        ("gemini", &[Docs]),
        ("qwen", &[]),
        ("a person", &[]),
        ("/home/me/api/agent.sh", &[]),
        ("latest", &[]),
        ("", &[]),
    ] {
        assert_eq!(sets_of(name), sets, "{name}");
    }
}

#[test]
fn the_mark_counts_before_who_does_it_and_the_file_before_both() {
    let text = "build: 1\nrules:\n  on: [docs/link]\n  off: [devops/pinned-image, testing]\n  agents: { my-agent: [api, testing], '@codex': [] }\n";
    let rules = Settings::parse(text, "b").unwrap().rules;
    let counts = |agents: &[&str], rule: &str| rules.of(agents).contains(&rule);
    assert!(counts(&["My-Agent"], "api/route") && counts(&["my-agent"], "docs/link"));
    assert!(!counts(&["my-agent"], "testing/test"), "it is off for everybody");
    assert_eq!(rules.of(&["codex"]), ["docs/link"]);
    assert!(counts(&["devops"], "devops/secret") && !counts(&["devops"], "devops/pinned-image"));
    assert!(counts(&["@somebody", "db"], "database/closed"));
    assert!(!counts(&["@api", "db"], "database/closed"), "the mark says what the work is");
    assert!(Rules::default().of(&["somebody"]).is_empty());
}

#[test]
fn mistakes_in_the_file_are_told_all_at_once() {
    let text = "build: 1\nrules:\n  off: [devop, api/rout]\n  agents:\n    a: docs\n    b: [dcos]\n  onn: []\n";
    let error = Settings::parse(text, "build.yaml").unwrap_err();
    let said: Vec<(usize, Code, &str)> = error
        .all()
        .map(|one| (one.place().unwrap().line, one.code(), one.hint_text().unwrap_or_default()))
        .collect();
    for (line, code, hint) in [
        (3, Code::UnknownReference, "`devops`"),
        (3, Code::UnknownReference, "`api/route`"),
        (5, Code::WrongType, ""),
        (6, Code::UnknownReference, "`docs`"),
        (7, Code::UnknownKey, "`on`"),
    ] {
        let fits =
            |one: &&(usize, Code, &str)| one.0 == line && one.1 == code && one.2.contains(hint);
        assert!(said.iter().any(|one| fits(&one)), "{line} {hint}: {said:?}");
    }
    assert_eq!(said.len(), 5);
}

#[test]
fn a_workspace_is_looked_at() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    let rules = Rules::default().of(&["full-stack docs"]);
    write("a.sql", b"\xef\xbb\xbfCREATE TABLE a (b INT);");
    write("b.md", b"[a](a.sql) [c](c.md#x)");
    write("c.md", b"# Y\n");
    write("d.sql", &[0xff, 0xfe]);
    let said = |name: &str| look_by(&rules, folder.path(), name);
    assert_eq!(
        said("a.sql").unwrap(),
        "line 1: database/primary-key: the table `a` has no primary key; name the columns that tell its rows apart: `PRIMARY KEY (…)`"
    );
    assert!(said("b.md").unwrap().contains("`c.md#x` leads to no heading"));
    for name in ["c.md", "d.sql", "none.sql", ".", "../x.md"] {
        assert_eq!(said(name), None, "{name}");
    }
    write("many.md", format!("# A\n\n{}", "[a](none.md)\n\n".repeat(20)).as_bytes());
    assert!(said("many.md").unwrap().ends_with("and 12 more"));
    assert_eq!(look_by(&[], folder.path(), "a.sql"), None);
}

/// Names that the sets look at.
const NAMES: [&str; 16] = [
    "a.html",
    "A.tsx",
    "a.vue",
    "a.svelte",
    "routes/a.js",
    "a_handler.py",
    "openapi.yaml",
    "a.sql",
    "test_a.py",
    "a.test.ts",
    "tests.rs",
    "ATest.java",
    "Dockerfile",
    "compose.yml",
    ".env",
    "a.md",
];

/// Pieces of which texts are made that look like files.
const PIECES: [&str; 48] = [
    "CREATE TABLE",
    "DROP TABLE",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<img",
    "<script",
    "</",
    ">",
    "<!--",
    "-->",
    "'",
    "\"",
    "`",
    "$$",
    "\\",
    "/*",
    "*/",
    "//",
    "--",
    "#",
    "\n",
    " ",
    ":",
    "- ",
    "=",
    "@",
    "!",
    ".",
    ";",
    ",",
    "é",
    "😀",
    "\u{feff}",
    "it",
    "def test_",
    "class A",
    "#[test]",
    "expect",
    "assert",
    "FROM",
    "ENV A=",
    "<<EOF",
    "](#",
    "Router",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_text_stops_a_rule(at in 0..NAMES.len(), text in "(?s).{0,200}") {
        for set in Set::all() {
            let _ = found(set, NAMES[at], &text);
        }
    }

    #[test]
    fn no_file_however_broken_stops_a_rule(at in 0..NAMES.len(), pieces in prop::collection::vec(0..PIECES.len(), 0..80)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        for set in Set::all() {
            for one in found(set, NAMES[at], &text) {
                prop_assert!(one.line <= text.matches('\n').count() + 1, "{one}");
            }
        }
    }

    #[test]
    fn no_name_stops_a_rule(name in "[ -~é]{0,24}", text in "[ -~\n]{0,60}") {
        for set in Set::all() {
            let _ = found(set, &name, &text);
        }
        let _ = sets_of(&name);
    }
}
