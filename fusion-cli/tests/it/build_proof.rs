//! What proves nothing in `fusion build`: work that was not done, old evidence, what an agent wrote for itself.

use crate::build::{AGENT, SPEC, project, script, text};

#[test]
fn nothing_is_proved_by_who_does_nothing_and_no_check_is_passed_over() {
    let (project, agent) = project("cat > /dev/null\n");
    let tasks = "- [ ] T001 Review the security (FR-001)\n- [ ] T002 Make it fast (FR-002)\n";
    project.write("specs/001-notes/tasks.md", tasks);
    project.write("specs/001-notes/build.html", "mine");
    let build = ["--json", "build", ".", "--agent", &agent, "--unattended"];
    let ran = project.args(&build);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert_eq!(ran.json()["coverage"]["proved"], serde_json::json!([0, 2]), "{}", ran.all());
    assert_eq!(text(&project, "specs/001-notes/build.html"), "mine");
    assert!(project.path("specs/001-notes/build.fusion.html").exists());

    let wrong = "build: 1\nchecks:\n  - { task: T01, command: [\"false\"] }\n  - { story: US9, command: [\"false\"] }\n";
    project.write("specs/001-notes/build.yaml", wrong);
    let refused = project.args(&["build", ".", "--agent", &agent, "--dry-run"]);
    assert_eq!(refused.code, 2, "{}", refused.all());
    for wanted in ["build.yaml:3", "there is no task `T01`", "`T001`", "there is no story `US9`"] {
        assert!(refused.stderr.contains(wanted), "{wanted}: {}", refused.all());
    }

    let failing = "build: 1\nchecks:\n  - { story: US1, command: [\"false\"] }\ngates: { coverage: 0, success: 0 }\n";
    project.write("specs/001-notes/build.yaml", failing);
    let ran = project.args(&build);
    assert_eq!(
        (ran.code, &ran.json()["refused"][0]["gate"]),
        (1, &"checks".into()),
        "{}",
        ran.all()
    );
}

/// Words that changed, files that were there before, files that broke, checks that an agent wrote: none of it passes for proof.
#[test]
fn old_evidence_proves_nothing_new() {
    let (project, agent) = project(AGENT);
    let build = || project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    let stands = |at: usize| {
        let covered = project.args(&["--json", "spec", "coverage", "."]).json();
        covered["coverage"]["requirements"][at]["standing"].as_str().unwrap().to_owned()
    };
    assert_eq!(build().code, 0);
    // A file that broke since: only the checker of its language sees that.
    let good = text(&project, "src/notes.py");
    project.write("src/notes.py", format!("{good}def broken(:\n"));
    assert_eq!((stands(0), stands(1)), ("failed".to_owned(), "done".to_owned()));
    project.write("src/notes.py", format!("{good}# one more note\n"));
    assert_eq!(stands(0), "done");
    // A requirement that is another one since.
    project.write("specs/001-notes/spec.md", SPEC.replace("MUST list notes", "MUST print notes"));
    assert_eq!((stands(0), stands(1)), ("done".to_owned(), "unproved".to_owned()));
    let told = project.args(&["build", ".", "--agent", &agent, "--unattended"]);
    assert!(told.code == 1 && told.stdout.contains("other words"), "{}", told.all());
    let ticks = text(&project, "specs/001-notes/tasks.md");
    project.write("specs/001-notes/tasks.md", ticks.replace("[x] T002", "[ ] T002"));
    assert_eq!(build().code, 0, "it was done again");
    assert_eq!(stands(1), "done");
}

#[test]
fn what_was_there_before_and_what_an_agent_writes_for_itself_prove_nothing() {
    let (project, _) = project(AGENT);
    project.write(
        "specs/001-notes/tasks.md",
        "- [ ] T001 Write b.txt (FR-001)\n- [ ] T002 Write c.json (FR-002)\n",
    );
    project.write("b.txt", "all there\n");
    let settings = project.path("specs/001-notes/build.yaml");
    let writes = format!(
        "cat > /dev/null; echo '{{}}' > c.json; echo 'build: 1' > {}\n",
        settings.display()
    );
    let agent = script(&project, "writes.sh", &writes);
    project.write("specs/001-notes/build.yaml", "build: 1\nattempts: 1\n");
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    let told = ran.json();
    assert_eq!((ran.code, told["status"].as_str()), (1, Some("succeeded")), "{}", ran.all());
    let standing = |at: usize| told["coverage"]["requirements"][at]["standing"].clone();
    assert_eq!((standing(0), standing(1)), ("unproved".into(), "unproved".into()));
    let gates = told["refused"].as_array().unwrap();
    assert!(gates.iter().any(|one| one["gate"] == "settings"), "{}", ran.all());
}

#[test]
fn a_task_that_is_written_anew_while_somebody_works_at_it_is_not_ticked() {
    let (project, _) = project(AGENT);
    project.write("specs/001-notes/tasks.md", "- [ ] T001 Write b.txt (FR-001)\n");
    let tasks = project.path("specs/001-notes/tasks.md").display().to_string();
    let writes = format!(
        "cat > /dev/null; echo all there > b.txt; echo '- [ ] T001 Write d.txt (FR-001)' > {tasks}\n"
    );
    let agent = script(&project, "writes.sh", &writes);
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(text(&project, "specs/001-notes/tasks.md").contains("[ ] T001 Write d.txt"));
    assert!(ran.stdout.contains("written anew"), "{}", ran.all());
}

#[test]
fn a_requirement_that_an_agent_takes_away_is_missed() {
    let (project, agent) = project(AGENT);
    let spec = project.path("specs/001-notes/spec.md").display().to_string();
    let text = format!("sed -i /FR-002/d {spec}; exec {agent}\n");
    let agent = script(&project, "takes.sh", &text);
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    let told = ran.json();
    let gates = told["refused"].as_array().unwrap();
    let said = gates.iter().any(|one| {
        one["gate"] == "settings" && one["message"].as_str().unwrap().starts_with("spec.md")
    });
    assert!(ran.code == 1 && said, "{}", ran.all());
}
