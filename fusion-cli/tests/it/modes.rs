//! What follows a project's mode: builds, their gates and reports, who does the tasks.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Project;

const BLOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/blog");

/// Takes what a shell script of tasks makes out of a folder.
fn written(folder: &Path, below: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(below).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            written(folder, &path, found);
        } else {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The files of the blog, as its example's agent writes them.
fn blog(project: &Project) -> Vec<(String, String)> {
    fs::create_dir(project.path("made")).unwrap();
    let tasks = ["T001", "T002 it was refused", "T003", "T004", "T005", "T006"];
    for task in tasks {
        let ran = project.shell(&format!("cd made && echo '{task}' | sh {BLOG}/work.sh"));
        assert_eq!(ran.code, 0, "{}", ran.all());
    }
    let mut found = Vec::new();
    written(&project.path("made"), &project.path("made"), &mut found);
    found
}

/// A recording in which a model writes all these files when it is asked first, and then says that all is done.
fn recording(files: &[(String, String)]) -> String {
    let answer = |parts: Value, finish: &str| {
        let said = json!({"answer": {"model": "script", "parts": parts, "finish": finish}});
        json!({"asked": "any", "said": said}).to_string()
    };
    let calls: Vec<Value> = files
        .iter()
        .enumerate()
        .map(|(at, (path, text))| {
            let arguments = json!({"path": path, "text": text}).to_string();
            json!({"type": "call", "id": format!("c{at}"), "name": "write_file", "arguments": arguments})
        })
        .collect();
    let mut lines = vec![json!({"fusion_recording": 1}).to_string()];
    lines.push(answer(json!(calls), "tool_calls"));
    let done = answer(json!([{"type": "text", "text": "It is done."}]), "stop");
    lines.extend(std::iter::repeat_n(done, 200));
    lines.join("\n") + "\n"
}

/// Adds a file for each that the tasks of components name.
fn more(tasks: &[Value], files: &mut Vec<(String, String)>) {
    for file in tasks.iter().flat_map(|task| task["files"].as_array().unwrap()) {
        let name = file.as_str().unwrap();
        if files.iter().all(|(other, _)| other != name) && !name.ends_with(".env.example") {
            let text = if name.ends_with("json") {
                "{\"cases\": [{\"ask\": \"What is there?\", \"expect\": \"two posts\"}]}\n"
                    .to_owned()
            } else {
                format!(
                    "# {name}\n\nWhat is decided stands here, in whole sentences, and is kept up to date.\n"
                )
            };
            files.push((name.to_owned(), text));
        }
    }
}

/// From an empty folder and somebody's specification to a blog whose own tests pass, with the components of the mode.
#[test]
fn an_empty_folder_becomes_a_project_that_is_built() {
    let project = Project::new();
    fs::create_dir_all(project.path("given/001-blog")).unwrap();
    for page in ["spec.md", "tasks.md", "build.yaml"] {
        let text = fs::read_to_string(format!("{BLOG}/specs/001-blog/{page}")).unwrap();
        // Its own example serves at these ports, perhaps just now.
        project.write(&format!("given/001-blog/{page}"), text.replace("1847", "1849"));
    }
    let args = ["init", "site", "--from-spec", "given/001-blog", "--mode", "mvp", "--json"];
    let made = project.args(&args);
    assert_eq!(made.code, 0, "{}", made.all());
    let plan = project.args(&["--json", "spec", "plan", "site/specs/001-blog"]).json();
    let mut files = blog(&project);
    let tasks = plan["tasks"].as_array().unwrap();
    assert!(tasks.len() > 50, "the tasks of the components are among those of the blog");
    more(tasks, &mut files);
    project.write("answers.jsonl", recording(&files));
    let script = "cd site && \"$FUSION\" --json build specs/001-blog --recordings ../answers.jsonl --unattended";
    let ran = project.shell(script);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told = ran.json();
    assert_eq!(told["coverage"]["proved"], json!([4, 4]));
    // What the components require has rows of its own, and is done by what proves it.
    let rows = told["coverage"]["requirements"].as_array().unwrap();
    let brought: Vec<&Value> = rows.iter().filter(|row| row["component"].is_string()).collect();
    assert!(brought.len() > 20, "{}", ran.all());
    assert!(
        brought
            .iter()
            .all(|row| row["standing"] != "done" || !row["checks"].as_array().unwrap().is_empty())
    );
    assert_eq!(told["coverage"]["of_components"][1], brought.len());
    assert_eq!(told["mode"]["mode"], "mvp");
    assert_eq!(
        told["mode"]["checks"],
        json!(["files", "placeholders", "checks", "syntax", "tests"])
    );
    let tests = told["coverage"]["checks"].as_array().unwrap();
    let tests = tests.iter().find(|proof| proof["check"] == "tests").unwrap();
    assert_eq!(tests["passed"], true, "{tests}");
    assert!(tests["subject"].as_str().unwrap().contains("unittest discover"), "{tests}");
    let page = fs::read_to_string(project.path("site/specs/001-blog/build.html")).unwrap();
    assert!(
        page.contains("checks standard") && page.contains("tests are found, and pass"),
        "{page}"
    );
    // Tests that fail are what the level of the mode does not let pass, and the run of before is no excuse.
    let broken = "import unittest\n\n\nclass No(unittest.TestCase):\n    def test_no(self):\n        self.fail(\"no\")\n";
    fs::write(project.path("site/tests/test_no.py"), broken).unwrap();
    let ran = project.shell(script);
    let told = ran.json();
    assert_eq!((ran.code, &told["refused"][0]["gate"]), (1, &json!("tests")), "{}", ran.all());
    fs::remove_file(project.path("site/tests/test_no.py")).unwrap();
    // A higher mode asks for more: the components' tasks come, and what must be is proved by more than files.
    assert_eq!(project.args(&["init", "site", "--mode", "scale"]).code, 0);
    let covered = project.args(&[
        "--json",
        "--store",
        "site/.fusion/fusion.db",
        "spec",
        "coverage",
        "site/specs/001-blog",
        "--workspace",
        "site",
    ]);
    let refused = covered.json()["refused"].as_array().unwrap().clone();
    let gates: Vec<&str> = refused.iter().map(|one| one["gate"].as_str().unwrap()).collect();
    for gate in ["success", "checks"] {
        assert!(gates.contains(&gate), "{gate}: {gates:?}");
    }
    let said: Vec<&str> = refused.iter().map(|one| one["message"].as_str().unwrap()).collect();
    assert!(said.iter().any(|text| text.contains("component monitoring")), "{said:?}");
}

/// A program on the path of tests only.
#[cfg(unix)]
fn program(project: &Project, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(project.path("bin")).unwrap();
    project.write(&format!("bin/{name}"), "#!/bin/sh\nexit 1\n");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.path("bin").join(name), mode).unwrap();
}

