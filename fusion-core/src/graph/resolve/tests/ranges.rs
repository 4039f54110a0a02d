//! The spellings of ranges and versions.

use insta::assert_snapshot;

use crate::graph::resolve::{Package, Provide, Range};

fn inside(range: &str, version: &str) -> bool {
    range.parse::<Range>().unwrap().contains(&version.parse().unwrap())
}

#[test]
fn every_spelling_means_what_its_users_expect() {
    for (range, yes, no) in [
        ("^1.2", "1.9.0", "2.0.0"),
        ("1.2", "1.9.0", "1.1.9"),
        ("~1.2", "1.2.9", "1.3.0"),
        (">=1, <2", "1.9.9", "2.0.0"),
        (">=1 <2", "1.9.9", "2.0.0"),
        (">= 1.0.0 < 2.0.0", "1.0.0", "2.0.0"),
        (">=1 , <2", "1.0.0", "2.0.0"),
        ("1.2.x", "1.2.7", "1.3.0"),
        ("1.*", "1.7.0", "2.0.0"),
        ("*", "9.9.9", "1.0.0-alpha"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("1.2 - 1.4", "1.4.9", "1.5.0"),
        ("^1 || ^3", "3.1.0", "2.0.0"),
        ("^0.2", "0.2.5", "0.3.0"),
        ("^2.0.0-beta.1", "2.0.0-beta.2", "2.1.0-beta.1"),
        (">=1.0.0-rc.1", "1.0.0", "1.1.0-rc.1"),
    ] {
        assert!(inside(range, yes), "{yes} is in {range}");
        assert!(!inside(range, no), "{no} is not in {range}");
    }
}

#[test]
fn a_wrong_range_says_what_is_wrong() {
    let error = |text: &str| text.parse::<Range>().unwrap_err();
    assert_snapshot!(error("latest"), @"`latest` is not a version range (unexpected character 'l' while parsing major version number); write it like `^1.2`, `~1.2`, `>=1, <2`, `1.2.x`, `*` or `^1 || ^2`");
    assert_snapshot!(error(""), @"`` is not a version range (nothing is written); write it like `^1.2`, `~1.2`, `>=1, <2`, `1.2.x`, `*` or `^1 || ^2`");
    assert_snapshot!(error("^1 ||"), @"`^1 ||` is not a version range (nothing is written beside `||`); write it like `^1.2`, `~1.2`, `>=1, <2`, `1.2.x`, `*` or `^1 || ^2`");
    assert_snapshot!(error("1 - 2 - 3"), @"`1 - 2 - 3` is not a version range (` - ` stands between two versions and beside nothing else); write it like `^1.2`, `~1.2`, `>=1, <2`, `1.2.x`, `*` or `^1 || ^2`");
    assert_snapshot!(error(">="), @"`>=` is not a version range (unexpected end of input while parsing major version number); write it like `^1.2`, `~1.2`, `>=1, <2`, `1.2.x`, `*` or `^1 || ^2`");
}

#[test]
fn a_wrong_version_says_what_is_wrong() {
    assert_snapshot!(Package::new("a", "1.2").unwrap_err(), @"`1.2` is not a version (unexpected end of input while parsing minor version number); write all three numbers, like `1.2.0`");
    assert_snapshot!("db@one".parse::<Provide>().unwrap_err(), @"`one` is not a version (unexpected character 'o' while parsing major version number); write all three numbers, like `1.2.0`");
}

#[test]
fn a_provided_name_may_have_a_scope() {
    let scoped: Provide = "@team/db".parse().unwrap();
    assert_eq!((scoped.name.as_str(), scoped.version), ("@team/db", None));
    let versioned: Provide = "@team/db@1.0.0".parse().unwrap();
    assert_eq!((versioned.name.as_str(), versioned.version.unwrap().major), ("@team/db", 1));
}

#[test]
fn a_package_survives_being_written_and_read() {
    let package = super::package("web 2.1.0: +db >=1 <2; @http@1.0.0; @www; -old ^1");
    let text = serde_json::to_string(&package).unwrap();
    assert_snapshot!(text, @r#"{"name":"web","version":"2.1.0","requires":[["db",">=1 <2"]],"provides":["http@1.0.0","www"],"conflicts":[["old","^1"]]}"#);
    assert_eq!(serde_json::from_str::<Package>(&text).unwrap(), package);
    assert!(serde_json::from_str::<Package>(&text.replace(">=1 <2", "soon")).is_err());
}
