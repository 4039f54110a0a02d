//! `fusion spec`, from a folder to a plan.

use crate::support::Project;

const TASKS: &str = "# Tasks
## Phase 1: Setup
- [x] T001 Create the project
- [ ] T002 [P] Write the models in src/models.py
- [ ] T003 [P] @claude Review src/models.py (depends on T002)
## Dependencies
- T009 blocks T002
";

fn project() -> Project {
    let project = Project::new();
    std::fs::create_dir_all(project.path("specs/001-login")).unwrap();
    project.write("specs/001-login/tasks.md", TASKS);
    project
}

#[test]
fn a_plan_is_json() {
    let ran = project().args(&["--json", "spec", "plan", "."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let plan = ran.json();
    assert_eq!(plan["tasks"][2]["agent"], "claude");
    assert_eq!(plan["tasks"][2]["needs"][0]["id"], "T002");
    assert_eq!(plan["tasks"][2]["needs"][0]["why"], "stated");
    assert_eq!(plan["tasks"][2]["needs"][0]["line"], 5);
    assert_eq!(plan["phases"][0]["key"], "1");
    assert_eq!(plan["problems"][0]["line"], 7);
}

#[test]
fn a_plan_is_a_workflow_that_is_valid_and_drawn() {
    let project = project();
    let ran = project.args(&["spec", "plan", "specs/001-login"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no task T009: did you mean"), "{}", ran.stderr);
    let file = "specs/001-login/workflow.yaml";
    assert_eq!(project.args(&["validate", file]).code, 0);
    let drawn = project.args(&["graph", file]);
    assert!(drawn.stdout.contains("T002") && !drawn.stdout.contains("T001"), "{}", drawn.stdout);
    // Its own file is made again; somebody else's is not replaced.
    assert_eq!(project.args(&["spec", "plan", "."]).code, 0);
    project.write(file, "fusion: 1\n");
    let refused = project.args(&["spec", "plan", "."]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("was not made by this command"), "{}", refused.stderr);
    assert_eq!(project.args(&["spec", "plan", ".", "--force"]).code, 0);
}

#[test]
fn an_analysis_names_lines() {
    let project = project();
    project.write(
        "specs/001-login/spec.md",
        "# Feature Specification: Login\n\n## Requirements\n\n- **FR-001**: Users MUST be able to sign in with a password\u{1b}[31m.\n\
         - **FR-002**: System MUST store hashed passwords in the database.\n\n## Out of Scope\n\n- Payments with Stripe\n",
    );
    let ran = project.args(&["--json", "spec", "analyze", "."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let analysis = ran.json();
    let all = analysis["components"].as_array().unwrap();
    let auth = all.iter().find(|one| one["id"] == "auth").unwrap();
    assert_eq!(auth["required"], true);
    assert_eq!(auth["evidence"][0]["file"], "spec.md");
    assert_eq!(auth["evidence"][0]["line"], 5);
    assert!(all.iter().all(|one| one["id"] != "payments"));
    assert!(analysis["stack"]["languages"].is_array());
    assert!(analysis["agents"][0]["score"].is_number());
    let shown = project.args(&["spec", "analyze", "."]);
    assert!(shown.stdout.contains("auth") && !shown.stdout.contains('\u{1b}'), "{}", shown.stdout);
}

#[test]
fn what_is_not_there_is_said() {
    let project = Project::new();
    let ran = project.args(&["spec", "plan", "nowhere"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no folder nowhere"), "{}", ran.stderr);
    project.write("spec.md", b"# A\n\xff");
    let ran = project.args(&["spec", "plan", "."]);
    assert!(ran.stderr.contains("spec.md:2:1"), "{}", ran.stderr);
}

#[test]
fn one_is_made_and_checked() {
    let project = Project::new();
    let made = project.args(&["spec", "new", "User login"]);
    insta::assert_snapshot!(made.all(), @r#"
exit 0
--- stdout
specs/001-user-login
--- stderr
write down what is wanted in specs/001-user-login/spec.md, then `fusion spec validate specs/001-user-login`
"#);
    let fresh = project.args(&["spec", "validate", "specs/001-user-login"]);
    insta::assert_snapshot!(fresh.all(), @r#"
exit 0
--- stdout
warning: FR-001 is still that of the template
  --> specs/001-user-login/spec.md:30
  hint: write what is required
warning: SC-001 is still that of the template
  --> specs/001-user-login/spec.md:38
  hint: write what is required
specs/001-user-login: 0 errors, 2 warnings
"#);
    assert_eq!(project.args(&["spec", "validate", ".", "--strict"]).code, 1);
    project.write(
        "specs/001-user-login/spec.md",
        "# Login\n\n### User Story 1 - Sign in\n\n## Requirements\n\n- **FR-001**: One\u{1b}[2J\n- **FR-001**: {{ secrets.X }}\n- **FR-002**: [NEEDS CLARIFICATION: {{ secrets.X }}\u{1b}[2J?]\n",
    );
    project.write(
        "specs/001-user-login/tasks.md",
        "- [ ] T001 Do (FR-020)\n- [ ] T002 Else (depends on T001)\n- [ ] T001 Again\n",
    );
    let broken = project.args(&["spec", "validate", "."]);
    insta::assert_snapshot!(broken.all(), @r#"
exit 1
--- stdout
error: US1 has no scenario: nobody can tell when it is done
  --> ./specs/001-user-login/spec.md:3
  hint: write one: `1. **Given** ..., **When** ..., **Then** ...`
error: FR-001 is already the id of line 7
  --> ./specs/001-user-login/spec.md:8
  hint: give one of them another number
warning: still open: {{ secrets.X }}[2J?
  --> ./specs/001-user-login/spec.md:9
  hint: decide it, and write the answer in place of the mark
error: T001 names FR-020, which spec.md does not have
  --> ./specs/001-user-login/tasks.md:1
  hint: did you mean FR-002?
warning: T001 stands here again: the task is the one in line 1
  --> ./specs/001-user-login/tasks.md:3
./specs/001-user-login: 3 errors, 2 warnings
"#);
    let json = project.args(&["--json", "spec", "validate", "."]).json();
    assert_eq!(json["valid"], false);
    assert_eq!(json["issues"][0]["severity"], "error");
}

#[test]
fn the_short_form_has_a_schema() {
    let schema = Project::new().fusion("schema spec").json();
    assert_eq!(schema["properties"]["spec"]["required"][0], "name");
}

#[test]
fn requirements_without_tasks_become_tasks_and_prompts() {
    let project = Project::new();
    std::fs::create_dir_all(project.path("specs/001-a")).unwrap();
    std::fs::create_dir_all(project.path("specs/components/auth/login")).unwrap();
    project.write(
        "specs/001-a/spec.md",
        "# A\n\n## Requirements\n\n- **FR-001**: Users MUST sign in {{ secrets.HOME }}\n- **FR-002**: Users MUST sign out\n",
    );
    project.write(
        "specs/components/auth/login/tasks.md",
        "- [ ] T001 Hash passwords in src/hash.py\n",
    );
    let json = project.args(&["--json", "spec", "plan", "specs/001-a"]).json();
    assert_eq!(json["tasks"][0]["files"][0], "src/hash.py");
    assert_eq!(json["tasks"][1]["requirements"][0], "FR-001");
    assert!(!project.path("specs/001-a/tasks.md").exists());
    let ran = project.args(&["spec", "plan", "specs/001-a"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let tasks = std::fs::read_to_string(project.path("specs/001-a/tasks.md")).unwrap();
    assert!(tasks.contains("- [ ] T003 Users MUST sign out (FR-002)"), "{tasks}");
    let made = std::fs::read_to_string(project.path("specs/001-a/workflow.yaml")).unwrap();
    let told: Vec<&str> = made.lines().filter(|line| line.contains("prompt:")).collect();
    assert!(
        told[2].contains("FR-002: Users MUST sign out") && !told[2].contains("FR-001"),
        "{made}"
    );
    assert!(told.iter().all(|line| !line.contains("{{ secrets")), "{made}");
    let file = "specs/001-a/workflow.yaml";
    assert_eq!(project.args(&["validate", "--strict", file]).code, 0);
    // What somebody wrote is not replaced.
    project.write("specs/001-a/tasks.md", "# Nothing yet\n");
    assert_eq!(project.args(&["spec", "plan", "specs/001-a"]).code, 2);
}
