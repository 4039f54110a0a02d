//! What is built in: every id of the taxonomy, each text read by the readers that people's texts are read by.

use std::collections::BTreeSet;
use std::path::Path;

use tempfile::TempDir;

use super::super::*;
use super::{add, go, remove, tree};
use crate::analyze::{Analyzer, COMPONENTS};
use crate::spec::Folder;
use crate::tasks::plan;
use crate::words::requirements;

fn values() -> Values {
    Values::new("shop", &["python".to_owned(), "postgresql".to_owned()]).unwrap()
}

#[test]
fn there_is_one_for_each_id() {
    let registry = Registry::built_in();
    let names: Vec<&str> = registry.versions().map(|(name, _)| name).collect();
    let ids: BTreeSet<&str> = COMPONENTS.into_iter().collect();
    assert_eq!(names, ids.into_iter().collect::<Vec<_>>());
    let specs = |name: &str| -> Vec<String> {
        let manifest = registry.newest(name).unwrap().manifest();
        manifest.specs.iter().map(|spec| spec.name.clone()).collect()
    };
    assert_eq!(specs("testing"), ["unit-testing", "e2e-testing", "agent-testing"]);
    assert_eq!(specs("auth"), ["jwt-auth", "oauth", "mfa"]);
    assert_eq!(specs("payments"), ["stripe", "paypal", "crypto"]);
    for (provided, name) in
        [("authentication", "auth"), ("websockets", "realtime"), ("multiagent-testing", "testing")]
    {
        assert_eq!(registry.find(provided).unwrap().manifest().name, name);
    }
}

#[test]
fn every_file_of_the_folder_is_in_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let registry = Registry::built_in();
    let mut count = 0;
    for (path, (bytes, _)) in tree(&folder) {
        let (Some((name, inner)), Some(bytes)) = (path.split_once('/'), bytes) else { continue };
        let component = registry.newest(name).unwrap();
        if inner == "component.toml" {
            assert_eq!(
                Manifest::read(&path, std::str::from_utf8(&bytes).unwrap()).unwrap(),
                *component.manifest()
            );
        } else {
            assert_eq!(component.file(inner).unwrap(), bytes, "{path}");
            assert!(component.manifest().paths().contains(&inner.to_owned()), "{path} is not used");
        }
        count += 1;
    }
    assert!(count > 90, "{count}");
}

#[test]
fn every_text_is_read_without_problems_and_says_something_of_its_own() {
    let registry = Registry::built_in();
    let (mut sentences, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (name, mut versions) in registry.versions() {
        let component = versions.next_back().unwrap();
        let manifest = component.manifest();
        assert!(
            !manifest.specs.is_empty()
                && !manifest.checks.is_empty()
                && !manifest.category.is_empty(),
            "{name}"
        );
        for spec in &manifest.specs {
            let file = |part: &str| {
                let path = format!("specs/{}/{part}.md", spec.name);
                template::fill(manifest, &path, &component.file(&path).unwrap(), &values()).unwrap()
            };
            let (text, tasks) = (file("spec"), file("tasks"));
            let own: Vec<String> = requirements(&text);
            let functional = own.iter().filter(|id| id.starts_with("FR-")).count();
            assert!(functional >= 5 && own.len() > functional, "{name}/{}: {own:?}", spec.name);
            assert!(text.matches("**Given**").count() >= 2, "{name}/{}", spec.name);
            for line in text.lines().filter(|line| line.starts_with("- **FR-")) {
                let (_, sentence) = line.split_once("**: ").unwrap();
                assert!(sentence.contains("MUST"), "{name}: {line}");
                assert!(sentences.insert(sentence.to_owned()), "{name} repeats {line}");
            }
            let planned = plan(&tasks);
            assert_eq!(planned.problems, [], "{name}/{}", spec.name);
            assert!(planned.tasks.len() >= 5 && planned.phases.len() >= 2, "{name}/{}", spec.name);
            let mut covered = BTreeSet::new();
            for task in &planned.tasks {
                assert!(ids.insert(task.id.clone()), "{name}/{} repeats {}", spec.name, task.id);
                assert!(!task.requirements.is_empty(), "{name}: {}", task.title);
                for id in &task.requirements {
                    assert!(own.contains(id), "{name}: {} is for {id}, which is none", task.id);
                    covered.insert(id.clone());
                }
            }
            assert_eq!(
                covered.len(),
                functional,
                "{name}/{}: each requirement has a task",
                spec.name
            );
        }
    }
}

#[test]
fn all_of_it_comes_and_goes_and_each_comes_alone() {
    let registry = Registry::built_in();
    let folder = TempDir::new().unwrap();
    go(folder.path(), &registry, &add(&COMPONENTS), &Options::default());
    let project = Project::open(folder.path()).unwrap();
    let verified = project.verify(&registry).unwrap();
    assert!(verified.is_fine(), "{:?}", verified.problems);
    assert!(verified.checks.iter().any(|one| one.state == CheckState::Passed));
    drop(project);
    for id in COMPONENTS {
        let alone = TempDir::new().unwrap();
        go(alone.path(), &registry, &add(&[id]), &Options::default());
        let found = Folder::open(
            &alone
                .path()
                .join("specs/components")
                .join(id)
                .join(&registry.newest(id).unwrap().manifest().specs[0].name),
        );
        let found = found.unwrap();
        assert!(found.tasks().is_ok());
        // Its own specification needs it.
        let analysis = Analyzer::new().analyze(&found);
        let all = analysis.components.iter().chain(&analysis.possible);
        if !all.into_iter().any(|one| one.id == id) {
            eprintln!("the specification of {id} does not look as if it needed it");
        }
    }
    go(folder.path(), &registry, &remove(&COMPONENTS), &Options::default());
    assert!(tree(folder.path()).is_empty());
}
