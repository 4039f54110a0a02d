//! What is read and written: JUnit XML, libtest, `go test -json`, Jest.

use fusion_core::error::Code;
use proptest::prelude::*;

use super::super::report::merge;
use super::super::text::{Form, Scan, jest};
use super::super::{Case, Counts, Group, Outcome, read, write};

fn text() -> impl Strategy<Value = String> {
    // Without signs that are cleaned; those are below.
    "[ -~äß漢\u{1f600}\n\t<>&\"']{0,40}"
}

fn case() -> impl Strategy<Value = Case> {
    let outcomes = prop::sample::select(vec![
        (Outcome::Passed, false),
        (Outcome::Passed, true),
        (Outcome::Failed, false),
        (Outcome::Failed, true),
        (Outcome::Error, false),
        (Outcome::Skipped, false),
    ]);
    (text(), text(), text(), 0_u64..10_000_000_000, outcomes, text(), text()).prop_map(
        |(name, class, file, time_ms, (outcome, flaky), message, output)| {
            let said = outcome != Outcome::Passed || flaky;
            let message = if said { message } else { String::new() };
            Case { name, class, file, time_ms, outcome, flaky, message, output }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_the_same(
        groups in prop::collection::vec((text(), prop::collection::vec(case(), 0..6)), 0..4)
    ) {
        let groups: Vec<Group> = groups.into_iter().map(|(name, cases)| Group { name, cases }).collect();
        let xml = write("all", &groups);
        prop_assert_eq!(read(&xml).unwrap(), groups.as_slice());
        let counts = Counts::of(groups.iter().flat_map(|group| &group.cases));
        let root = roxmltree::Document::parse(&xml).unwrap();
        let number = |key: &str| root.root_element().attribute(key).unwrap().parse::<usize>().unwrap();
        prop_assert_eq!(number("tests"), counts.tests);
        prop_assert_eq!(number("failures"), counts.failed);
        prop_assert_eq!(number("errors"), counts.errors);
        prop_assert_eq!(number("skipped"), counts.skipped);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&text);
        let _ = read(&String::from_utf8_lossy(&bytes));
        let whole = format!("<testsuite><testcase name=\"a\"><failure>{text}</failure></testcase></testsuite>");
        let _ = read(&whole);
        let mut scan = Scan::new(Form::Libtest);
        scan.hear(&bytes);
        let _ = scan.finish(&text);
        let mut scan = Scan::new(Form::Go);
        scan.hear(&bytes);
        let _ = scan.finish("");
        let _ = jest(&text);
    }

    #[test]
    fn any_name_is_written_so_that_it_can_be_read(name in any::<String>()) {
        let groups = vec![Group { name: name.clone(), cases: vec![Case { name, ..Case::default() }] }];
        let back = read(&write("x", &groups)).unwrap();
        prop_assert_eq!(back[0].cases.len(), 1);
        prop_assert!(back[0].cases[0].name.chars().all(|sign| !sign.is_control() || "\n\t".contains(sign)));
    }
}

#[test]
fn reports_of_many_programs_are_read() {
    let surefire = r#"<?xml version="1.0" encoding="UTF-8"?>
        <testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="org.A" time="1,234.5" tests="2">
          <properties><property name="java" value="21"/></properties>
          <testcase name="one" classname="org.A" time="1,234.5"/>
          <testcase name="two" classname="org.A" time="0.01"><flakyFailure message="no" type="X">trace</flakyFailure></testcase>
        </testsuite>"#;
    let groups = read(surefire).unwrap();
    assert_eq!(groups[0].cases[0].time_ms, 1_234_500);
    assert!(groups[0].cases[1].flaky && groups[0].cases[1].outcome == Outcome::Passed);
    let node = r#"<testsuites><testcase name="top" time="0.001" classname="test"/>
        <testsuite name="group"><testcase name="in" classname="test"><failure type="t" message="m &#10;n">x<![CDATA[<y>]]></failure></testcase>
        <testsuite name="deep"><testcase name="x" classname="test"/></testsuite></testsuite><testcase name="end"/></testsuites>"#;
    let groups = read(node).unwrap();
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["", "group", ""]);
    assert_eq!(groups[1].cases[0].message, "m \nn");
    assert_eq!(groups[1].cases[0].output, "x<y>");
    assert_eq!(groups[1].cases[1].class, "group > deep");
    let bare = read("<testsuite><testcase name='a'><error/></testcase></testsuite>").unwrap();
    assert_eq!(bare[0].cases[0].outcome, Outcome::Error);
}

#[test]
fn hostile_reports_are_refused_or_cleaned() {
    let laughs = "<!DOCTYPE t [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><testsuite name='&b;'/>";
    let file = "<!DOCTYPE t [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><testsuite name='&f;'/>";
    for text in [laughs, file, "", "{}", "<html/>", "<testsuite>", "<testsuite name='&nope;'/>"] {
        assert_eq!(read(text).unwrap_err().code(), Code::Syntax, "{text}");
    }
    let controls = "\u{feff}<testsuite><testcase name='a&#x1b;[31mb\u{1b}[2Jc&#0;\u{8}'><failure>&#27;]0;x&#7;</failure></testcase></testsuite>";
    let case = read(controls).unwrap().remove(0).cases.remove(0);
    assert_eq!(case.name, "abc\u{fffd}\u{fffd}");
    assert!(!case.output.contains(['\u{1b}', '\u{7}']));
    let long = format!("<testsuite><testcase name='{}'/></testsuite>", "x".repeat(1_000_000));
    assert!(read(&long).unwrap()[0].cases[0].name.len() <= 1_000);
    let many = format!("<testsuite>{}</testsuite>", "<testcase/>".repeat(200_001));
    assert_eq!(read(&many).unwrap_err().code(), Code::Limit);
}

