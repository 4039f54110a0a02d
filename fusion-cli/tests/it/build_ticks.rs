//! Boxes of `tasks.md` and `fusion build`: whose ticks count, what goes on and what begins anew, what is told.

use std::time::Duration;

use crate::build::{AGENT, project, script, text};
use crate::control::signal;
use crate::support::{Project, Ran};

const TASKS: &str = "specs/001-notes/tasks.md";

fn build(project: &Project, agent: &str) -> Ran {
    project.args(&["--json", "build", ".", "--agent", agent, "--unattended"])
}

#[test]
fn what_an_agent_ticks_is_not_done() {
    let (project, _) = project(AGENT);
    project.write(TASKS, "- [ ] T001 Write a.txt (FR-001)\n- [ ] T002 Write b.txt (FR-002) (depends on T001)\n- [ ] T003 Write c.txt\n");
    let tasks = project.path(TASKS).display().to_string();
    // The first one does all that can be seen of the second, and says that all is done.
    let writes = format!(
        "head -c 4 >> asked; cat > /dev/null; echo all there > a.txt; echo all there > b.txt; \
         sed -i 's/\\[ \\]/[x]/' {tasks}; echo '- [x] T009 More' >> {tasks}\n"
    );
    let agent = script(&project, "writes.sh", &writes);
    let ran = build(&project, &agent);
    assert!(text(&project, "asked").contains("T002"), "{}", ran.all());
    let told = ran.json();
    let stands = |at: usize| told["coverage"]["requirements"][at]["standing"].clone();
    assert_eq!(
        (ran.code, stands(0), stands(1)),
        (1, "done".into(), "unproved".into()),
        "{}",
        ran.all()
    );
    assert_eq!(told["unticked"], serde_json::json!(["T002", "T003", "T009"]));
    // Nobody wrote c.txt: its box stays open, whoever ticked it.
    let boxes = text(&project, TASKS);
    for wanted in ["[x] T001", "[x] T002", "[ ] T003", "[ ] T009"] {
        assert!(boxes.contains(wanted), "{wanted}: {boxes}");
    }
    // Why it is unproved stands in the text and on the page.
    let why = "b.txt: it was there before, and is as it was";
    let covered = project.args(&["spec", "coverage", "."]);
    assert!(covered.stdout.contains(&format!("FR-002 is unproved: {why}")), "{}", covered.all());
    assert!(
        text(&project, "specs/001-notes/build.html")
            .contains("it was there before, and is as it was")
    );
    let told = project.args(&["build", ".", "--agent", &agent, "--unattended"]);
    assert!(told.stdout.contains("agents set were taken away"), "{}", told.all());
}

#[test]
fn a_tick_that_is_set_or_taken_away_after_a_failed_build_counts() {
    let (project, agent) = project(&AGENT.replace("T003*)", "T009*)"));
    project.write("specs/001-notes/build.yaml", "build: 1\nattempts: 1\n");
    // T001 is refused, so T003 is not begun.
    assert_eq!(build(&project, &agent).code, 1);
    assert!(text(&project, TASKS).contains("[x] T002"));
    let asked = |id: &str| {
        let asked = text(&project, "asked");
        asked.split("====").filter(|one| one.trim_start().starts_with(id)).count()
    };
    assert_eq!((asked("T001"), asked("T002"), asked("T003")), (1, 1, 0));
    // Somebody wants T002 once more, and did T003 with their own hands.
    project.write("README.md", "# Notes\n\nKeeps notes.\n");
    let boxes =
        text(&project, TASKS).replace("[x] T002", "[ ] T002").replace("[ ] T003", "[x] T003");
    project.write(TASKS, boxes);
    let ran = build(&project, &agent);
    assert_eq!((asked("T002"), asked("T003")), (2, 0), "{}", ran.all());
    assert_eq!(ran.json()["coverage"]["tasks"]["T003"]["state"], "ticked");
    // What is open is what this run has not done: it is tried again, and what it did is not told again.
    let again = project.args(&["build", ".", "--agent", &agent, "--unattended"]);
    assert!(again.stdout.contains("it goes on: 1 of its 2 tasks are done"), "{}", again.all());
    assert!(
        !again.stdout.lines().any(|line| line.contains("T002") && line.contains("succeeded")),
        "{}",
        again.all()
    );
    assert_eq!(asked("T002"), 2);
}

