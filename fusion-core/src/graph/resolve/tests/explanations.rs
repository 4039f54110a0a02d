//! What a failure says, sentence by sentence.

use insta::assert_snapshot;

use super::{catalog, request, solve, why};
use crate::graph::resolve::{ResolveError, resolve};

#[test]
fn two_packages_need_different_versions() {
    assert_snapshot!(why(
        "web 2.1.0: +db ^2
         auth 1.0.0: +db ^1
         auth 2.0.0: +db ^2
         db 1.9.0
         db 2.3.0",
        "web ^2; auth ^1",
    ), @r"
        You ask for `auth` ^1 and `web` ^2.
        `auth` 1.0.0 needs `db` ^1, but `web` 2.1.0 needs `db` ^2.
        Try asking for `auth` 2.0.0 instead of ^1.
        ");
}

#[test]
fn the_request_itself_clashes_with_a_need() {
    assert_snapshot!(why("web 2.0.0: +db ^2\nweb 2.1.0: +db ^2\ndb 1.0.0\ndb 2.0.0", "web ^2; db ^1"), @r"
        You ask for `web` ^2.
        You ask for `db` ^1, but every version of `web` needs `db` ^2.
        Try asking for `db` 2.0.0 instead of ^1.
        ");
}

#[test]
fn versions_of_one_package_fail_for_different_reasons() {
    assert_snapshot!(why(
        "menu 1.0.0: +icons ^1
         menu 1.1.0: +icons ^1
         menu 2.0.0: +icons ^2
         icons 1.0.0
         icons 2.0.0
         icons 3.0.0",
        "menu; icons ^3",
    ), @r"
        You ask for `menu`.
        You ask for `icons` ^3, but `menu` 1.0.0 and 1.1.0 need `icons` ^1, and `menu` 2.0.0 needs `icons` ^2.
        Try asking for `icons` 2.0.0 instead of ^3.
        ");
}

#[test]
fn a_clash_is_deep_below() {
    assert_snapshot!(why(
        "app 1.0.0: +web ^1; +report ^1
         web 1.0.0: +http ^1
         http 1.0.0: +tls ^3
         report 1.0.0: +mail ^1
         mail 1.0.0: +tls ^2
         tls 2.0.0
         tls 3.0.0",
        "app",
    ), @r"
        You ask for `app`.
        `app` 1.0.0 needs `report` ^1 and `web` ^1.
        `report` 1.0.0 needs `mail` ^1.
        `web` 1.0.0 needs `http` ^1.
        `mail` 1.0.0 needs `tls` ^2, but `http` 1.0.0 needs `tls` ^3.
        ");
}

#[test]
fn no_version_is_in_the_range() {
    assert_snapshot!(why("db 1.0.0\ndb 1.2.0\ndb 2.0.0-beta.1", "db ^9"), @r"
        You ask for `db` ^9, but `db` exists only as 2.0.0-beta.1, 1.2.0 and 1.0.0.
        Try asking for `db` 1.2.0 instead of ^9.
        ");
    assert_snapshot!(why("web 1.0.0: +db ^9\ndb 1.0.0", "web"), @r"
        You ask for `web`.
        `web` 1.0.0 needs `db` ^9, but `db` exists only as 1.0.0.
        ");
}

#[test]
fn many_versions_are_counted() {
    let all: Vec<String> = (0..20).map(|n| format!("db 1.{n}.0")).collect();
    assert_snapshot!(why(&all.join("\n"), "db ^2"), @r"
        You ask for `db` ^2, but `db` exists only as 1.19.0, 1.18.0, 1.17.0, 1.16.0, 1.15.0, 1.14.0, 1.13.0, 1.12.0 and 12 older versions.
        Try asking for `db` 1.19.0 instead of ^2.
        ");
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    assert_snapshot!(why("fetch 1.0.0\nstore 1.0.0", "fetsh"), @"You ask for `fetsh`, but there is no package of that name (did you mean `fetch`?).");
    assert_snapshot!(why("web 1.0.0: +postgers ^1\npg 1.0.0: @postgres@1.0.0", "web"), @r"
        You ask for `web`.
        `web` 1.0.0 needs `postgers`, but there is no package of that name (did you mean `postgres`?).
        ");
    assert_snapshot!(why("fetch 1.0.0\nstore 1.0.0", "banana ^1"), @"You ask for `banana`, but there is no package of that name (known: fetch, store).");
    assert_snapshot!(why("", "banana"), @"You ask for `banana`, but there is no package of that name.");
}

#[test]
fn a_declared_conflict_is_named() {
    assert_snapshot!(why("new 1.0.0: -old\nold 1.0.0", "new; old"), @r"
        You ask for `new` and `old`.
        `new` 1.0.0 does not allow `old` beside it.
        The rest fits together without `new`, or without `old`.
        ");
    assert_snapshot!(why("a 1.0.0: -b <2\na 2.0.0: -b <2\nb 1.0.0\nb 2.0.0", "a; b ^1"), @r"
        You ask for `a` and `b` ^1.
        No version of `a` allows `b` <2 beside it.
        Try asking for `b` 2.0.0 instead of ^1.
        ");
}

#[test]
fn providers_are_named() {
    assert_snapshot!(why(
        "web 1.0.0: +db ^1
         cache 1.0.0: +db ^2
         lite 3.0.0: @db@1.0.0
         pg 16.0.0: @db@2.0.0",
        "web; cache",
    ), @r"
        You ask for `cache` and `web`.
        `cache` 1.0.0 needs `db` ^2, but `web` 1.0.0 needs `db` ^1.
        The rest fits together without `web`, or without `cache`.
        ");
    assert_snapshot!(why("pg 16.0.0: @db; +tls ^9\ntls 1.0.0", "db"), @r"
        You ask for `db`.
        `pg` 16.0.0 provides `db`.
        `pg` 16.0.0 needs `tls` ^9, but `tls` exists only as 1.0.0.
        ");
    assert_snapshot!(why("pg 16.0.0: @db", "db ^1"), @r"
        You ask for `db` ^1, but `db` is only provided without a version, which satisfies only `*`.
        Try asking for `db` in any version instead of ^1.
        ");
    assert_snapshot!(why("one 1.0.0: @db; -db\ntwo 1.0.0: @db; -db", "one; two"), @r"
        You ask for `one` and `two`.
        `two` 1.0.0 provides `db`.
        `one` 1.0.0 does not allow `db` beside it.
        The rest fits together without `one`, or without `two`.
        ");
}

#[test]
fn a_package_that_needs_another_version_of_itself() {
    assert_snapshot!(why("a 1.0.0: +a ^2\na 2.0.0: +a ^1", "a"), @r"
        You ask for `a`.
        `a` 2.0.0 needs `a` ^1, which is another version of itself.
        `a` 1.0.0 needs `a` ^2, which is another version of itself.
        ");
}

#[test]
fn a_package_contradicts_itself() {
    assert_snapshot!(why("a 1.0.0: +b ^1; +b ^2\nb 1.0.0\nb 2.0.0", "a"), @r"
        You ask for `a`.
        `a` 1.0.0 needs `b` ^1, but it also needs `b` ^2.
        ");
}

#[test]
fn a_circle_is_a_path() {
    let found = solve("a 1.0.0: +b\nb 1.0.0: +c\nc 1.0.0: +b", "a").unwrap_err();
    assert_snapshot!(found, @"packages need each other in a circle: `b` → `c` → `b`; remove one of these needs");
}

#[test]
fn an_explanation_is_the_same_each_time() {
    let packages =
        catalog("w 2.1.0: +d ^2; +x ^1\na 1.0.0: +d ^1; +x ^2\nd 1.9.0\nd 2.3.0\nx 1.0.0\nx 2.0.0");
    let wanted = request("w ^2; a ^1");
    let first = resolve(&packages, &wanted).unwrap_err();
    assert!(matches!(first, ResolveError::Unsolvable(_)));
    for _ in 0..20 {
        assert_eq!(resolve(&packages, &wanted).unwrap_err(), first);
    }
}
