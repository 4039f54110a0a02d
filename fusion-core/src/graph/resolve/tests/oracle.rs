//! The resolver against every combination there is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use semver::Version;

use crate::graph::resolve::{
    Catalog, Conflict, Package, Provide, Range, Reason, Request, Resolution, ResolveError, Who,
    resolve,
};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// Names for needs: the packages, two that are only provided, one that nothing has.
const NEEDED: [&str; 7] = ["a", "b", "c", "d", "v", "w", "none"];
const RANGES: [&str; 7] = ["*", "*", "^1", "^2", ">=1.1", "<2", "^1 || =2.1.0"];
const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "2.0.0", "2.1.0"];
const PROVIDES: [&str; 5] = ["v", "v@1.0.0", "v@2.0.0", "w@1.1.0", "a@2.1.0"];

fn pairs(most: usize) -> impl Strategy<Value = Vec<(String, Range)>> {
    let pair = (0..NEEDED.len() * 3, 0..RANGES.len()).prop_map(|(name, range)| {
        // The name that nothing has would spoil most catalogs, so it is rare.
        let name = if name == 20 { "none" } else { NEEDED[name % 6] };
        (name.to_owned(), RANGES[range].parse().unwrap())
    });
    prop::collection::vec(pair, 0..=most)
}

fn package(name: &'static str, version: &'static str) -> impl Strategy<Value = Package> {
    let provides = prop::collection::vec(0..PROVIDES.len() * 2, 0..2);
    (pairs(2), provides, pairs(1), any::<bool>()).prop_map(
        move |(requires, provides, conflicts, strict)| Package {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            requires,
            provides: provides
                .into_iter()
                .filter_map(|at| Some(PROVIDES.get(at)?.parse::<Provide>().unwrap()))
                .collect(),
            conflicts: if strict { conflicts } else { Vec::new() },
        },
    )
}

fn catalogs() -> impl Strategy<Value = Catalog> {
    let all: Vec<_> = NAMES
        .iter()
        .flat_map(|name| VERSIONS.iter().map(move |version| (*name, *version)))
        .map(|(name, version)| prop::option::weighted(0.6, package(name, version)))
        .collect();
    all.prop_map(|packages| Catalog::from_packages(packages.into_iter().flatten()).unwrap())
}

/// As which versions a package counts when somebody asks for `name`; none is "no version".
fn counts_as<'a>(package: &'a Package, name: &str) -> Vec<Option<&'a Version>> {
    let own = (package.name == name).then_some(Some(&package.version));
    let provided = package.provides.iter().filter(|provide| provide.name == name);
    own.into_iter().chain(provided.map(|provide| provide.version.as_ref())).collect()
}

fn fits(range: &Range, version: Option<&Version>) -> bool {
    version.map_or_else(|| range.is_any(), |version| range.contains(version))
}

/// Whether these packages satisfy the request, each other, and every conflict.
fn is_valid(chosen: &[&Package], request: &Request) -> bool {
    let needs = || request.requires.iter().chain(chosen.iter().flat_map(|p| &p.requires));
    let satisfied = needs().all(|(name, _)| {
        let ways = chosen.iter().flat_map(|package| counts_as(package, name));
        let mut ways = ways.collect::<Vec<_>>().into_iter();
        // One meaning of the name has to do for all who need it.
        ways.any(|way| needs().filter(|(n, _)| n == name).all(|(_, range)| fits(range, way)))
    });
    let at_peace = chosen.iter().all(|package| {
        package.conflicts.iter().all(|(name, range)| {
            let others = chosen.iter().filter(|other| other.name != package.name);
            others.flat_map(|other| counts_as(other, name)).all(|way| !fits(range, way))
        })
    });
    satisfied && at_peace
}

/// Every set of packages with at most one version of each.
fn combinations(catalog: &Catalog) -> Vec<Vec<&Package>> {
    catalog.packages().fold(vec![Vec::new()], |sets, (_, versions)| {
        let versions: Vec<&Package> = versions.collect();
        sets.iter()
            .flat_map(|set| {
                let with = versions.iter().map(|package| [set.as_slice(), &[*package]].concat());
                std::iter::once(set.clone()).chain(with).collect::<Vec<_>>()
            })
            .collect()
    })
}

