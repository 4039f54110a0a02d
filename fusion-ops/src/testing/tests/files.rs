//! Which suites a folder has, whether its files are the same, reports in a folder.

use std::path::Path;

use fusion_core::error::Code;
use tempfile::TempDir;

use super::super::{
    Case, Counts, Kind, Outcome, Report, Reports, Status, SuiteReport, find, fingerprint, read,
    schema,
};

/// A test of `unittest`.
const TEST: &str = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n";

/// Files by name, with their texts.
type Files<'a> = &'a [(&'a str, &'a str)];

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn seen(files: &[(&str, &str)]) -> Vec<(String, Kind, String)> {
    let folder = TempDir::new().unwrap();
    write(folder.path(), files);
    let suites = find(folder.path()).unwrap();
    suites.into_iter().map(|suite| (suite.name, suite.kind, suite.command.join(" "))).collect()
}

fn one(files: &[(&str, &str)]) -> (Kind, String) {
    let mut all = seen(files);
    assert_eq!(all.len(), 1, "{all:?}");
    let (_, kind, command) = all.remove(0);
    (kind, command)
}

#[test]
fn each_manifest_has_its_runner() {
    let package = |script: &str| format!(r#"{{"scripts":{{"test":"{script}"}}}}"#);
    let cases: &[(Files<'_>, Kind, &str)] = &[
        (&[("Cargo.toml", "[package]\nname='a'")], Kind::Cargo, "cargo test --no-fail-fast"),
        (&[("test_a.py", TEST)], Kind::Unittest, "python3 -m unittest discover"),
        (
            &[("tests/test_a.py", TEST), ("requirements-dev.txt", "pytest==8.0\n")],
            Kind::Pytest,
            "python3 -m pytest",
        ),
        (
            &[("tests/test_a.py", TEST), ("pytest.ini", "[pytest]\n")],
            Kind::Pytest,
            "python3 -m pytest",
        ),
        (
            &[("tests/test_a.py", TEST), ("tests/conftest.py", "")],
            Kind::Pytest,
            "python3 -m pytest",
        ),
        (
            &[
                ("t/test_a.py", TEST),
                ("pyproject.toml", "[tool.poetry.group.dev.dependencies]\npytest = '^8'\n"),
            ],
            Kind::Pytest,
            "python3 -m pytest",
        ),
        // Functions are tests for pytest alone.
        (&[("src/test_a.py", "def test_a(): pass\n")], Kind::Pytest, "python3 -m pytest"),
        (
            &[("model_test.py", TEST), ("testimonials.py", "WORDS = []\n")],
            Kind::Unittest,
            "python3 -m unittest discover",
        ),
        (
            &[("test_a.py", TEST), ("pyproject.toml", "[project]\nname='pytester'\n")],
            Kind::Unittest,
            "python3 -m unittest discover",
        ),
        (&[("package.json", &package("node --test test/"))], Kind::Node, "node --test test/"),
        (
            &[("package.json", &package("vitest run")), ("pnpm-lock.yaml", "")],
            Kind::Vitest,
            "pnpm run test",
        ),
        (&[("package.json", &package("jest --ci"))], Kind::Jest, "npm run test"),
        (&[("package.json", &package("tsc && jest"))], Kind::Script, "npm run test"),
        (&[("package.json", "{}"), ("src/a.test.mjs", "")], Kind::Node, "node --test"),
        (&[("go.mod", "module m")], Kind::Go, "go test -json ./..."),
        (
            &[("pom.xml", "<project/>"), ("mvnw", ""), ("core/pom.xml", "")],
            Kind::Maven,
            "./mvnw --batch-mode --fail-at-end test",
        ),
        (&[("Makefile", "all:\ntest:\n\ttrue\n")], Kind::Make, "make test"),
        (&[("Makefile", "test:\n"), ("a/go.mod", "")], Kind::Go, "go test -json ./..."),
        (
            &[("build.gradle.kts", "")],
            Kind::Gradle,
            "gradle cleanTest test --continue --console=plain",
        ),
    ];
    for (files, kind, command) in cases {
        assert_eq!(one(files), (*kind, (*command).to_owned()), "{files:?}");
    }
    let none = r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#;
    assert_eq!(seen(&[("package.json", none), ("pyproject.toml", ""), ("README.md", "")]), []);
}

#[test]
fn projects_below_are_found_once_and_what_is_installed_never() {
    let all = seen(&[
        ("Cargo.toml", "[workspace]\nmembers=['a']\nexclude=['own']\n"),
        ("a/Cargo.toml", "[package]\nname='a'"),
        ("own/Cargo.toml", "[package]\nname='own'"),
        ("web/package.json", r#"{"scripts":{"test":"node --test"}}"#),
        ("web/node_modules/x/package.json", r#"{"scripts":{"test":"rm -rf /"}}"#),
        ("web/requirements.txt", ""),
        ("web/tests/test_a.py", TEST),
        (".venv/lib/test_x.py", TEST),
        ("target/package/x/Cargo.toml", "["),
        ("данные/requirements.txt", ""),
        ("данные/test_x.py", TEST),
        ("1/2/3/4/5/6/7/go.mod", ""),
    ]);
    let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["cargo", "own", "web:unittest", "web:node", "данные"]);
}

#[test]
fn links_are_not_followed_and_wrong_manifests_are_named() {
    let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    write(outside.path(), &[("go.mod", "module out")]);
    std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).unwrap();
    assert_eq!(find(folder.path()).unwrap(), []);
    write(folder.path(), &[("x/Cargo.toml", "[package\n")]);
    let error = find(folder.path()).unwrap_err();
    assert_eq!(error.code(), Code::Syntax);
    assert!(error.to_string().contains("x/Cargo.toml"), "{error}");
    assert_eq!(find(&folder.path().join("nothing")).unwrap_err().code(), Code::FileUnreadable);
}

#[test]
fn a_tree_is_the_same_until_a_file_is_not() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), &[("a.py", "1"), ("b/c.py", "2")]);
    let first = fingerprint(folder.path()).unwrap();
    write(folder.path(), &[("__pycache__/a.pyc", "x"), (".pytest_cache/v", "x"), ("run.log", "x")]);
    assert_eq!(fingerprint(folder.path()).unwrap(), first);
    write(folder.path(), &[("b/c.py", "3")]);
    let second = fingerprint(folder.path()).unwrap();
    assert_ne!(second, first);
    // What `fusion test` itself writes into the project is no change of what is tested.
    let before = fingerprint(folder.path()).unwrap();
    write(folder.path(), &[("out.xml", &super::super::write("all", &[]))]);
    assert_eq!(fingerprint(folder.path()).unwrap(), before);
    std::fs::rename(folder.path().join("b/c.py"), folder.path().join("b/d.py")).unwrap();
    assert_ne!(fingerprint(folder.path()).unwrap(), second);
}

