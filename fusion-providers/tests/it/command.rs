//! Programs that a list allows.

use std::fs;
use std::sync::Arc;

use fusion_core::agent::Tool;
use fusion_core::model::Class;
use fusion_providers::Key;
use fusion_providers::tools::{Commands, Workspace};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hands::{Body, env, once, turns};
use crate::server::pause;

fn commands(rules: &[&str]) -> (TempDir, Commands) {
    let folder = tempfile::tempdir().unwrap();
    let commands = Commands::new(&Workspace::open(folder.path()).unwrap(), rules).unwrap();
    (folder, commands)
}

fn tools(commands: &Commands) -> Vec<Tool> {
    vec![commands.tool(env())]
}

#[tokio::test]
async fn what_a_program_says_is_told() {
    let (folder, commands) = commands(&["sh", "cat", "no-such-program-anywhere"]);
    let tools = tools(&commands);
    let script = "pwd; cat; echo wrong >&2; exit 3";
    let told =
        once(&tools, "run_command", json!({"command": ["sh", "-c", script], "stdin": "in\n"}))
            .await
            .unwrap();
    let here = folder.path().canonicalize().unwrap();
    assert_eq!(told, format!("exit code 3\n--- stdout\n{}\nin\n--- stderr\nwrong", here.display()));
    let told =
        once(&tools, "run_command", json!({"command": ["sh", "-c", "kill -9 $$"]})).await.unwrap();
    assert_eq!(told, "ended by signal 9");
    let told = once(&tools, "run_command", json!({"command": ["no-such-program-anywhere"]}))
        .await
        .unwrap_err();
    assert!(told.contains("no-such-program-anywhere"), "{told}");
    // No shell reads the words.
    let told =
        once(&tools, "run_command", json!({"command": ["cat", "$(id)", "; id"]})).await.unwrap();
    assert!(told.contains("$(id)") && !told.contains("uid="), "{told}");
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_by_the_policy() {
    let (folder, commands) = commands(&["touch a", "git log *"]);
    let tools = tools(&commands);
    for words in [
        json!(["touch", "b"]),
        json!(["rm", "-rf", "."]),
        json!(["/usr/bin/touch", "a"]),
        json!(["git", "-c", "x=y", "log"]),
    ] {
        let told = once(&tools, "run_command", json!({"command": words})).await.unwrap_err();
        assert!(
            told.contains("the policy does not allow")
                && told.contains("Allowed: `touch a`, `git log *`."),
            "{told}"
        );
    }
    once(&tools, "run_command", json!({"command": []})).await.unwrap_err();
    once(&tools, "run_command", json!({"command": ["touch", "a"]})).await.unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let wrong = Commands::new(&Workspace::open(folder.path()).unwrap(), ["*"]).unwrap_err();
    assert_eq!(wrong.class, Class::VALIDATION);
}

#[tokio::test]
async fn the_environment_is_what_it_is_given() {
    let (_folder, commands) = commands(&["env"]);
    let commands = commands.variable("TOKEN", Key::new("very-secret"));
    let told = once(&tools(&commands), "run_command", json!({"command": ["env"]})).await.unwrap();
    let known = ["PATH", "HOME", "LANG", "TMPDIR", "TOKEN", "PWD", "SHLVL", "_"];
    for line in told.lines().skip(2) {
        let name = line.split('=').next().unwrap();
        assert!(known.contains(&name) || name.starts_with("FUSION_"), "{line}");
    }
    assert!(told.contains("TOKEN=***") && !told.contains("very-secret"), "{told}");
    assert!(told.contains("FUSION_IDEMPOTENCY_KEY=key/turn/0/call/0"), "{told}");
}

#[tokio::test]
async fn one_that_takes_too_long_ends_with_its_children() {
    let (folder, commands) = commands(&["sh"]);
    let tools = tools(&commands.limit_ms(400));
    let script = "echo begun; sleep 100 & echo $! > child; wait";
    let told = once(&tools, "run_command", json!({"command": ["sh", "-c", script]})).await.unwrap();
    assert_eq!(told, "ended, as it took longer than 400 ms\n--- stdout\nbegun");
    assert_gone(&folder).await;
}

#[tokio::test]
async fn one_that_nobody_wants_any_more_ends_with_its_children() {
    let (folder, commands) = commands(&["sh"]);
    let tools = tools(&commands);
    let body = Arc::new(Body::default());
    let call = (
        "run_command",
        json!({"command": ["sh", "-c", "trap '' TERM; sleep 100 & echo $! > child; wait; wait"]}),
    );
    let calls = [call];
    let all: [&[(&str, Value)]; 1] = [&calls];
    let work = turns(&body, &tools, &all);
    let cancel = async {
        while !folder.path().join("child").exists() {
            pause(10).await;
        }
        body.cancel();
    };
    let (ended, ()) = tokio::join!(work, cancel);
    assert!(ended.unwrap_err().class.is_cancel());
    assert_gone(&folder).await;
}

/// Waits until the process whose number was written is gone.
async fn assert_gone(folder: &TempDir) {
    let pid = fs::read_to_string(folder.path().join("child")).unwrap();
    let status = format!("/proc/{}/stat", pid.trim());
    for _ in 0..1_000 {
        // One that has ended and was not asked for its code yet is as good as gone.
        let is_gone = fs::read_to_string(&status).map_or(true, |text| text.contains(") Z "));
        if is_gone {
            return;
        }
        pause(10).await;
    }
    panic!("process {pid} still runs");
}

#[tokio::test]
async fn a_long_output_is_cut_in_the_middle() {
    let (_folder, commands) = commands(&["sh"]);
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
    let told = once(&tools(&commands), "run_command", json!({"command": ["sh", "-c", script]}))
        .await
        .unwrap();
    assert!(
        told.len() < 26_000 && told.contains("line 0\n") && told.ends_with("line 19999"),
        "{told:.300}"
    );
    assert!(told.contains(" bytes left out]"));
}

#[tokio::test]
async fn a_sandbox_with_an_impossible_policy_refuses_the_program() {
    let (folder, commands) = commands(&["touch"]);
    let strict = fusion_core::workspace::Policy {
        isolation: fusion_core::workspace::Isolation::Strict,
        readable: vec!["/".into()],
        ..Default::default()
    };
    let tools = vec![commands.sandbox(strict).tool(env())];
    assert!(tools[0].about().description.contains("sandbox"), "{:?}", tools[0].about());
    let told = once(&tools, "run_command", json!({"command": ["touch", "a"]})).await.unwrap_err();
    assert!(told.contains("never `/`"), "{told}");
    assert!(!folder.path().join("a").exists());
}
