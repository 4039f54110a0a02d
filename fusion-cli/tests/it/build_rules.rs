//! Rules for the kind of an agent, in `fusion build`: what breaks one is told to the next attempt.

use crate::build::{project, script, text};

/// Writes a table without a key; then, when it is told so, one with a key.
const DATABASE: &str = "q=$(cat)\nprintf '%s\\n====\\n' \"$q\" >> asked\nmkdir -p db\ncase \"$q\" in\n\
    *database/primary-key*) printf 'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);\\n' > db/001_notes.sql ;;\n\
    *) printf 'CREATE TABLE notes (body TEXT NOT NULL);\\n' > db/001_notes.sql ;;\nesac\necho done\n";
const TASKS: &str =
    "# Tasks\n- [ ] T001 @database-dev Keep notes in db/001_notes.sql (FR-001) (FR-002)\n";

#[test]
fn what_breaks_a_rule_is_told_back_and_mended() {
    let (project, agent) = project(DATABASE);
    project.write("specs/001-notes/tasks.md", TASKS);
    let build = ["--json", "build", ".", "--agent", &agent, "--unattended"];
    let ran = project.args(&build);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told = ran.json();
    assert_eq!((&told["status"], &told["attempts"]), (&"succeeded".into(), &2.into()));
    let asked = text(&project, "asked");
    let wanted =
        "file db/001_notes.sql: line 1: database/primary-key: the table `notes` has no primary key";
    assert!(asked.contains(wanted), "{asked}");
    let first = asked.split("====").next().unwrap_or_default();
    assert!(first.contains("\n- each new table has a primary key\n"), "told at once: {first}");
    assert!(!first.contains("a picture has words"), "a rule of another kind: {first}");
    assert!(text(&project, "db/001_notes.sql").contains("PRIMARY KEY"));
}

#[test]
fn a_rule_that_is_off_and_one_of_another_kind_say_nothing() {
    let (project, agent) = project(DATABASE);
    project.write("specs/001-notes/tasks.md", TASKS);
    let build = ["--json", "build", ".", "--agent", &agent, "--unattended"];
    let wrong =
        "build: 1\nrules:\n  off: [database/primry-key]\n  agents: { database-dev: [databse] }\n";
    project.write("specs/001-notes/build.yaml", wrong);
    let refused = project.args(&build[1..]);
    assert_eq!(refused.code, 2, "{}", refused.all());
    for wanted in ["build.yaml:3", "`database/primary-key`", "build.yaml:4", "`database`"] {
        assert!(refused.stderr.contains(wanted), "{wanted}: {}", refused.all());
    }
    for rules in ["off: [database/primary-key]", "agents: { database-dev: [docs, api] }"] {
        project.write("specs/001-notes/tasks.md", TASKS);
        project.write("specs/001-notes/build.yaml", format!("build: 1\nrules: {{ {rules} }}\n"));
        let ran = project.args(&build);
        std::fs::remove_file(project.path("db/001_notes.sql")).unwrap();
        assert_eq!((ran.code, &ran.json()["attempts"]), (0, &1.into()), "{rules}: {}", ran.all());
    }
    // Without a mark, the name of the agent says what it works at.
    let named = script(&project, "db-agent.sh", DATABASE);
    project.write("specs/001-notes/tasks.md", TASKS.replace("@database-dev ", ""));
    project.write("specs/001-notes/build.yaml", "build: 1\nattempts: 1\n");
    let ran = project.args(&["--json", "build", ".", "--agent", &named, "--unattended"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let why = ran.json()["coverage"]["tasks"]["T001"]["why"].to_string();
    assert!(why.contains("database/primary-key"), "{why}");
}