fn report(number: u32, tree: &str, outcome: Outcome) -> Report {
    let case = Case { name: "shaky".to_owned(), outcome, ..Case::default() };
    let sure = Case { name: "sure".to_owned(), ..Case::default() };
    let status = if outcome.is_bad() { Status::Failed } else { Status::Passed };
    let suite = SuiteReport {
        name: "s".to_owned(),
        runner: "cargo".to_owned(),
        status,
        cases: vec![case, sure],
        ..SuiteReport::default()
    };
    Report {
        report: 1,
        run: format!("r-{number}"),
        task: Some("T1".to_owned()),
        folder: "/p".to_owned(),
        tree: tree.to_owned(),
        changed: false,
        started: i64::from(number),
        finished: 9,
        status,
        counts: Counts::default(),
        flaky: Vec::new(),
        suites: vec![suite],
    }
}

#[test]
fn reports_are_kept_with_the_task_and_flaky_tests_are_those_of_the_same_files() {
    let folder = TempDir::new().unwrap();
    let reports = Reports::of(folder.path(), Some("T1")).unwrap();
    assert_eq!(reports.latest().unwrap_err().code(), Code::NotThere);
    for (number, tree, outcome, flaky) in [
        (1, "one", Outcome::Failed, 0),
        (2, "two", Outcome::Passed, 0),
        (3, "two", Outcome::Passed, 0),
        (4, "two", Outcome::Failed, 1),
        (5, "two", Outcome::Passed, 1),
    ] {
        let mut one = report(number, tree, outcome);
        reports.mark(&mut one);
        assert_eq!(one.flaky.len(), flaky, "{number}: {:?}", one.flaky);
        let (json, xml) = reports.write(&one).unwrap();
        let groups = read(&std::fs::read_to_string(xml).unwrap()).unwrap();
        assert_eq!(Counts::of(&groups[0].cases).failed, usize::from(outcome.is_bad()));
        assert_eq!(reports.latest().unwrap(), (one.clone(), json.clone()));
        let value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        assert!(jsonschema::validator_for(&schema()).unwrap().is_valid(&value));
        let status = std::fs::read_to_string(folder.path().join("tasks/T1/status.json")).unwrap();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["status"], one.status.word());
    }
    // One that began earlier and ends later is not the latest, and not how the task stands.
    let (mut late, latest) = (report(3, "two", Outcome::Failed), reports.latest().unwrap());
    late.run = "late".to_owned();
    reports.write(&late).unwrap();
    assert_eq!(reports.latest().unwrap(), latest);
    let status = std::fs::read_to_string(folder.path().join("tasks/T1/status.json")).unwrap();
    assert!(status.contains("\"run\": \"r-5\""), "{status}");
    // Files that changed meanwhile say nothing of flaky tests.
    let mut moved = Report { changed: true, ..report(6, "two", Outcome::Failed) };
    reports.mark(&mut moved);
    assert_eq!(moved.flaky, []);
    for number in 6..70 {
        reports.write(&report(number, "three", Outcome::Passed)).unwrap();
    }
    let left = std::fs::read_dir(folder.path().join("tasks/T1/reports")).unwrap().count();
    assert_eq!(left, 100, "50 of JSON, 50 of XML");
    for id in ["", "..", ".x", "a/b", "a b", &"x".repeat(129)] {
        assert_eq!(
            Reports::of(folder.path(), Some(id)).unwrap_err().code(),
            Code::InvalidId,
            "{id}"
        );
    }
}
