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
