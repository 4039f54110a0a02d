//! `fusion build` and `fusion spec coverage`: with agents that are scripts, and with kills.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::support::Project;

pub(crate) const SPEC: &str = "# Notes\n\n### User Story 1 - Keep notes (P1)\n\n1. **Given** nothing, **When** one is added, **Then** it is kept.\n\n\
                    ## Requirements\n\n- **FR-001**: Users MUST add notes {{ secrets.HOME }}\u{1b}[2J\n- **FR-002**: Users MUST list notes\n";
const TASKS: &str = "# Tasks\n## Phase 1: Core\n- [ ] T001 [US1] Keep notes in src/notes.py (FR-001)\n- [ ] T002 List notes in src/list.py (FR-002)\n\
                     ## Phase 2: Docs\n- [ ] T003 Write README.md\n";
/// Writes what its task asks for; the first answer to T001 is a stub.
pub(crate) const AGENT: &str = "q=$(cat)\nprintf '%s\\n====\\n' \"$q\" >> asked\ncase \"$q\" in\n\
    T001*refused*) mkdir -p src; printf 'NOTES = []\\n\\ndef add(text):\\n    NOTES.append(text)\\n    return NOTES\\n' > src/notes.py ;;\n\
    T001*) mkdir -p src; printf 'def add(text):\\n    # todo\\n    pass\\n' > src/notes.py ;;\n\
    T002*) mkdir -p src; printf 'from notes import NOTES\\n' > src/list.py ;;\n\
    T003*) printf '# Notes\\n\\nKeeps notes.\\n' > README.md ;;\nesac\necho done\n";

pub(crate) fn script(project: &Project, name: &str, text: &str) -> String {
    let path = project.path(name);
    project.write(name, format!("#!/bin/sh\n{text}"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    path.display().to_string()
}

pub(crate) fn project(agent: &str) -> (Project, String) {
    let project = Project::new();
    std::fs::create_dir_all(project.path("specs/001-notes")).unwrap();
    project.write("specs/001-notes/spec.md", SPEC);
    project.write("specs/001-notes/tasks.md", TASKS);
    let agent = script(&project, "agent.sh", agent);
    (project, agent)
}

pub(crate) fn text(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path(name)).unwrap_or_default()
}

#[test]
fn a_stub_is_refused_told_back_and_mended() {
    let (project, agent) = project(AGENT);
    let dry = project
        .args(&["--json", "build", ".", "--agent", &agent, "--dry-run", "--unattended"])
        .json();
    assert_eq!(dry["tasks"][1]["id"], "T002");
    assert!(!project.path(".fusion").exists(), "a dry run leaves nothing behind");
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told = ran.json();
    assert_eq!((&told["status"], &told["good"]), (&"succeeded".into(), &true.into()));
    assert_eq!(told["run"], dry["run"], "the same specification is the same run");
    assert_eq!(told["attempts"], 4);
    assert_eq!(told["coverage"]["proved"], serde_json::json!([2, 2]));
    // The boxes are set, and nothing else.
    assert_eq!(text(&project, "specs/001-notes/tasks.md"), TASKS.replace("[ ]", "[x]"));
    let asked = text(&project, "asked");
    assert!(asked.contains("a stub: it has 2 lines, one of them with `todo`"), "{asked}");
    assert!(
        asked.contains("FR-001: Users MUST add notes {{ secrets.HOME }}"),
        "texts are no templates: {asked}"
    );
    assert!(!asked.contains('\u{1b}'));
    let own: Vec<&str> = asked.split("====").filter(|one| one.contains("T002 List")).collect();
    assert!(own[0].contains("FR-002") && !own[0].contains("FR-001"), "{own:?}");
    let page = text(&project, "specs/001-notes/build.html");
    assert!(page.contains("<svg") && page.contains("T001") && !page.contains('\u{1b}'));
    // Again: nothing is left to do.
    let again = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    assert_eq!((again.code, text(&project, "asked") == asked), (0, true), "{}", again.all());
    // A tick that is taken away is that task again, and no other.
    let open = text(&project, "specs/001-notes/tasks.md").replace("[x] T002", "[ ] T002");
    project.write("specs/001-notes/tasks.md", open);
    let covered = project.args(&["--json", "spec", "coverage", "."]);
    assert_eq!(
        (covered.code, covered.json()["coverage"]["requirements"][1]["standing"].as_str()),
        (1, Some("open"))
    );
    assert_eq!(project.args(&["build", ".", "--agent", &agent, "--unattended"]).code, 0);
    assert_eq!(text(&project, "asked").matches("====").count(), 5);
    // A file that is gone is no proof.
    std::fs::remove_file(project.path("src/list.py")).unwrap();
    let covered = project.args(&["spec", "coverage", "."]);
    assert!(
        covered.code == 1 && covered.stdout.contains("src/list.py of T002: it is not there"),
        "{}",
        covered.all()
    );
    let html = project.args(&["spec", "coverage", ".", "--format", "html"]);
    assert!(html.stdout.starts_with("<!doctype html>"), "{}", html.stdout);
}

#[test]
fn a_task_that_was_ticked_by_hand_is_not_run() {
    let (project, agent) = project(AGENT);
    project.write("specs/001-notes/tasks.md", TASKS.replace("[ ] T001", "[x] T001"));
    let ran = project.args(&["--json", "build", ".", "--agent", &agent, "--unattended"]);
    assert!(!text(&project, "asked").contains("T001 Keep"), "{}", ran.all());
    // What is ticked and not there is not done.
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()["coverage"]["requirements"][0]["standing"], "failed");
    assert_eq!(ran.json()["coverage"]["requirements"][1]["standing"], "done");
}

