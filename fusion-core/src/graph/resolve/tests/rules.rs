//! Which solution is chosen when there are several.

use super::{Request, catalog, package, picks, request, shown, solve};
use crate::error::Code;
use crate::graph::resolve::{Catalog, Package, ResolveError, resolve};

#[test]
fn the_highest_versions_win() {
    let packages = "a 1.0.0\na 1.10.0\na 1.9.0\na 2.0.0";
    assert_eq!(picks(packages, "a ^1"), "a@1.10.0");
    assert_eq!(picks(packages, "a"), "a@2.0.0");
}

#[test]
fn a_pre_release_is_chosen_only_when_named() {
    let packages = "a 1.0.0\na 2.0.0-beta.1\na 2.0.0-beta.2";
    assert_eq!(picks(packages, "a"), "a@1.0.0");
    assert_eq!(picks(packages, "a >=2.0.0-beta.1"), "a@2.0.0-beta.2");
}

#[test]
fn a_lower_version_is_taken_when_the_highest_does_not_fit() {
    let packages = "a 1.0.0: +b ^1\na 2.0.0: +b ^9\nb 1.0.0";
    assert_eq!(picks(packages, "a"), "b@1.0.0 a@1.0.0");
}

#[test]
fn dependencies_come_first_then_names() {
    let packages = "a 1.0.0: +z\nb 1.0.0\nz 1.0.0: +y\ny 1.0.0";
    assert_eq!(picks(packages, "a; b"), "b@1.0.0 y@1.0.0 z@1.0.0 a@1.0.0");
}

#[test]
fn nothing_wanted_is_nothing_picked() {
    assert_eq!(picks("a 1.0.0", ""), "");
}

#[test]
fn locked_versions_stay_while_they_are_legal() {
    let packages =
        catalog("a 1.0.0: +b\na 1.1.0: +b\nb 1.0.0\nb 1.1.0\nc 1.0.0\nc 2.0.0: +b >=1.1");
    let locked =
        |wanted| request(wanted).prefer("a", "1.0.0").unwrap().prefer("b", "1.0.0").unwrap();
    let chosen = |wanted| shown(&resolve(&packages, &locked(wanted)).unwrap());
    assert_eq!(chosen("a"), "b@1.0.0 a@1.0.0");
    // A new package gives way before a locked one does.
    assert_eq!(chosen("a; c"), "b@1.0.0 c@1.0.0 a@1.0.0");
    // Where the request leaves no other way, the lock does.
    assert_eq!(chosen("a; c ^2"), "b@1.1.0 a@1.0.0 c@2.0.0");
    assert_eq!(chosen("a ^1.1"), "b@1.0.0 a@1.1.0");
}

#[test]
fn a_lock_of_something_gone_is_ignored() {
    let wanted = request("a").prefer("a", "7.0.0").unwrap().prefer("gone", "1.0.0").unwrap();
    assert_eq!(shown(&resolve(&catalog("a 1.0.0"), &wanted).unwrap()), "a@1.0.0");
}

#[test]
fn providers_are_chosen_by_lock_then_need_then_name() {
    let packages = "web 1.0.0: +db ^1\nlite 1.0.0: @db@1.0.0\npg 1.0.0: @db@1.2.0\ntool 1.0.0: +pg";
    assert_eq!(solve(packages, "web").unwrap().via["db"], "lite");
    assert_eq!(solve(packages, "web; pg").unwrap().via["db"], "pg");
    assert_eq!(solve(packages, "web; tool").unwrap().via["db"], "pg");
    let wanted = request("web; lite").prefer("pg", "1.0.0").unwrap();
    assert_eq!(resolve(&catalog(packages), &wanted).unwrap().via["db"], "pg");
}

#[test]
fn the_package_of_that_very_name_goes_before_a_stand_in() {
    let packages = "db 1.0.0\nacme-db 1.0.0: @db@1.5.0";
    let found = solve(packages, "db").unwrap();
    assert_eq!(shown(&found), "db@1.0.0");
    assert!(found.via.is_empty());
    assert_eq!(picks(packages, "db ^1.5"), "acme-db@1.0.0");
}

