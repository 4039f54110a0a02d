//! `fusion test` with real runners: what is found, run at once, ended, gone on with, reported.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Project;

/// A folder with tests of `unittest`; `W` in their text is a folder outside, which sees what happens.
fn python(project: &Project, folder: &str, witness: &Path, body: &str) {
    fs::create_dir_all(project.path(folder)).unwrap();
    project.write(&format!("{folder}/requirements.txt"), "");
    let head = format!("import os, sys, time, unittest\nW = {:?}\n", witness.display().to_string());
    project.write(
        &format!("{folder}/test_it.py"),
        format!("{head}\nclass T(unittest.TestCase):\n{body}"),
    );
}

fn witness() -> tempfile::TempDir {
    tempfile::TempDir::new().unwrap()
}

/// Whether a process runs; one that ended and that nobody has asked for does not.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn counts(report: &Value) -> [u64; 6] {
    ["tests", "passed", "failed", "errors", "skipped", "flaky"]
        .map(|key| report["counts"][key].as_u64().unwrap())
}

#[test]
fn the_report_and_the_status_of_the_task_are_what_the_runners_found() {
    let (project, outside) = (Project::new(), witness());
    let body = "    def test_ok(self): pass\n    def test_имя(self): self.assertEqual(1, 2, '<&\\x1b[31m')\n    @unittest.skip('later')\n    def test_skip(self): pass\n";
    python(&project, "данные", outside.path(), body);
    fs::create_dir(project.path("web")).unwrap();
    project.write("web/package.json", r#"{"scripts":{"test":"node --test"}}"#);
    let script = "const {test} = require('node:test');\ntest('adds', () => {});\ntest('fails', () => { throw new Error('no <&>'); });\n";
    project.write("web/a.test.js", script);

    let ran = project.fusion("test --task T007 --junit out.xml --json");
    assert_eq!(ran.code, 1, "{}", ran.all());
    let report = ran.json();
    assert_eq!(counts(&report), [5, 2, 2, 0, 1, 0], "{report:#}");
    assert_eq!(report["status"], "failed");
    let status: Value =
        serde_json::from_slice(&fs::read(project.path(".fusion/tasks/T007/status.json")).unwrap())
            .unwrap();
    assert_eq!((&status["status"], &status["counts"]), (&report["status"], &report["counts"]));
    assert_eq!(fs::read_dir(project.path(".fusion/tasks/T007/reports")).unwrap().count(), 2);
    assert_eq!(project.fusion("test report --task T007 --json").json(), report);
    let xml = fs::read_to_string(project.path("out.xml")).unwrap();
    assert!(xml.contains("tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"1\""), "{xml}");
    assert!(xml.contains("test_имя") && !xml.contains('\u{1b}'), "{xml}");
    let shown = project.fusion("test report --task T007 --junit").stdout;
    let whole = project.path("").canonicalize().unwrap();
    assert_eq!(shown, xml.replace(&whole.display().to_string(), "[DIR]"));
    // What another reader takes.
    let count = "import sys, xml.etree.ElementTree as E; print(len(E.parse('out.xml').findall('.//testcase')))";
    let mut reader = project.command("python3");
    assert_eq!(project.finish(reader.args(["-c", count])).stdout.trim(), "5");

    let added = project.args(&["tasks", "add", "--id", "T007", "Test it"]);
    assert_eq!(added.code, 0, "{}", added.all());
    let shown = project.fusion("tasks show T007 --json").json();
    assert_eq!(
        (&shown["tests"]["status"], &shown["tests"]["counts"]),
        (&status["status"], &status["counts"])
    );
    let shown = project.fusion("tasks show T007").stdout;
    assert!(shown.contains("tests   failed: 2 passed, 2 failed, 1 skipped"), "{shown}");
    project.write("web/a.test.js", "require('node:test').test('adds', () => {});\n");
    let body = "    def test_ok(self): pass\n";
    python(&project, "данные", outside.path(), body);
    let ran = project.fusion("test --task T007");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("passed: 2 passed in "), "{}", ran.all());
    let status = fs::read_to_string(project.path(".fusion/tasks/T007/status.json")).unwrap();
    assert!(status.contains("\"status\": \"passed\""), "{status}");
}

