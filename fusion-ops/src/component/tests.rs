//! Components from end to end: registries in folders, hostile packages, the catalogue, many at once.

mod catalogue;
mod hostile;
mod many;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::resolve::Range;

use super::*;

/// A component of texts.
#[derive(Debug)]
struct Texts(Manifest, BTreeMap<String, Vec<u8>>);

impl Component for Texts {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn file(&self, path: &str) -> Result<Cow<'_, [u8]>> {
        let found = self.1.get(path).map(|bytes| Cow::Borrowed(bytes.as_slice()));
        found.ok_or_else(|| Error::new(Code::FileUnreadable, format!("there is no {path}")))
    }

    fn source(&self) -> String {
        "test".to_owned()
    }
}

/// A component with the rest of its manifest and its files.
pub(super) fn texts(
    name: &str,
    version: &str,
    rest: &str,
    files: &[(&str, &str)],
) -> Arc<dyn Component> {
    let text = format!("name = \"{name}\"\nversion = \"{version}\"\n{rest}");
    let manifest = Manifest::read(name, &text).unwrap();
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    Arc::new(Texts(manifest, files.collect()))
}

pub(super) fn add(names: &[&str]) -> Goal {
    Goal::Add(names.iter().map(|name| ((*name).to_owned(), Range::any())).collect())
}

pub(super) fn remove(names: &[&str]) -> Goal {
    Goal::Remove(names.iter().map(|name| (*name).to_owned()).collect())
}

/// Every file and folder below one, with contents and modes.
pub(super) fn tree(path: &Path) -> BTreeMap<String, (Option<Vec<u8>>, u32)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut all = BTreeMap::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap().path();
            let mode = entry.symlink_metadata().unwrap().permissions().mode();
            let name = entry.strip_prefix(path).unwrap().to_str().unwrap().to_owned();
            if entry.is_dir() {
                all.insert(name, (None, mode));
                open.push(entry);
            } else {
                all.insert(name, (Some(std::fs::read(&entry).unwrap()), mode));
            }
        }
    }
    all
}

/// Plans and applies.
pub(super) fn go(folder: &Path, registry: &Registry, goal: &Goal, options: &Options) -> Plan {
    let project = Project::open(folder).unwrap();
    let plan = project.plan(registry, goal, options).unwrap();
    project.apply(&plan).unwrap();
    plan
}