#[test]
fn a_deep_report_is_no_danger_for_the_stack() {
    let depth = 100_000;
    let deep = format!(
        "{}<testcase name='x'/>{}",
        "<testsuite>".repeat(depth),
        "</testsuite>".repeat(depth)
    );
    if let Ok(groups) = read(&deep) {
        assert_eq!(groups.len(), 1);
    }
}

#[test]
fn lines_of_libtest_are_read_however_they_are_cut() {
    let out = "\nrunning 4 tests\ntest a::ok ... ok\ntest bad ... FAILED\ntest ig ... ignored, slow\ntest p - should panic ... ok\n\nfailures:\n\n---- bad stdout ----\nprinted\ntest x ... ok\n\nthread 'bad' (7) panicked at src/lib.rs:5:41:\nno\n\n\nfailures:\n    bad\n\ntest result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\nrunning 1 test\ntest src/lib.rs - add (line 3) ... ok\n\ntest result: ok. 1 passed\n";
    let err = "   Compiling rs v0.1.0\n     Running unittests src/lib.rs (target/debug/deps/rs-0a1b)\nerror: x\n   Doc-tests rs\n";
    for size in [1, 7, 4096] {
        let mut scan = Scan::new(Form::Libtest);
        out.as_bytes().chunks(size).for_each(|piece| scan.hear(piece));
        let (cases, tail) = scan.finish(err);
        assert_eq!(tail, out);
        let seen: Vec<(String, Outcome)> =
            cases.iter().map(|case| (case.title(), case.outcome)).collect();
        assert_eq!(
            seen,
            [
                ("rs src/lib.rs a::ok".to_owned(), Outcome::Passed),
                ("rs src/lib.rs bad".to_owned(), Outcome::Failed),
                ("rs src/lib.rs ig".to_owned(), Outcome::Skipped),
                ("rs src/lib.rs p".to_owned(), Outcome::Passed),
                ("rs doc-tests src/lib.rs - add (line 3)".to_owned(), Outcome::Passed),
            ]
        );
        assert!(cases[1].message.contains("panicked at") && cases[1].output.contains("printed"));
    }
}

#[test]
fn what_go_test_says_is_read() {
    let lines = r#"{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestAdd"}
{"Action":"output","Package":"m/a","Test":"TestAdd","Output":"    a_test.go:7: want 3, got 4\n"}
{"Action":"fail","Package":"m/a","Test":"TestAdd","Elapsed":0.25}
{"Action":"run","Package":"m/a","Test":"TestSub/one"}
{"Action":"pass","Package":"m/a","Test":"TestSub/one","Elapsed":0}
{"Action":"run","Package":"m/b","Test":"TestHang"}
not json
{"Action":"fail","Package":"m/a","Elapsed":0.3}
"#;
    let mut scan = Scan::new(Form::Go);
    scan.hear(lines.as_bytes());
    let (cases, tail) = scan.finish("");
    let seen: Vec<(&str, Outcome, u64)> =
        cases.iter().map(|case| (case.name.as_str(), case.outcome, case.time_ms)).collect();
    assert_eq!(
        seen,
        [
            ("TestAdd", Outcome::Failed, 250),
            ("TestSub/one", Outcome::Passed, 0),
            ("TestHang", Outcome::Error, 0)
        ]
    );
    assert_eq!(cases[0].message, "a_test.go:7: want 3, got 4");
    assert!(tail.contains("not json"));
}

#[test]
fn what_jest_says_is_read() {
    let text = r#"{"numTotalTests":2,"testResults":[
        {"name":"/p/a.test.js","status":"failed","message":"","assertionResults":[
          {"ancestorTitles":["cart"],"title":"adds","status":"passed","duration":3},
          {"ancestorTitles":["cart"],"title":"empties","status":"failed","duration":null,"failureMessages":["Error: no\n  at x"]}]},
        {"name":"/p/b.test.js","status":"failed","message":"\n  Cannot find module 'x'","assertionResults":[]}]}"#;
    let cases = jest(text).unwrap();
    let seen: Vec<(String, Outcome, &str)> =
        cases.iter().map(|case| (case.title(), case.outcome, case.message.as_str())).collect();
    assert_eq!(seen[0], ("cart adds".to_owned(), Outcome::Passed, ""));
    assert_eq!(seen[1], ("cart empties".to_owned(), Outcome::Failed, "Error: no"));
    assert_eq!(seen[2].1, Outcome::Error);
    assert!(jest("{}").is_err());
}

#[test]
fn rounds_are_put_together_by_name_and_order() {
    let case = |name: &str, outcome| Case { name: name.to_owned(), outcome, ..Case::default() };
    let mut cases = vec![
        case("same", Outcome::Passed),
        case("same", Outcome::Failed),
        case("other", Outcome::Failed),
        case("fine", Outcome::Passed),
    ];
    merge(
        &mut cases,
        vec![
            case("same", Outcome::Failed),
            case("same", Outcome::Passed),
            case("other", Outcome::Failed),
            case("new", Outcome::Passed),
        ],
    );
    let seen: Vec<(&str, Outcome, bool)> =
        cases.iter().map(|case| (case.name.as_str(), case.outcome, case.flaky)).collect();
    assert_eq!(
        seen,
        [
            ("same", Outcome::Passed, true),
            ("same", Outcome::Passed, true),
            ("other", Outcome::Failed, false),
            ("fine", Outcome::Passed, false),
            ("new", Outcome::Passed, false),
        ]
    );
}
