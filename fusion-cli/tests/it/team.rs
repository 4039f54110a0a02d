//! Agents and tasks by the command: spawn, add, work, kill the worker, look.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::control::signal;
use crate::support::Project;

/// Notes that it began, waits until there is a file `go` when it is told to, and says what it was told.
const PROGRAM: &str = "#!/bin/sh
told=$(cat)
echo \"$1 $told\" >> \"$LEDGER\"
case \"$told\" in *slow*) while [ ! -e \"$LEDGER.go\" ]; do sleep 0.05; done;; esac
echo \"$1 did: $told\"
";

fn project() -> Project {
    let project = Project::new();
    project.write("program", PROGRAM);
    let program = project.path("program");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir_all(project.path(".fusion/commands")).unwrap();
    for name in ["writer", "tester"] {
        let dialect = json!({
            "dialect": 1, "name": name, "argv": [program, name], "output": "text",
            "modes": { "edit": {} }, "env": { "LEDGER": project.path("ledger") },
        });
        project.write(&format!(".fusion/commands/{name}.json"), dialect.to_string());
    }
    std::fs::create_dir_all(project.path(".fusion/agents")).unwrap();
    for (name, capability) in [("writer", "documentation"), ("tester", "testing")] {
        let card = json!({"card": 1, "name": name, "capabilities": {capability: 1}});
        project.write(&format!(".fusion/agents/{name}.json"), card.to_string());
    }
    project
}