#[test]
fn eight_suites_on_three_runners_are_never_more_than_three_at_once() {
    let (project, outside) = (Project::new(), witness());
    let body = "    def test_it(self):\n        own = os.path.join(W, 'at-%d' % os.getpid())\n        open(own, 'w').close()\n        \
                for _ in range(20):\n            n = len([f for f in os.listdir(W) if f.startswith('at-')])\n            \
                open(os.path.join(W, 'seen-%d' % n), 'w').close()\n            time.sleep(0.02)\n        os.remove(own)\n";
    for number in 1..=8 {
        python(&project, &format!("s{number}"), outside.path(), body);
    }
    let ran = project.fusion("test --jobs 3 --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let report = ran.json();
    assert_eq!(report["suites"].as_array().unwrap().len(), 8);
    assert_eq!(counts(&report), [8, 8, 0, 0, 0, 0]);
    let seen = |number: u32| outside.path().join(format!("seen-{number}")).exists();
    assert!(seen(3) && (4..=8).all(|number| !seen(number)));
}

#[test]
fn a_killed_run_goes_on_and_what_is_done_is_not_done_again() {
    let (project, outside) = (Project::new(), witness());
    let note = "    def test_it(self):\n        with open(os.path.join(W, 'log'), 'a') as log: log.write(NAME)\n";
    python(&project, "a", outside.path(), &note.replace("NAME", "'a'"));
    let slow = "        open(os.path.join(W, 'begun'), 'w').write(str(os.getpid()))\n        \
                while not os.path.exists(os.path.join(W, 'go')): time.sleep(0.02)\n";
    python(&project, "b", outside.path(), &(note.replace("NAME", "'b'") + slow));
    let mut child = project.start("test --jobs 1");
    #[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
    for _ in 0..1_500 {
        if fs::metadata(outside.path().join("begun")).is_ok_and(|about| about.len() > 0) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let first = fs::read_to_string(outside.path().join("begun")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(outside.path().join("go"), "").unwrap();
    let ran = project.fusion("test --jobs 1");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("which was not ended"), "{}", ran.all());
    assert_eq!(fs::read_to_string(outside.path().join("log")).unwrap(), "abb");
    assert!(!lives(&first));
    // When all is done it is a run of its own.
    assert_eq!(project.fusion("test --jobs 1").code, 0);
    assert_eq!(fs::read_to_string(outside.path().join("log")).unwrap(), "abbab");
}

#[test]
fn what_takes_too_long_is_ended_and_what_writes_much_is_cut() {
    let (project, outside) = (Project::new(), witness());
    let slow = "    def test_it(self):\n        open(os.path.join(W, 'pid'), 'w').write(str(os.getpid()))\n        time.sleep(600)\n";
    python(&project, "slow", outside.path(), slow);
    let loud = "    def test_it(self):\n        for _ in range(100): sys.stdout.write('x' * 1048576)\n        self.fail('loud')\n";
    python(&project, "loud", outside.path(), loud);
    let ran = project.fusion("test --timeout 8s --json");
    assert_eq!(ran.code, 1);
    let report = ran.json();
    let suite = |name: &str| {
        let all = report["suites"].as_array().unwrap();
        all.iter().find(|suite| suite["name"] == name).unwrap().clone()
    };
    assert_eq!(suite("slow")["status"], "error");
    assert!(suite("slow")["error"].as_str().unwrap().starts_with("it took longer than 8000 ms"));
    assert_eq!(suite("loud")["status"], "failed");
    assert_eq!(suite("loud")["cases"][0]["message"], "loud");
    assert!(report.to_string().len() < 100_000);
    let pid = fs::read_to_string(outside.path().join("pid")).unwrap();
    assert!(!lives(&pid));
}

#[test]
fn what_fails_and_passes_is_flaky() {
    let (project, outside) = (Project::new(), witness());
    let body = "    def test_once(self):\n        flag = os.path.join(W, 'flag')\n        if not os.path.exists(flag):\n            \
                open(flag, 'w').close()\n            self.fail('first')\n    def test_calm(self):\n        \
                open(os.path.join(W, 'calm'), 'a').write('x')\n";
    python(&project, "p", outside.path(), body);
    let report = project.fusion("test --retries 2 --json").json();
    assert_eq!(counts(&report), [2, 2, 0, 0, 0, 1], "{report:#}");
    assert_eq!(report["suites"][0]["rounds"], 2);
    assert_eq!(report["flaky"][0]["name"], "test_once");
    assert_eq!(
        fs::read_to_string(outside.path().join("calm")).unwrap(),
        "x",
        "only what failed runs again"
    );
    fs::remove_file(outside.path().join("flag")).unwrap();
    // Without retries the reports before know it, while the files are the same.
    let report = project.fusion("test --json").json();
    assert_eq!((counts(&report), &report["status"]), ([2, 1, 1, 0, 0, 1], &Value::from("failed")));
    assert!(
        report["flaky"][0]["why"]
            .as_str()
            .unwrap()
            .starts_with("with the same files it passed in run test-")
    );
}

#[test]
fn what_is_not_there_is_said() {
    let project = Project::new();
    let ran = project.fusion("test --json");
    assert_eq!((ran.code, ran.error().as_str()), (2, "FU0109"));
    let ran = project.fusion("test report --task T1 --json");
    assert_eq!((ran.code, ran.error().as_str()), (2, "FU0109"));
    assert_eq!(project.fusion("test report --task ../x --json").error(), "FU0102");
    assert!(!project.path(".fusion").exists());
    let outside = witness();
    python(&project, "p", outside.path(), "    def test_ok(self): pass\n");
    let ran = project.fusion("test --suite q");
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("there is no suite `q`") && ran.stderr.contains("known: p"),
        "{}",
        ran.all()
    );
    assert_eq!(project.fusion("test --list --json").json()["suites"][0]["name"], "p");
    let mut fusion = project.command(env!("CARGO_BIN_EXE_fusion"));
    let ran = project.finish(fusion.args(["test", "--json"]).env("PATH", "/nowhere"));
    assert_eq!(ran.code, 1);
    let error = ran.json()["suites"][0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("python3") && error.contains("install Python"), "{error}");
    // Tests that are none prove nothing.
    project.write("p/test_it.py", "");
    assert_eq!(project.fusion("test").code, 2);
}

/// Writes what is wrong, until it is told which test says so.
const AGENT: &str = "#!/bin/sh\nq=$(cat)\nprintf '%s\\n====\\n' \"$q\" >> asked\ncase \"$q\" in\n\
    *refused*) printf 'def add(a, b):\\n    return a + b\\n\\nVERSION = 22\\n' > calc.py ;;\n\
    *) printf 'def add(a, b):\\n    return a - b\\n\\nVERSION = 1\\n' > calc.py ;;\nesac\necho done\n";

#[test]
fn a_build_hears_which_test_fails() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    fs::create_dir_all(project.path("specs/001-calc")).unwrap();
    project.write(
        "specs/001-calc/spec.md",
        "# Calc\n\n## Requirements\n\n- **FR-001**: It MUST add\n",
    );
    project.write(
        "specs/001-calc/tasks.md",
        "# Tasks\n## Phase 1: Core\n- [ ] T001 Add in calc.py (FR-001)\n",
    );
    project.write("specs/001-calc/build.yaml", "build: 1\nchecks: [{ task: T001, tests: true }, { requirement: FR-001, tests: { suite: unittest, retries: 1 } }]\n");
    project.write("test_calc.py", "import unittest\nimport calc\nclass T(unittest.TestCase):\n    def test_add(self): self.assertEqual(calc.add(1, 2), 3)\n");
    project.write("agent.sh", AGENT);
    fs::set_permissions(project.path("agent.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = project.fusion("--json build . --agent ./agent.sh --unattended");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(ran.json()["coverage"]["proved"], serde_json::json!([1, 1]));
    let phases = fs::read(project.path("specs/001-calc/build.phases.json")).unwrap();
    let phases: Value = serde_json::from_slice(&phases).unwrap();
    assert_eq!(phases, ran.json()["phases"]);
    assert_eq!(phases[0]["phase"], "phase_1_complete");
    assert_eq!(phases[0]["checkpoint_validated"], true);
    let asked = fs::read_to_string(project.path("asked")).unwrap();
    assert!(asked.contains("unittest: test_calc.T test_add: -1 != 3"), "{asked}");
    assert_eq!(asked.matches("====").count(), 2);
}