#[test]
fn a_name_without_a_version_satisfies_only_any() {
    assert_eq!(picks("pg 1.0.0: @db", "db"), "pg@1.0.0");
    assert!(solve("pg 1.0.0: @db", "db >=0").is_err());
}

#[test]
fn one_of_a_kind_excludes_the_others_but_not_itself() {
    let packages = "one 1.0.0: @db; -db\ntwo 1.0.0: @db; -db\nweb 1.0.0: +db";
    assert_eq!(picks(packages, "web"), "one@1.0.0 web@1.0.0");
    assert_eq!(picks(packages, "web; two"), "two@1.0.0 web@1.0.0");
    assert!(solve(packages, "one; two").is_err());
}

#[test]
fn a_package_may_need_what_it_provides() {
    assert_eq!(picks("kit 1.0.0: @db; +db; +kit ^1", "kit"), "kit@1.0.0");
}

#[test]
fn the_order_of_filling_does_not_matter() {
    let lines = ["a 1.0.0: +db", "b 1.0.0: @db", "c 1.0.0: @db", "d 1.0.0", "d 2.0.0"];
    let forward = Catalog::from_packages(lines.iter().map(|line| package(line))).unwrap();
    let backward = Catalog::from_packages(lines.iter().rev().map(|line| package(line))).unwrap();
    assert_eq!(
        resolve(&forward, &request("a; d")).unwrap(),
        resolve(&backward, &request("d; a")).unwrap(),
    );
}

#[test]
fn a_version_given_twice_is_refused() {
    let twice = Catalog::from_packages([package("a 1.0.0"), package("a 1.0.0: +b")]);
    assert!(matches!(twice, Err(ResolveError::Duplicate { name, .. }) if name == "a"));
}

#[test]
fn a_long_chain_needs_no_stack() {
    let lines: Vec<String> = (0..2_000)
        .map(|n| format!("p{n:05} 1.0.0: +p{:05}", n + 1))
        .chain(["p02000 1.0.0".to_owned()])
        .collect();
    let found = solve(&lines.join("\n"), "p00000").unwrap();
    assert_eq!(found.order.len(), 2_001);
    assert_eq!(found.order.first().unwrap(), "p02000");
}

#[test]
fn a_failure_at_the_end_of_a_long_chain_needs_no_stack() {
    let lines: Vec<String> = (0..5_000).map(|n| format!("p{n:05} 1.0.0: +p{:05}", n + 1)).collect();
    let failure = solve(&lines.join("\n"), "p00000").unwrap_err().to_string();
    assert!(failure.contains("`p04999` 1.0.0 needs `p05000`, but there is no package"));
}

#[test]
fn failures_have_the_codes_of_the_crate() {
    let code = |error: ResolveError| crate::error::Error::from(error).code();
    let failed = |packages, wanted| code(solve(packages, wanted).unwrap_err());
    assert_eq!(failed("a 1.0.0", "a ^2"), Code::Unsolvable);
    assert_eq!(failed("a 1.0.0: +b\nb 1.0.0: +a", "a"), Code::Cycle);
    let twice = Catalog::from_packages([package("a 1.0.0"), package("a 1.0.0")]);
    assert_eq!(code(twice.unwrap_err()), Code::Duplicate);
    assert_eq!(code(Package::new("a", "1.x").unwrap_err()), Code::InvalidInput);
}

#[test]
fn a_provider_that_another_choice_makes_needless_is_left_out() {
    // Guessing `d` for `a` brings `c`, which needs `v`; who gives that is an `a` itself.
    let packages =
        "a 1.1.0: @v@2.0.0\na 2.1.0: +c\nc 1.0.0: +d\nc 2.1.0: +v\nd 1.1.0: +c; @a@2.1.0";
    let found = solve(packages, "a").unwrap();
    let locked = Request { locked: found.picks.clone(), ..request("a") };
    assert_eq!(shown(&found), "a@1.1.0");
    assert_eq!(resolve(&catalog(packages), &locked).unwrap(), found);
}
