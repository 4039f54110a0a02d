//! Each mode is exactly what it shall be, and each is more than the one before.

use fusion_core::error::Code;

use super::*;
use crate::check::Gates;

/// A mode with components, agents, checks and where it runs.
type Line =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static str, &'static str);

#[test]
fn each_mode_turns_on_exactly_its_sets() {
    let table: [Line; 4] = [
        ("prototype", &["core"], &["@copilot"], "minimal", "local"),
        ("mvp", &["core", "testing", "auth"], &["@copilot", "@claude"], "standard", "staging"),
        (
            "production",
            &["all_required"],
            &["@copilot", "@claude", "@codex", "@qwen"],
            "comprehensive",
            "multi-env",
        ),
        ("scale", &["all_required", "monitoring", "analytics"], &["all"], "enterprise", "global"),
    ];
    assert_eq!(table.map(|line| line.0), Mode::ALL.map(Mode::word));
    for (word, components, agents, qa, deployment) in table {
        let set = Mode::of(word).unwrap().set();
        assert_eq!(set.components, components, "{word}");
        assert_eq!(set.agents, agents, "{word}");
        assert_eq!((set.qa.word(), set.deployment.word()), (qa, deployment), "{word}");
    }
    assert!(Mode::of("prod").unwrap_err().hint_text().unwrap().contains("production"));
}

#[test]
fn words_stand_for_what_there_is() {
    let required = ["database", "testing", "monitoring"];
    assert!(Mode::Prototype.set().components(&required).is_empty());
    assert_eq!(Mode::Mvp.set().components(&required), ["testing", "auth"]);
    assert_eq!(Mode::Production.set().components(&required), required);
    let most = Mode::Scale.set();
    assert_eq!(most.components(&required), ["database", "testing", "monitoring", "analytics"]);
    assert_eq!(most.agents(&["@copilot", "@me"]), ["@copilot", "@me"]);
}

#[test]
fn each_level_asks_for_more() {
    let names = |level: Level| level.demands().map(|one| one.name).collect::<Vec<_>>();
    for pair in Level::ALL.windows(2) {
        let (less, more) = (names(pair[0]), names(pair[1]));
        assert!(less.iter().all(|name| more.contains(name)) && less.len() < more.len());
        let (lax, strict) = (pair[0].gates(), pair[1].gates());
        assert!(lax.coverage <= strict.coverage && lax.success <= strict.success);
        assert!(lax.placeholders || !strict.placeholders);
        for switch in [
            |gates: &Gates| gates.syntax,
            |gates: &Gates| gates.tests,
            |gates: &Gates| gates.every,
            |gates: &Gates| gates.must,
            |gates: &Gates| gates.components,
        ] {
            assert!(!switch(&lax) || switch(&strict));
        }
        assert_ne!(lax, strict);
    }
    for pair in Mode::ALL.windows(2) {
        let (less, more) = (pair[0].set(), pair[1].set());
        assert!(less.qa < more.qa && less.deployment < more.deployment);
        let (few, many) = (less.deployment.environments(), more.deployment.environments());
        assert!(many.starts_with(few) && many.len() == few.len() + 1);
        let known = ["@copilot", "@claude", "@codex", "@qwen", "@gemini"];
        assert!(more.agents(&known).starts_with(&less.agents(&known)));
    }
}

#[test]
fn a_project_says_otherwise_and_its_words_stay() {
    let text = "# mine\nname = \"shop\"\nmode = 'mvp'   # for now\n\n[modes.mvp]\nagents = [\"@claude\"]\nqa = \"enterprise\"\n";
    let file = ProjectFile::parse(text, FILE).unwrap();
    let set = file.set(Mode::Mvp);
    assert_eq!((set.agents.as_slice(), set.qa), (&["@claude".to_owned()][..], Level::Enterprise));
    assert_eq!(set.components, Mode::Mvp.set().components);
    assert_eq!(file.set(Mode::Scale), Mode::Scale.set());
    let moved = ProjectFile::moved(text, FILE, Mode::Production, "specs/é").unwrap();
    assert_eq!(moved, format!("spec = \"specs/é\"\n{}", text.replace("'mvp' ", "\"production\" ")));
    let again = ProjectFile::parse(&moved, FILE).unwrap();
    assert_eq!((again.mode, again.spec.as_deref()), (Some(Mode::Production), Some("specs/é")));
    assert_eq!(ProjectFile::moved(&moved, FILE, Mode::Production, "x").unwrap(), moved);
    let bare =
        ProjectFile::moved("[modes.scale]\nqa = \"minimal\"\n", FILE, Mode::Mvp, "s").unwrap();
    assert_eq!(ProjectFile::parse(&bare, FILE).unwrap().mode, Some(Mode::Mvp));
    let new = ProjectFile::text(Mode::Mvp, "specs/001-a").unwrap();
    assert_eq!(ProjectFile::parse(&new, FILE).unwrap().spec.as_deref(), Some("specs/001-a"));
    assert_eq!(
        ProjectFile::moved(&new, FILE, Mode::Scale, "x").unwrap(),
        new.replace("mvp", "scale")
    );
}

#[test]
fn what_is_wrong_has_its_line() {
    for (text, line, word) in [
        ("form = 1\nmode = \"mpv\"\n", 2, "mpv"),
        ("mood = 1\n", 1, "mood"),
        ("[modes.mvp]\nagent = []\n", 2, "agent"),
        ("mode =", 1, ""),
    ] {
        let error = ProjectFile::parse(text, FILE).unwrap_err();
        assert_eq!(error.code(), Code::Syntax, "{text}");
        assert_eq!(error.place().unwrap().line, line, "{error}");
        assert!(error.message().contains(word), "{error}");
    }
    assert_eq!(ProjectFile::parse("form = 2\n", FILE).unwrap_err().code(), Code::StoreNewer);
}