fn ledger(project: &Project) -> Vec<String> {
    let text = std::fs::read_to_string(project.path("ledger")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn tasks_are_given_out_and_a_killed_worker_s_are_finished_by_the_next() {
    let project = project();
    for name in ["writer", "tester"] {
        let spawned = project.fusion(&format!("agents spawn {name} --mode edit --json")).json();
        let worker = json!({"program": name, "mode": "edit"});
        assert_eq!(spawned["agents"][0]["spec"]["agent"], worker);
    }
    let tasks = json!([
        {"id": "guide", "title": "Write the installation guide", "prompt": "slow guide"},
        {"id": "tests", "title": "Add unit tests for the parser", "needs": ["guide"]},
    ]);
    project.write("tasks.json", tasks.to_string());
    assert_eq!(project.fusion("tasks add --file tasks.json").code, 0);
    let planned = project.fusion("tasks assign --json").json();
    assert_eq!(
        (&planned["assigned"], &planned["tasks"][0]["agent"]),
        (&json!(false), &json!("writer"))
    );
    assert_eq!(planned["tasks"].as_array().unwrap().len(), 1, "the other one is not ready");

    let worker = project.start("worker");
    project.until("tasks list --json", |_| ledger(&project) == ["writer slow guide"]);
    let status = project.fusion("agents status --json").json();
    assert_eq!(status["agents"][1]["state"], "working", "{status:#}");
    signal(&worker, "KILL");
    project.ran(&worker.wait_with_output().unwrap());
    let status = project.fusion("agents status --json").json();
    assert_eq!(status["agents"][1]["working"], json!(["guide"]), "{status:#}");

    project.write("ledger.go", "");
    let worker = project.start("worker");
    let done = project.fusion("tasks wait tests");
    assert_eq!(done.code, 0, "{}", done.all());
    signal(&worker, "INT");
    project.ran(&worker.wait_with_output().unwrap());
    let guide = project.fusion("tasks show guide --json").json();
    assert_eq!(guide["task"]["reply"]["text"], "writer did: slow guide");
    assert_eq!(guide["task"]["attempts"], 1, "a crash of the worker is no failure of the task");
    let tests = project.fusion("tasks show tests --json").json();
    assert_eq!(tests["task"]["agent"], "tester", "{tests:#}");
    let table = project.fusion("agents status");
    assert!(table.stdout.contains("writer  idle   1/1"), "{}", table.all());
}

#[test]
fn what_is_wrong_is_said_with_the_nearest_right_word() {
    let project = project();
    assert_eq!(project.fusion("agents status").code, 1, "there is no store yet");
    project.fusion("agents spawn writer");
    let wrong = project.fusion("agents pause writre");
    assert_eq!(
        (wrong.code, wrong.stderr.contains("did you mean `writer`?")),
        (2, true),
        "{}",
        wrong.all()
    );
    assert_eq!(project.fusion("agents pause writer").stdout, "writer is paused\n");
    assert_eq!(project.fusion("agents resume writer").stdout, "writer is idle\n");
    assert_eq!(project.fusion("tasks add --id a Write").code, 0);
    assert_eq!(project.fusion("tasks cancel a").stdout, "a is cancelled\n");
    assert_eq!(project.fusion("tasks wait a").code, 1);
    assert_eq!(project.fusion("tasks requeue a").stdout, "a is queued\n");
    assert_eq!(project.fusion("agents terminate writer").stdout, "writer is terminated\n");
    let shown = project.fusion("tasks assign");
    assert!(shown.stdout.contains("nobody"), "{}", shown.all());
    project.write("bad.json", "[{\"titel\": 1}]");
    let bad = project.fusion("tasks add --file bad.json");
    assert_eq!((bad.code, bad.stderr.contains("titel")), (2, true), "{}", bad.all());
}

#[test]
fn a_team_is_deployed_and_its_stages_come_one_after_the_other() {
    let project = project();
    let listed = project.fusion("swarm list --json").json();
    assert_eq!(listed["swarms"].as_array().unwrap().len(), 4);
    std::fs::create_dir_all(project.path(".fusion/swarms")).unwrap();
    let team = "swarm: 1\nname: pair\nagents:\n  writer: { agent: { program: writer, mode: edit } }\n  \
                tester: { agent: { program: tester, mode: edit }, instances: 2 }\nworkflows:\n  - name: all\n    stages:\n      \
                - first\n      - { name: second, tasks: [write tests, write more tests] }\n      - third\n";
    project.write(".fusion/swarms/pair.yaml", team);
    let planned = project.fusion("swarm deploy --template pair --dry-run");
    assert_eq!(
        (planned.code, project.path(".fusion/fusion.db").exists()),
        (0, false),
        "{}",
        planned.all()
    );
    let wrong = project.fusion("swarm deploy --template piar");
    assert!(wrong.stderr.contains("did you mean `pair`?"), "{}", wrong.all());
    std::fs::create_dir(project.path("specs")).unwrap();
    assert_eq!(project.fusion("swarm deploy --template pair --spec specs").code, 0);
    assert_eq!(
        project.fusion("swarm deploy --template pair --spec specs").code,
        0,
        "again is no harm"
    );
    let worker = project.start("worker");
    assert_eq!(project.fusion("tasks wait pair.third.1").code, 0);
    signal(&worker, "INT");
    project.ran(&worker.wait_with_output().unwrap());
    let ledger = ledger(&project);
    let stage = |line: &str| {
        ["first", "tests", "third"].iter().position(|word| line.contains(word)).unwrap_or(9)
    };
    let said =
        ledger.iter().filter(|line| line.starts_with("tester") || line.starts_with("writer"));
    let stages: Vec<usize> = said.map(|line| stage(line)).collect();
    assert_eq!(stages, [0, 1, 1, 2], "{ledger:?}");
    assert!(
        ledger.iter().any(|line| line.contains("The specification is in the folder")),
        "{ledger:?}"
    );
    let status = project.fusion("agents status --json").json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 3);
}

#[test]
fn what_cannot_be_is_said_and_the_rest_goes_on() {
    let project = Project::new();
    let spawned = project.fusion("agents spawn nosuch");
    assert!(
        spawned.code == 0 && spawned.stderr.contains("nobody here is called `nosuch`"),
        "{}",
        spawned.all()
    );
    assert_eq!(project.fusion("agents terminate nosuch").code, 0);
    let resumed = project.fusion("agents resume nosuch");
    assert!(resumed.code == 2 && resumed.stderr.contains("FU0105"), "{}", resumed.all());
    std::fs::create_dir_all(project.path(".fusion/swarms")).unwrap();
    project.write(".fusion/swarms/broken.yaml", "swarm: [");
    let listed = project.fusion("swarm list");
    assert!(listed.code == 0 && listed.stderr.contains("broken.yaml"), "{}", listed.all());
    let asked = project.fusion("swarm show broken");
    assert!(asked.code == 2 && asked.stderr.contains("broken.yaml"), "{}", asked.all());
}

#[test]
fn an_agent_remembers_beyond_one_task() {
    let project = Project::new();
    let memory = |more: &[&str]| {
        let all = ["agents", "memory", "writer"].iter().chain(more);
        project.args(&all.copied().collect::<Vec<_>>())
    };
    assert_eq!(memory(&["--remember", "customer/acme=wants invoices by mail"]).code, 0);
    assert_eq!(memory(&["--remember", "limit={\"eur\": 5}"]).code, 0);
    let shown = memory(&["--search", "who wants an invoice"]);
    assert!(
        shown.stdout.contains("customer/acme") && !shown.stdout.contains("limit"),
        "{}",
        shown.all()
    );
    let all = memory(&["--json"]).json();
    assert_eq!(all["facts"][1]["value"], json!({"eur": 5}));
    let wrong = memory(&["--forget", "customer/acmee"]);
    assert!(
        wrong.code == 2 && wrong.stderr.contains("did you mean `customer/acme`?"),
        "{}",
        wrong.all()
    );
    assert_eq!(memory(&["--forget", "limit"]).code, 0);
    assert_eq!(memory(&["--json"]).json()["facts"].as_array().unwrap().len(), 1);
    assert_eq!(memory(&["--remember", "no fact"]).code, 2);
}

#[test]
fn an_agent_works_in_its_own_folder_which_goes_with_it() {
    let project = project();
    let spawned = project.fusion("agents spawn writer --mode edit --workspace --json").json();
    assert_eq!(spawned["agents"][0]["spec"]["workspace"], json!({"keep": false}), "{spawned}");
    let home = project.path(".fusion/workspaces/agents/writer");
    assert!(home.join("projects").is_dir());
    assert_eq!(project.fusion("tasks add hello --id hello").code, 0);
    let worker = project.start("worker");
    assert_eq!(project.fusion("tasks wait hello").code, 0);
    signal(&worker, "INT");
    project.ran(&worker.wait_with_output().unwrap());
    let done = project.fusion("tasks show hello --json").json();
    let folder = done["task"]["reply"]["workspace"].as_str().unwrap().to_owned();
    assert!(folder.ends_with("/.fusion/workspaces/agents/writer/projects"), "{folder}");
    assert_eq!(project.fusion("agents terminate writer").code, 0);
    assert!(!home.exists());
}

#[test]
fn what_is_over_is_forgotten() {
    let project = project();
    project.fusion("agents spawn writer --mode edit");
    project.fusion("tasks add hello --id hello");
    project.fusion("tasks cancel hello");
    project.fusion("agents terminate writer");
    assert_eq!(project.fusion("tasks prune --older-than 1d --json").json()["deleted"], json!([]));
    let asked = project.fusion("tasks prune --older-than 0s");
    assert!(
        asked.code == 2 && asked.stderr.contains("1 task would be forgotten"),
        "{}",
        asked.all()
    );
    assert_eq!(project.fusion("tasks prune --older-than 0s --dry-run").stdout, "hello\n");
    assert_eq!(project.fusion("tasks prune --older-than 0s --yes").code, 0);
    assert_eq!(project.fusion("tasks list --json").json()["tasks"], json!([]));
    assert_eq!(
        project.fusion("agents prune --older-than 0s --yes --json").json()["deleted"],
        json!(["writer"])
    );
}