fn chosen<'a>(catalog: &'a Catalog, found: &Resolution) -> Vec<&'a Package> {
    found.picks.iter().map(|(name, version)| catalog.get(name, version).unwrap()).collect()
}

/// Dependencies come first, and `via` names a chosen package that provides the name.
fn is_in_order(catalog: &Catalog, found: &Resolution) -> bool {
    let place: BTreeMap<&str, usize> =
        found.order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let packages = chosen(catalog, found);
    let before = packages.iter().all(|package| {
        package.requires.iter().all(|(name, _)| {
            let by = found.via.get(name).unwrap_or(name).as_str();
            by == package.name || place[by] < place[package.name.as_str()]
        })
    });
    let provided = found.via.iter().all(|(name, by)| {
        packages.iter().any(|p| p.name == *by && p.provides.iter().any(|q| q.name == *name))
    });
    before && provided && place.len() == found.picks.len()
}

/// The catalog and request without the needs and conflicts that the explanation leaves out.
fn only_what_is_told(conflict: &Conflict, all: &Catalog, request: &Request) -> (Catalog, Request) {
    let told = |package: Option<&Package>, excludes: bool, (name, range): &(String, Range)| {
        conflict.reasons.iter().any(|reason| {
            let (who, about, text, conflicts) = match reason {
                Reason::Needs { who, name, range } | Reason::Absent { who, name, range, .. } => {
                    (who, name, Some(range), false)
                }
                Reason::Excludes { who, name, range } => (who, name, Some(range), true),
                Reason::Unknown { who, name, .. } => (who, name, None, false),
                _ => return false,
            };
            let whose = match (who, package) {
                (Who::You, None) => true,
                (Who::Package { name, versions, .. }, Some(package)) => {
                    *name == package.name && versions.contains(&package.version)
                }
                _ => false,
            };
            whose
                && conflicts == excludes
                && about == name
                && text.is_none_or(|text| text == range.text())
        })
    };
    let packages = all.packages().flat_map(|(_, versions)| versions.collect::<Vec<_>>());
    let reduced = packages.cloned().map(|mut package| {
        let whole = package.clone();
        package.requires.retain(|need| told(Some(&whole), false, need));
        package.conflicts.retain(|conflict| told(Some(&whole), true, conflict));
        package
    });
    let mut asked = request.clone();
    asked.requires.retain(|need| told(None, false, need));
    (Catalog::from_packages(reduced).unwrap(), asked)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_solution_is_found_when_there_is_one(catalog in catalogs(), requires in pairs(3)) {
        let request = Request { requires, locked: BTreeMap::new() };
        let possible = combinations(&catalog).iter().any(|set| is_valid(set, &request));
        match resolve(&catalog, &request) {
            Ok(found) => {
                prop_assert!(is_valid(&chosen(&catalog, &found), &request));
                prop_assert!(is_in_order(&catalog, &found));
            }
            // The solver found a set that fits, but it has no order.
            Err(ResolveError::Cycle { path }) => {
                prop_assert!(possible);
                prop_assert_eq!(path.first(), path.last());
            }
            Err(ResolveError::Unsolvable(conflict)) => {
                prop_assert!(!possible, "{}", conflict);
                let (told, asked) = only_what_is_told(&conflict, &catalog, &request);
                prop_assert!(resolve(&told, &asked).is_err(), "not the whole story: {}", conflict);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn a_lock_of_a_solution_gives_it_again(
        catalog in catalogs(), first in pairs(2), second in pairs(1),
    ) {
        let locked = match resolve(&catalog, &Request { requires: first.clone(), locked: BTreeMap::new() }) {
            Ok(found) => found.picks,
            Err(_) => return Ok(()),
        };
        let again = resolve(&catalog, &Request { requires: first.clone(), locked: locked.clone() });
        prop_assert_eq!(&again.unwrap().picks, &locked);
        let requires = first.into_iter().chain(second).collect();
        if let Ok(found) = resolve(&catalog, &Request { requires, locked }) {
            prop_assert!(is_in_order(&catalog, &found));
        }
    }
}
