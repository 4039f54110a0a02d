//! `fusion build` and the programs that do its tasks: what they leave running, what they say, what they are told of.

use crate::build::{project, script, text};

const TASKS: &str = "specs/001-notes/tasks.md";

/// The processes that live and have a word among their arguments.
#[cfg(target_os = "linux")]
fn holders(word: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
    lines.filter(|line| line.split(|byte| *byte == 0).any(|one| one == word.as_bytes())).count()
}

#[cfg(target_os = "linux")]
#[test]
fn what_an_agent_leaves_running_ends_with_its_attempt() {
    let (project, _) = project("");
    project.write(TASKS, "- [ ] T001 Write a.txt (FR-001)\n");
    let seconds = format!("9{}{}", std::process::id(), 4711);
    let leaves = format!(
        "cat > /dev/null; echo all there > a.txt; sleep {seconds} & setsid sleep {seconds} > /dev/null 2>&1 &\n\
         while [ $(pgrep -fc '^sleep {seconds}') -lt 2 ]; do sleep 0.05; done; echo done\n"
    );
    let agent = script(&project, "leaves.sh", &leaves);
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    assert_eq!(ran.json()["coverage"]["tasks"]["T001"]["state"], "done", "{}", ran.all());
    assert_eq!(holders(&seconds), 0);
}

#[test]
fn an_agent_that_says_too_much_has_done_its_work() {
    let (project, _) = project("");
    project.write(TASKS, "- [ ] T001 Write a.txt (FR-001)\n");
    let loud = "cat > /dev/null; echo all there > a.txt; yes 'a line of words' | head -c 73400320; echo the last words\n";
    let agent = script(&project, "loud.sh", loud);
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    assert_eq!(ran.json()["coverage"]["tasks"]["T001"]["state"], "done", "{}", ran.all());
    assert!(text(&project, "specs/001-notes/build.html").contains("the last words"));
}

#[test]
fn tasks_that_name_no_requirement_are_named_once() {
    let (project, agent) = project("");
    let dry = project.args(&["build", ".", "--agent", &agent, "--dry-run"]);
    let told = "1 of 3 tasks name no requirement and prove none: tasks.md lines 6;";
    assert_eq!(dry.stderr.matches(told).count(), 1, "{}", dry.all());
    let plan = project.args(&["spec", "plan", "."]);
    assert_eq!(plan.stderr.matches(told).count(), 1, "{}", plan.all());
}