#[cfg(unix)]
#[test]
fn the_agents_of_the_mode_do_the_tasks_in_its_order() {
    let project = Project::new();
    fs::create_dir_all(project.path("specs/001-a")).unwrap();
    project.write(
        "specs/001-a/spec.md",
        "# A\n\n## Requirements\n\n- **FR-001**: Users MUST write notes\n",
    );
    project.write("specs/001-a/tasks.md", "- [ ] T001 Review the architecture in a.txt (FR-001)\n");
    for name in ["claude", "copilot", "gemini"] {
        program(&project, name);
    }
    let path = format!("PATH=$PWD/bin:/usr/bin:/bin HOME=$PWD {}", "\"$FUSION\"");
    let workers = || {
        let ran = project.shell(&format!("{path} --json build specs/001-a --dry-run"));
        assert_eq!(ran.code, 0, "{}", ran.all());
        ran.json()
    };
    assert_eq!(workers()["tasks"][0]["workers"][0], "claude", "without a mode: who fits best");
    let ran = project.shell(&format!("{path} --json init"));
    assert_eq!(
        ran.json()["agents"],
        json!([{"agent": "copilot", "installed": true, "spawned": true}])
    );
    assert_eq!(ran.json()["next"], json!(["fusion build specs/001-a"]));
    let told = workers();
    assert_eq!(told["tasks"][0]["workers"], json!(["copilot"]), "{told:#}");
    assert_eq!(told["mode"]["mode"], "prototype");
    // Somebody who is named comes before the mode.
    let named = project.shell(&format!("{path} --json build specs/001-a --dry-run --agent gemini"));
    assert_eq!(named.json()["tasks"][0]["workers"], json!(["gemini"]), "{}", named.all());
    let up = project.shell(&format!("{path} --json init --mode mvp"));
    assert_eq!(
        up.json()["agents"][0],
        json!({"agent": "copilot", "installed": true, "spawned": false})
    );
    assert_eq!(
        up.json()["agents"][1],
        json!({"agent": "claude", "installed": true, "spawned": true})
    );
    let listed = project.shell(&format!("{path} --json agents status")).json().to_string();
    assert!(listed.contains("copilot") && listed.contains("claude") && !listed.contains("gemini"));
    // Who was ended by hand stays so; an agent of the mode that is new on this machine comes when tasks are given out.
    assert_eq!(project.shell(&format!("{path} agents terminate copilot")).code, 0);
    project.write("fusion.toml", "mode = \"mvp\"\nspec = \"specs/001-a\"\n[modes.mvp]\nagents = [\"@copilot\", \"@gemini\", \"@claude\"]\n");
    assert_eq!(project.shell(&format!("{path} tasks add Write the guide")).code, 0);
    let given = project.shell(&format!("{path} --json tasks assign --auto")).json();
    assert_eq!(given["spawned"], json!(["gemini"]), "{given:#}");
    assert_eq!(given["tasks"][0]["agent"], "gemini", "{given:#}");
    let order = workers();
    assert_eq!(order["mode"]["mode"], "mvp");
}
