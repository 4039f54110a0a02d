//! Many components: order, circles, conflicts in words, and how long it takes.

use std::collections::BTreeMap;
use std::time::Instant;

use fusion_core::error::Code;
use tempfile::TempDir;

use super::super::*;
use super::{add, go, texts, tree};

#[test]
fn twenty_with_diamonds_come_after_what_they_need() {
    let mut registry = Registry::new();
    for at in 0..20 {
        // Each needs two or three before it: diamonds all over.
        let needs: Vec<String> = [1, 2, 5]
            .iter()
            .filter(|back| at >= **back)
            .map(|back| format!("c{:02} = \"^1\"", at - back))
            .collect();
        let rest = format!(
            "[requires]\n{}\n[[files]]\nfrom = \"a\"\nto = \"out/c{at:02}\"\n",
            needs.join("\n")
        );
        let rest = rest.replace("[requires]\n\n", "");
        registry.add(texts(&format!("c{at:02}"), "1.0.0", &rest, &[("a", "x")]));
    }
    let folder = TempDir::new().unwrap();
    let plan = go(folder.path(), &registry, &add(&["c19"]), &Options::default());
    let order: Vec<&str> = plan.components.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(order.len(), 20);
    let lock = Project::open(folder.path()).unwrap().lock().unwrap();
    for (at, name) in order.iter().enumerate() {
        for need in lock.components[*name].needs.values() {
            assert!(order[..at].contains(&need.as_str()), "{name} comes before {need}");
        }
    }
    let error = Project::open(folder.path()).unwrap();
    let error = error.plan(&registry, &super::remove(&["c03"]), &Options::default()).unwrap_err();
    assert_eq!(error.code(), Code::NotApplicable);
    assert!(error.message().contains("is needed by c04, c05, c08"), "{error}");
}

#[test]
fn a_circle_is_printed_as_a_path_and_nothing_is_installed() {
    let mut registry = Registry::new();
    for (name, need) in [("one", "two"), ("two", "three"), ("three", "one")] {
        registry.add(texts(name, "1.0.0", &format!("[requires]\n{need} = \"*\"\n"), &[]));
    }
    let folder = TempDir::new().unwrap();
    let project = Project::open(folder.path()).unwrap();
    let error = project.plan(&registry, &add(&["two"]), &Options::default()).unwrap_err();
    assert_eq!(error.code(), Code::Cycle);
    assert!(error.message().contains("`one` → `two` → `three` → `one`"), "{error}");
    assert!(tree(folder.path()).is_empty());
}

#[test]
fn conflicts_are_explained_and_stacks_are_respected() {
    let mut registry = Registry::new();
    registry.add(texts("web", "2.0.0", "[requires]\ndb = \"^2\"\n", &[]));
    registry.add(texts("old", "1.0.0", "[requires]\ndb = \"^1\"\n", &[]));
    registry.add(texts("db", "1.5.0", "", &[]));
    registry.add(texts("db", "2.5.0", "", &[]));
    registry.add(texts("wsgi", "1.0.0", "stack = [\"python\"]\n", &[]));
    let folder = TempDir::new().unwrap();
    let project = Project::open(folder.path()).unwrap();
    let plan = |names: &[&str], stack: &[&str]| {
        let stack = stack.iter().map(|word| (*word).to_owned()).collect();
        project.plan(&registry, &add(names), &Options { stack, ..Options::default() })
    };
    let error = plan(&["web", "old"], &[]).unwrap_err();
    assert_eq!(error.code(), Code::Unsolvable);
    assert!(error.message().contains("`old` 1.0.0 needs `db` ^1"), "{error}");
    let error = plan(&["wsgi"], &["go"]).unwrap_err();
    assert!(error.message().contains("is for python, and this project has go"), "{error}");
    assert_eq!(plan(&["wsgi"], &["Python"]).unwrap().components.len(), 1);
    let error = plan(&["wbe"], &[]).unwrap_err();
    assert!(error.hint_text().unwrap().contains("did you mean `web`?"), "{error:?}");
    assert_eq!(plan(&["web"], &[]).unwrap().components[0].to.as_ref().unwrap().major, 2);
}

/// 500 components of 20 versions each, every one needing up to three others of matching versions. The bound counts for optimised
/// builds: `cargo test --release -p fusion-ops --lib -- --nocapture ten_thousand`.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures")]
fn ten_thousand_versions_are_resolved_quickly() {
    let mut registry = Registry::new();
    for at in 0_usize..500 {
        for version in 0_usize..20 {
            let mut needs = BTreeMap::new();
            for step in [1, 7, 31] {
                let below = at.checked_sub(step);
                if let Some(below) = below {
                    needs.insert(format!("c{below}"), format!(">=1.{}, <3", version / 2));
                }
            }
            let needs: Vec<String> =
                needs.iter().map(|(name, range)| format!("{name} = \"{range}\"")).collect();
            let version = format!("{}.{}.0", 1 + version / 10, version % 10);
            registry.add(texts(
                &format!("c{at}"),
                &version,
                &format!("[requires]\n{}\n", needs.join("\n")),
                &[],
            ));
        }
    }
    let mut wish = Wish::default();
    for at in (0..500).step_by(3) {
        wish.asked.insert(format!("c{at}"), "*".parse().unwrap());
    }
    let start = Instant::now();
    let found = resolve(&registry, &wish).unwrap();
    let took = start.elapsed();
    println!("{} of 500 components chosen from 10000 versions in {took:?}", found.picks.len());
    assert!(found.picks.len() > 400, "{}", found.picks.len());
    if !cfg!(debug_assertions) {
        assert!(took.as_millis() < 200, "{took:?}");
    }
}
