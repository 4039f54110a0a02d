//! `fusion test` with Python's tests where they are easily missed, what fails around tests, two at once.

use std::fs;
use std::time::Duration;

use crate::support::Project;

const HEAD: &str = "import os, unittest\n";

fn suites(project: &Project, files: &[(&str, &str)]) {
    for (name, text) in files {
        fs::create_dir_all(project.path(name).parent().unwrap()).unwrap();
        project.write(name, format!("{HEAD}{text}"));
    }
}

#[test]
fn every_file_of_tests_that_is_found_is_run() {
    let project = Project::new();
    let test = "class T(unittest.TestCase):\n    def test_it(self): pass\n";
    let beside = format!("from calc import add\n{test}");
    suites(
        &project,
        &[
            ("src/test_a.py", &beside),
            ("src/calc.py", "def add(a, b): return a + b\n"),
            ("tests/unit/test_a.py", test),
            ("tests/test_a.py", test),
            ("pkg/__init__.py", ""),
            ("pkg/deep/__init__.py", ""),
            ("pkg/deep/model_test.py", &format!("from ..deep import __name__ as own\n{test}")),
            ("testimonials.py", "WORDS = []\n"),
        ],
    );
    let ran = project.fusion("test --json");
    let told = ran.json();
    assert_eq!((ran.code, told["counts"]["passed"].as_u64()), (0, Some(4)), "{}", ran.all());
    // What cannot be loaded is said, and the rest is run.
    project.write("tests/unit/test_b.py", "import nothing_of_this_name\nclass TestCase: pass\n");
    let ran = project.fusion("test");
    let shown =
        ran.stdout.contains("nothing_of_this_name") && ran.stdout.contains("4 passed, 1 errors");
    assert!(ran.code == 1 && shown, "{}", ran.all());
}

#[test]
fn tests_that_are_found_and_not_run_are_not_passed() {
    let project = Project::new();
    let never = "class T(unittest.TestCase):\n    pass\n";
    suites(&project, &[("tests/test_a.py", never)]);
    fs::create_dir(project.path("web")).unwrap();
    project.write("web/package.json", r#"{"scripts":{"test":"true"}}"#);
    let ran = project.fusion("test");
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stdout.contains("no test was run, and tests/test_a.py looks like one"),
        "{}",
        ran.all()
    );
}

/// Fails the first time and passes then; the flag lies outside of what is tested.
fn once(flag: &std::path::Path) -> String {
    format!(
        "def once(name):\n    flag = os.path.join({:?}, name)\n    if os.path.exists(flag): return False\n    open(flag, 'w').close()\n    return True\n",
        flag.display().to_string()
    )
}

#[test]
fn what_is_around_tests_and_in_them_is_run_again_and_flaky() {
    let (project, outside) = (Project::new(), tempfile::TempDir::new().unwrap());
    let body = "class Around(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        if once('class'): raise OSError('busy')\n    \
                def test_in(self): pass\n    def test_too(self): pass\n\nclass Sub(unittest.TestCase):\n    def test_many(self):\n        \
                for n in range(3):\n            with self.subTest(n=n, why='a b'):\n                self.assertFalse(n == 1 and once('sub'))\n    \
                def test_calm(self): pass\n";
    suites(&project, &[("test_it.py", &(once(outside.path()) + body))]);
    let ran = project.fusion("test --retries 1 --json");
    let told = ran.json();
    assert_eq!((ran.code, told["status"].as_str()), (0, Some("passed")), "{}", ran.all());
    let mut flaky: Vec<&str> =
        told["flaky"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    flaky.sort_unstable();
    assert_eq!(flaky, ["setUpClass", "test_many (n=1, why='a b')"]);
    let names: Vec<&str> = told["suites"][0]["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["name"].as_str().unwrap())
        .collect();
    for name in ["test_in", "test_too", "test_calm"] {
        assert_eq!(names.iter().filter(|one| **one == name).count(), 1, "{names:?}");
    }
    // A file that could not be loaded, and then could.
    let body = "if once('load'): raise ImportError('not yet')\nclass T(unittest.TestCase):\n    def test_it(self): pass\n";
    suites(&project, &[("sub/test_late.py", &(once(outside.path()) + body))]);
    let ran = project.fusion("test --retries 1 --json");
    assert_eq!((ran.code, ran.json()["counts"]["flaky"].as_u64()), (0, Some(1)), "{}", ran.all());
}

#[test]
fn two_at_once_run_the_tests_once_and_a_report_in_the_project_changes_nothing() {
    let (project, outside) = (Project::new(), tempfile::TempDir::new().unwrap());
    let folder = outside.path().display().to_string();
    let body = format!(
        "import time\nclass T(unittest.TestCase):\n    def test_it(self):\n        open(os.path.join({folder:?}, 'log'), 'a').write('x')\n        \
         while not os.path.exists(os.path.join({folder:?}, 'go')): time.sleep(0.02)\n"
    );
    suites(&project, &[("test_it.py", &body)]);
    let first = project.start("test --json --junit out.xml");
    #[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
    while !outside.path().join("log").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = project.start("test --junit more.xml");
    #[expect(clippy::disallowed_methods, reason = "the test gives another process time")]
    std::thread::sleep(Duration::from_secs(2));
    fs::write(outside.path().join("go"), "").unwrap();
    let first = project.ran(&first.wait_with_output().unwrap());
    let second = project.ran(&second.wait_with_output().unwrap());
    assert_eq!((first.code, second.code), (0, 0), "{}\n{}", first.all(), second.all());
    assert!(second.stdout.contains("it is waited for"), "{}", second.all());
    assert_eq!(fs::read_to_string(outside.path().join("log")).unwrap(), "x");
    let third = project.fusion("test --json").json();
    assert_eq!(third["tree"], first.json()["tree"], "out.xml and more.xml are no part of it");
    assert_ne!(third["run"], first.json()["run"]);
}

#[test]
fn a_suite_of_which_all_is_skipped_proves_nothing_beside_one_that_passes() {
    let project = Project::new();
    for (folder, body) in [("one", "pass"), ("two", "self.skipTest('later')")] {
        std::fs::create_dir_all(project.path(folder)).unwrap();
        project
            .write(&format!("{folder}/pyproject.toml"), "[project]\nname = 'a'\nversion = '1'\n");
        let text = format!(
            "import unittest\n\nclass T(unittest.TestCase):\n    def test_a(self): {body}\n    def test_b(self): {body}\n"
        );
        project.write(&format!("{folder}/test_a.py"), text);
    }
    let ran = project.args(&["--json", "test"]);
    let told = ran.json();
    let stands = |at: usize| told["suites"][at]["status"].clone();
    assert_eq!((stands(0), stands(1)), ("passed".into(), "empty".into()), "{}", ran.all());
    assert_eq!((told["status"].as_str(), ran.code), (Some("empty"), 2), "{}", ran.all());
    let shown = project.args(&["test", "report"]);
    assert!(
        shown.all().contains("two skipped all of its 2 tests: that proves nothing"),
        "{}",
        shown.all()
    );
    // The suite that passes is enough for whoever asks for no other.
    assert_eq!(project.args(&["test", "--suite", "one"]).code, 0);
}
