//! Who should do a task: the known agents, and cards of one's own.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Project, Ran};

fn agents(project: &Project, args: &[&str], stdin: &str) -> Ran {
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    command.env("FUSION_CONFIG", project.path("config")).arg("agents").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    project.ran(&child.wait_with_output().unwrap())
}

#[test]
fn a_task_is_matched_in_words_and_as_json() {
    let project = Project::new();
    let said = agents(&project, &["match", "Write the", "installation guide"], "");
    assert_eq!(said.stdout, "@gemini: documentation (guide)\n");
    let tasks =
        "- [ ] T001 [P] Style the settings page\n\n- [ ] T002 Hash passwords before storing\n";
    let lines = agents(&project, &["match", "--stdin", "--json"], tasks).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sent: Vec<&Value> = lines.iter().map(|line| &line["agent"]).collect();
    assert_eq!(sent, ["@codex", "@claude"]);
    assert_eq!(lines[0]["ranking"].as_array().unwrap().len(), 5);
    assert!(lines[0]["ranking"][0]["score"].is_f64() && lines[0]["reason"].is_string());
    assert_eq!(agents(&project, &["match"], "").code, 2);
}

#[test]
fn a_card_of_ones_own_is_listed_and_taken() {
    let project = Project::new();
    std::fs::create_dir_all(project.path(".fusion/agents")).unwrap();
    let card =
        json!({"card": 1, "name": "@lawyer", "capabilities": {"contracts": 1}, "cost": "high"});
    project.write(".fusion/agents/lawyer.json", card.to_string());
    let card = json!({"card": 1, "name": "@qwen", "capabilities": {"cooking": 1}});
    project.write(".fusion/agents/qwen.json", card.to_string());
    let all = agents(&project, &["list", "--json"], "").json();
    assert_eq!(all["agents"].as_array().unwrap().len(), 6, "{all:#}");
    assert!(agents(&project, &["list"], "").stdout.contains("contracts"));
    let said = agents(&project, &["match", "Draft the contract with the supplier"], "");
    assert!(said.stdout.starts_with("@lawyer: contracts"), "{}", said.stdout);
    // Its own card says that it does something else.
    let said = agents(&project, &["match", "Optimize slow queries", "--json"], "").json();
    assert_ne!(said["agent"], "@qwen");

    project.write(".fusion/agents/broken.json", "{");
    let broken = agents(&project, &["list"], "");
    assert_eq!(broken.code, 2);
    assert!(broken.stderr.contains("broken.json"), "{}", broken.stderr);
}
