//! Names: of dialects that are built in, of folders, of programs.

use std::fs;

use fusion_core::model::chat::FaultKind;
use fusion_providers::{Dialects, Key, Keys, Settings, open};
use tempfile::TempDir;

use crate::bed::{Bed, ask};

fn keys() -> Keys {
    Keys::new(|_| None)
}

#[tokio::test]
async fn a_program_is_opened_by_its_line() {
    let bed = Bed::new("printf 'I heard: '; cat");
    let line = format!("command:{}", bed.program().display());
    let answer = ask(&*open(&line, &keys(), Settings::default()).unwrap()).await.unwrap();
    assert_eq!(answer.text(), "I heard: Hello!");
    let bed = Bed::new("printf '%s' \"$2\"");
    let line = format!("command:{} --ask 'I heard: {{prompt}}'", bed.program().display());
    let provider = open(&line, &keys(), Settings::default()).unwrap();
    assert_eq!(provider.name(), "command:program");
    assert_eq!(ask(&*provider).await.unwrap().text(), "I heard: Hello!");
}

#[tokio::test]
async fn a_program_of_this_folder_is_found_from_the_empty_one_in_which_it_runs() {
    // The folder of the test is that of the crate.
    let provider = open("command:./tests/command/says-hi.sh", &keys(), Settings::default());
    assert_eq!(ask(&*provider.unwrap()).await.unwrap().text(), "hi");
}

#[tokio::test]
async fn a_program_that_says_nothing_has_not_answered() {
    let bed = Bed::new("cat > /dev/null");
    let line = format!("command:{}", bed.program().display());
    let fault = ask(&*open(&line, &keys(), Settings::default()).unwrap()).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Malformed, "{fault}");
}

#[test]
fn dialects_of_folders_have_names_and_models() {
    let (own, project) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let text = |name: &str, argv: &str| {
        format!(r#"{{"dialect":1,"name":"{name}","argv":["{argv}",["-m","{{model}}"]]}}"#)
    };
    fs::write(own.path().join("a.json"), text("codex", "own-codex")).unwrap();
    fs::write(project.path().join("a.json"), text("claude", "false-claude")).unwrap();
    fs::write(project.path().join("b.json"), text("house", "house")).unwrap();
    fs::write(
        project.path().join("c.json"),
        r#"{"dialect":1,"name":"worse","argv":["x"],"evnts":[]}"#,
    )
    .unwrap();
    let dialects = Dialects::default().folder(own.path()).project(project.path());
    let program = |name: &str| dialects.find(name).unwrap().0.program().to_owned();
    assert_eq!(
        (program("codex"), program("claude"), program("house")),
        ("own-codex".into(), "claude".into(), "house".into())
    );
    assert_eq!(dialects.find("house:big:1").unwrap().1, "big:1");
    assert_eq!(dialects.find("opencode:a/b").unwrap().1, "a/b");
    let settings = Settings::default().commands(dialects);
    assert_eq!(open("command:house:m", &keys(), settings.clone()).unwrap().name(), "command:house");
    let fault = open("command:hose", &keys(), settings).unwrap_err();
    assert_eq!(fault.message(), "no command-line agent is called `hose`: did you mean `house`?");
    assert!(fault.detail_text().unwrap().contains("c.json: unknown field `evnts`"), "{fault:?}");
}

#[test]
fn what_is_wrong_is_said() {
    let with_key = Settings::default().key(Key::new("sk-1234567"));
    for (name, settings, message) in [
        ("command:", Settings::default(), "name the command-line agent: `command:claude`"),
        (
            "command:cluade",
            Settings::default(),
            "no command-line agent is called `cluade`: did you mean `claude`?",
        ),
        ("command:./x 'a", Settings::default(), "`./x 'a`: a ' is left open"),
        ("command:claude", with_key, "a command-line agent has its own settings"),
    ] {
        let fault = open(name, &keys(), settings).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::InvalidRequest);
        assert!(fault.message().starts_with(message), "{fault}");
    }
    for (text, message) in [
        (r#"{"dialect":2,"name":"x","argv":["x"]}"#, "its form is 2, and this program reads 1"),
        (r#"{"dialect":1,"name":"a b","argv":["x"]}"#, "`a b` is no name"),
        (r#"{"dialect":1,"name":"x","argv":["{model}"]}"#, "`argv` has to begin with the program"),
        (
            r#"{"dialect":1,"name":"x","argv":["x"],"output":"lines"}"#,
            "`events` has to say what its output means",
        ),
        (r#"{"dialect":1,"name":"x","argv":["x"],"events":[{"text":"/t"}]}"#, "text has no events"),
        (
            r#"{"dialect":1,"name":"x","argv":["x"],"home":{"files":{"../x":1}}}"#,
            "the file `../x` is not in its home",
        ),
    ] {
        let said = fusion_providers::command::Dialect::read(text).unwrap_err();
        assert!(said.starts_with(message), "{said}");
    }
}