#[test]
fn tasks_that_are_gone_are_not_made_anew() {
    let (project, agent) = project(AGENT);
    assert_eq!(build(&project, &agent).code, 0);
    std::fs::remove_file(project.path(TASKS)).unwrap();
    let ran = build(&project, &agent);
    assert_eq!((ran.code, ran.error().as_str()), (2, "FU0109"), "{}", ran.all());
    assert!(!project.path(TASKS).exists());
    assert_eq!(project.args(&["spec", "plan", "."]).code, 0);
    let ran = build(&project, &agent);
    assert_ne!(ran.error(), "FU0109", "{}", ran.all());
}

#[test]
fn a_program_is_looked_for_where_the_user_is() {
    let (project, _) = project(AGENT);
    let ran = project.args(&[
        "--json",
        "build",
        ".",
        "--agent",
        "./agent.sh",
        "--workspace",
        "ws",
        "--unattended",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(project.path("ws/src/list.py").exists());
    assert_eq!(ran.json()["coverage"]["tasks"]["T002"]["by"], "./agent.sh");
}

#[test]
fn the_first_line_of_a_failure_has_a_reason() {
    let (project, _) = project(AGENT);
    project.write("specs/001-notes/build.yaml", "build: 1\nattempts: 1\n");
    project.write(TASKS, "- [ ] T001 Write a.txt and b.txt (FR-001)\n");
    let agent = script(&project, "nothing.sh", "cat > /dev/null\n");
    let ran = build(&project, &agent);
    let why = ran.json()["coverage"]["tasks"]["T001"]["why"].as_str().unwrap().to_owned();
    let first = why.lines().next().unwrap();
    assert!(
        first.contains("T001 is not done: file a.txt: it is not there: make it (and 1 more)"),
        "{why}"
    );
    assert!(why.contains("\n- ") && why.contains("b.txt"), "{why}");
}

/// The first one ticks the last one, and rests until there is a file `go`.
const SLOW: &str = "q=$(cat); id=$(printf '%s' \"$q\" | head -c 4); echo $id >> asked\n\
    case $id in\n\
    T001) sed -i '/T003/s/\\[ \\]/[x]/' TASKS; touch began; while [ ! -e go ]; do sleep 0.05; done; echo 'all is there' > a.txt ;;\n\
    T002) echo 'all is there' > b.txt ;;\n\
    T003) echo 'all is there' > c.txt ;;\nesac\n";

#[test]
fn a_box_that_a_person_ticks_while_a_build_is_interrupted_stays() {
    let (project, _) = project(AGENT);
    project.write(TASKS, "- [ ] T001 Write a.txt (FR-001)\n- [ ] T002 Write b.txt (FR-002) (depends on T001)\n- [ ] T003 Write c.txt (depends on T002)\n");
    let tasks = project.path(TASKS).display().to_string();
    let agent = script(&project, "slow.sh", &SLOW.replace("TASKS", &tasks));
    let child = project.start(&format!("--json build . --agent {agent} --unattended"));
    while !project.path("began").exists() {
        #[expect(clippy::disallowed_methods, reason = "the test lets another process work")]
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    let ran = project.ran(&child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}", ran.all());
    let boxes = text(&project, TASKS);
    assert!(boxes.contains("[ ] T003"), "an agent ticked it, and it proves nothing: {boxes}");
    // Somebody does the second one by hand.
    project.write("b.txt", "made by hand\n");
    project.write("go", "");
    project.write(TASKS, boxes.replace("[ ] T002", "[x] T002"));
    let ran = build(&project, &agent);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(text(&project, "asked"), "T001\nT001\nT003\n", "{}", ran.all());
    assert!(!text(&project, TASKS).contains("[ ]"), "{}", text(&project, TASKS));
    let told = ran.json();
    assert_eq!(told["coverage"]["tasks"]["T002"]["state"], "ticked", "{}", ran.all());
    assert_eq!(told["unticked"], serde_json::json!(["T003"]));
}
