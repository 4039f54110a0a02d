//! Whether what components brought is still there, and whether their checks hold.

use fusion_core::error::Result;
use serde::Serialize;

use super::block;
use super::check::{CheckState, Checked, look};
use super::lock::{LOCK_BYTES, Whose};
use super::want::sum_of;
use super::{Project, Registry, tree};

/// What is found of a project's components.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many files and shared files were looked at.
    pub files: usize,
    /// What is not as it was put there.
    pub problems: Vec<Problem>,
    /// The checks of the components; commands among them are skipped.
    pub checks: Vec<Checked>,
}

/// Something that is not as it was put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The path within the project; for a component that is not known any more, `fusion.lock`.
    pub path: String,
    /// Whose it is.
    pub component: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file, or its lines in a shared file, are not there.
    Missing,
    /// They were changed.
    Changed,
    /// Something stands there that is no plain file.
    NoFile,
    /// No registry has this version of the component any more.
    Unknown,
    /// A registry has another package by this name and version.
    OtherPackage,
}

impl Verified {
    /// Tells whether everything is as it was put there. Checks have no say in this.
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Project {
    /// Looks at all that components put there, and at their checks. Changes nothing.
    ///
    /// # Errors
    /// For a lock file that cannot be understood.
    pub fn verify(&self, registry: &Registry) -> Result<Verified> {
        let lock = self.lock()?;
        let mut found =
            Verified { files: lock.files.len() + lock.shared.len(), ..Verified::default() };
        for (path, file) in lock.files.iter().filter(|(_, file)| file.whose != Whose::Yours) {
            let kind = match tree::read(self.dir(), path, LOCK_BYTES) {
                Ok(None) => ProblemKind::Missing,
                Ok(Some(bytes)) if sum_of(path, &bytes) == file.hash => continue,
                Ok(Some(_)) => ProblemKind::Changed,
                Err(_) => ProblemKind::NoFile,
            };
            found.problems.push(Problem { path: path.clone(), component: file.of.clone(), kind });
        }
        for (path, shared) in &lock.shared {
            let read = tree::read(self.dir(), path, LOCK_BYTES);
            let is_file = read.is_ok();
            let text =
                String::from_utf8(read.ok().flatten().unwrap_or_default()).unwrap_or_default();
            let style = block::style(path)?;
            for (owner, hash) in &shared.blocks {
                let kind = match block::get(&text, style, owner) {
                    _ if !is_file => ProblemKind::NoFile,
                    None => ProblemKind::Missing,
                    Some(lines) if sum_of(path, lines.as_bytes()) == *hash => continue,
                    Some(_) => ProblemKind::Changed,
                };
                found.problems.push(Problem { path: path.clone(), component: owner.clone(), kind });
            }
        }
        for (name, locked) in &lock.components {
            let component = registry.get(name, &locked.version);
            let kind = match component {
                None => ProblemKind::Unknown,
                Some(one) if super::hash(one.as_ref()).is_ok_and(|hash| hash == locked.hash) => {
                    found.checks.extend(self.checks(name, one.manifest()));
                    continue;
                }
                Some(_) => ProblemKind::OtherPackage,
            };
            found.problems.push(Problem {
                path: "fusion.lock".to_owned(),
                component: name.clone(),
                kind,
            });
        }
        Ok(found)
    }

    fn checks(&self, name: &str, manifest: &super::Manifest) -> Vec<Checked> {
        let one = |check: &super::Check| {
            let (state, why) = look(self.dir(), check).unwrap_or_else(|| {
                (
                    CheckState::Skipped,
                    format!("it runs `{}`, which nobody allowed", check.command.join(" ")),
                )
            });
            Checked { component: name.to_owned(), name: check.name.clone(), state, why }
        };
        manifest.checks.iter().map(one).collect()
    }
}
