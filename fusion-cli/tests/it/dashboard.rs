//! Everything of a project on one page.

use serde_json::json;

use crate::support::Project;

const FAILS: &str = "fusion: 1\nname: fails\nnodes:\n  a: { command: [\"false\"] }\n";
const WAITS: &str =
    "fusion: 1\nname: waits\nnodes:\n  ok: { wait: { approval: { role: boss, message: Go? } } }\n";

#[test]
fn a_page_has_plans_agents_tasks_runs_and_what_to_do_next() {
    let project = Project::new();
    let empty = project.fusion("dashboard");
    assert_eq!((empty.code, empty.stdout.contains("none yet")), (0, true), "{}", empty.all());
    assert!(!project.path(".fusion").exists(), "a look makes no store");

    std::fs::create_dir_all(project.path("specs/001-login")).unwrap();
    project.write("specs/001-login/spec.md", "# Login\n");
    project.write("specs/001-login/tasks.md", "- [x] T001 One\n- [ ] T002 Two\n");
    project.write("fusion.toml", "mode = \"mvp\"\n");
    project.write("fails.yaml", FAILS);
    project.write("waits.yaml", WAITS);
    assert_eq!(project.fusion("run fails.yaml --id f1").code, 1);
    project.fusion("run waits.yaml --id w1 --detach");
    project.start("recover").wait_with_output().unwrap();
    project.fusion("agents spawn writer --as someone");
    project.fusion("tasks add --id t1 Write");

    let told =
        project.until("dashboard --json", |told| told["runs"].to_string().contains("waiting"));
    assert_eq!(told["specs"], json!([{"name": "001-login", "done": 1, "total": 2}]));
    assert_eq!(told["agents"][0]["state"], "idle");
    assert_eq!(told["tasks"], json!([["queued", 1]]));
    assert_eq!(told["mode"], json!(["mvp", "standard"]));
    assert_eq!(told["active"][0]["id"], "w1");
    let commands: Vec<&str> = told["next"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["command"].as_str().unwrap())
        .collect();
    assert!(commands.contains(&"fusion runs show f1"), "{commands:?}");
    assert!(commands.iter().any(|command| command.contains("approve w1")), "{commands:?}");

    let page = project.fusion("dashboard --once").stdout;
    for wanted in [
        "mode mvp · checks standard",
        "001-login",
        "1/2 tasks",
        "writer",
        "queued 1",
        "failed 1",
        "w1",
        "Next:",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    let piped = project.fusion("dashboard --watch");
    assert_eq!(
        (piped.code, piped.stderr.contains("needs a terminal")),
        (2, true),
        "{}",
        piped.all()
    );
}