#[test]
fn another_agent_takes_over_and_then_nobody() {
    let (project, good) = project(AGENT);
    let bad = script(&project, "bad.sh", "cat > /dev/null; echo no >&2; exit 3\n");
    project.write("specs/001-notes/build.yaml", "build: 1\nattempts: 2\n");
    let ran = project.args(&["--json", "build", ".", "--agent", &bad, "--unattended"]);
    assert_eq!((ran.code, ran.json()["status"].as_str()), (1, Some("failed")), "{}", ran.all());
    let why = ran.json()["coverage"]["tasks"]["T001"]["why"].as_str().unwrap().to_owned();
    assert!(
        why.contains("T001 is not done") && why.contains("src/notes.py: it is not there"),
        "{why}"
    );
    assert_eq!(text(&project, "specs/001-notes/tasks.md"), TASKS);
    let ran =
        project.args(&["--json", "build", ".", "--agent", &bad, "--agent", &good, "--unattended"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(ran.json()["coverage"]["tasks"]["T002"]["by"].as_str(), Some(good.as_str()));
}

#[test]
fn a_person_is_asked_with_the_reason() {
    let (project, _) = project(AGENT);
    let bad = script(&project, "bad.sh", "cat > /dev/null\n");
    project.write(
        "specs/001-notes/tasks.md",
        "- [ ] T001 Write a.txt (FR-001)\n- [ ] T002 Write b.txt (FR-002)\n",
    );
    project.write("b.txt", "all there\n");
    // Nobody changes b.txt: that it is there proves nothing by itself.
    let check = "checks:\n- { task: T002, command: [grep, there, b.txt] }\n";
    project.write("specs/001-notes/build.yaml", format!("build: 1\nattempts: 1\n{check}"));
    let mut child = project.start(&format!("--json build . --agent {bad}"));
    let asks = |value: &serde_json::Value| {
        let runs = value["runs"].as_array().cloned().unwrap_or_default();
        let ids = runs.iter().filter_map(|run| run["run"].as_str());
        ids.filter(|id| id.ends_with(".person")).map(str::to_owned).next()
    };
    let id = asks(&project.until("--json runs list --all", |value| asks(value).is_some())).unwrap();
    let why = project.args(&["why", &id]);
    assert!(why.stdout.contains("a.txt: it is not there"), "{}", why.all());
    // A yes without a file is asked again; with it, it is done.
    project.write("a.txt", "made by hand\n");
    assert_eq!(project.args(&["runs", "approve", &id]).code, 0);
    let output = child.wait().unwrap();
    assert!(output.success());
    assert!(text(&project, "specs/001-notes/tasks.md").contains("[x] T001"));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_done() {
    let (project, agent) = project(AGENT);
    project.write("specs/001-notes/tasks.md", "- [ ] T001 Do (FR-009)\n");
    let ran = project.args(&["build", ".", "--agent", &agent]);
    assert!(ran.code == 2 && ran.stderr.contains("tasks.md:1: T001 names FR-009"), "{}", ran.all());
    project.write("specs/001-notes/tasks.md", TASKS);
    project.write("specs/001-notes/build.yaml", "build: 1\ncheks: []\n");
    let ran = project.args(&["build", ".", "--agent", &agent]);
    assert!(ran.stderr.contains("did you mean `checks`?"), "{}", ran.all());
    std::fs::remove_file(project.path("specs/001-notes/build.yaml")).unwrap();
    let ran = project.args(&["build", ".", "--agent", "./nobody.sh"]);
    assert!(ran.stderr.contains("is not installed"), "{}", ran.all());
    let ran = project.args(&["build", ".", "--recordings", "none.jsonl"]);
    assert!(ran.stderr.contains("cannot be read"), "{}", ran.all());
    assert!(!project.path(".fusion").exists());
}

/// Kills a build at moments that differ, then lets it finish. The ledger is written by the agents, not by the engine.
#[test]
fn a_build_that_is_killed_finishes() {
    let lines: Vec<String> = (1..=6).map(|n| format!("- [ ] T{n:03} Write f{n}.txt\n")).collect();
    let tasks = lines.concat();
    let agent = "q=$(cat)\nid=$(printf '%s' \"$q\" | head -c 4)\nn=${id#T00}\necho \"begin $id\" >> ledger\nsleep 0.4\n\
                 echo \"work of $id\" > f$n.txt\necho \"end $id\" >> ledger\necho done\n";
    let (project, agent) = project(agent);
    project.write("specs/001-notes/tasks.md", &tasks);
    let mut ticked_at: BTreeMap<String, usize> = BTreeMap::new();
    let mut kills = 0;
    let args = format!("--json build . --agent {agent} --unattended --jobs 2");
    let mut moment = u64::from(std::process::id()) % 97;
    for _ in 0..8 {
        moment = (moment * 131 + 71) % 701;
        let mut child = project.start(&args);
        #[expect(
            clippy::disallowed_methods,
            reason = "the test lets another process work for a while"
        )]
        std::thread::sleep(Duration::from_millis(150 + moment));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().ok();
        child.wait().unwrap();
        kills += u32::from(!ended);
        let length = text(&project, "ledger").lines().count();
        let boxes = text(&project, "specs/001-notes/tasks.md");
        for n in 1..=6 {
            if boxes.contains(&format!("[x] T{n:03}")) {
                ticked_at.entry(format!("T{n:03}")).or_insert(length);
            }
        }
        if ended {
            break;
        }
    }
    let ran = project.args(&args.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.json()["status"], "succeeded", "{}", ran.all());
    assert!(kills > 0, "it was never killed");
    assert_eq!(text(&project, "specs/001-notes/tasks.md"), tasks.replace("[ ]", "[x]"));
    let ledger = text(&project, "ledger");
    let lines: Vec<&str> = ledger.lines().collect();
    for n in 1..=6 {
        let id = format!("T{n:03}");
        assert_eq!(text(&project, &format!("f{n}.txt")), format!("work of {id}\n"));
        assert!(lines.contains(&format!("end {id}").as_str()), "{id} ended: {ledger}");
        // A task whose box was seen set is not begun again.
        let after = ticked_at.get(&id).copied().unwrap_or(lines.len());
        let begin = format!("begin {id}");
        assert!(!lines[after..].contains(&begin.as_str()), "{id} after line {after}: {ledger}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// From a specification to a blog that serves pages: its tests pass, and pages were asked for over HTTP.
#[test]
fn the_blog_is_built_and_works() {
    let project = Project::new();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/blog")), &project.path("."));
    let agent = project.path("work.sh").display().to_string();
    let ran = project.args(&[
        "--json",
        "build",
        "specs/001-blog",
        "--workspace",
        "site",
        "--agent",
        &agent,
        "--unattended",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told = ran.json();
    assert_eq!(told["coverage"]["proved"], serde_json::json!([4, 4]));
    assert_eq!(told["attempts"], 7, "one of six tasks was refused once");
    let served: Vec<&serde_json::Value> = told["coverage"]["requirements"][0]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|proof| proof["check"] == "http" && proof["passed"] == true)
        .collect();
    assert!(!served.is_empty(), "{told:#}");
    // Asked once more by somebody else than the engine.
    let asked = project.shell(
        "cd site && python3 blog/server.py 18476 2>/dev/null & p=$!; \
         for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
         python3 -c \"import urllib.request as u;print(u.urlopen('http://127.0.0.1:18476/2026-11-22-second').read().decode())\" 2>/dev/null && break; sleep 0.2; done; kill $p",
    );
    assert!(asked.stdout.contains("&lt;b&gt;Bold&lt;/b&gt; words &amp; more."), "{}", asked.all());
}

#[test]
fn components_that_are_required_come_first_and_once() {
    let (project, agent) = project("cat > /dev/null\n");
    let spec = SPEC.replace("list notes", "pay for notes with a credit card through Stripe");
    project.write("specs/001-notes/spec.md", spec);
    let dry = project.args(&["build", ".", "--agent", &agent, "--components", "--dry-run"]);
    assert!(dry.stdout.contains("+ payments"), "{}", dry.all());
    assert!(!project.path("fusion.lock").exists());
    // This agent does nothing, so the build fails; what it was to do had the component's tasks in it.
    let build = ["build", ".", "--agent", &agent, "--components", "--unattended", "--json"];
    let first = project.args(&build);
    assert_eq!(first.code, 1, "{}", first.all());
    let lock = text(&project, "fusion.lock");
    assert!(lock.contains("payments"), "{lock}");
    assert!(text(&project, "specs/001-notes/tasks.md").contains("payments/stripe"));
    let second = project.args(&build);
    assert_eq!(text(&project, "fusion.lock"), lock);
    assert_eq!(first.json()["run"], second.json()["run"], "the same specification is the same run");
}
