//! `fusion.lock`: which components a project has, and what they put where.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::error::{Code, Error, Result};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::manifest::Moment;
use super::name;
use super::package::Component;

/// The file in the project's folder.
pub(super) const LOCK: &str = "fusion.lock";
/// The largest one, in bytes.
pub(super) const LOCK_BYTES: u64 = 16 << 20;
/// The version of its form.
const FORM: u32 = 1;
const HEAD: &str =
    "# Made by `fusion components`: keep it in version control, and change nothing here.\n";

/// The state of a project's components.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of this form: 1.
    pub form: u32,
    /// The project's name, as templates get it.
    #[serde(default)]
    pub project: String,
    /// The project's stack, as templates and conditions get it.
    #[serde(default)]
    pub stack: Vec<String>,
    /// Folders that were made, and go when nothing is left in them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub folders: BTreeSet<String>,
    /// The components by name.
    #[serde(default, rename = "component")]
    pub components: BTreeMap<String, Locked>,
    /// Every file that a component put there, by path.
    #[serde(default, rename = "file")]
    pub files: BTreeMap<String, LockedFile>,
    /// Every file that components share, by path.
    #[serde(default, rename = "shared")]
    pub shared: BTreeMap<String, Shared>,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            form: FORM,
            project: String::new(),
            stack: Vec::new(),
            folders: BTreeSet::new(),
            components: BTreeMap::new(),
            files: BTreeMap::new(),
            shared: BTreeMap::new(),
        }
    }
}

/// A component of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Its version.
    pub version: Version,
    /// The hash of its package.
    pub hash: String,
    /// Where it came from.
    pub source: String,
    /// The range that was asked for; none when it is there because others need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What it needs, each name with the component that stands for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub needs: BTreeMap<String, String>,
    /// The folder of the specification whose `tasks.md` got its tasks; without one they stand beside its specifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The moment whose hooks have not been run, because nobody allowed it or because one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks_open: Option<Moment>,
}

/// A file that a component put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    /// Which component.
    pub of: String,
    /// The hash of what was written; boxes of tasks count as empty.
    pub hash: String,
    /// Whose it is when it is not ours.
    #[serde(default, skip_serializing_if = "is_ours")]
    pub whose: Whose,
    /// The hash of what stood there before and was replaced on demand; it is kept in `.fusion/replaced`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// A component made it: it goes with the component.
    #[default]
    Ours,
    /// It was there with the same content: it stays when the component goes.
    Same,
    /// It was there with another content, which was kept.
    Yours,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_ours(whose: &Whose) -> bool {
    *whose == Whose::Ours
}

/// A file into which components put lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Whether it was made for that.
    #[serde(default)]
    pub made: bool,
    /// Whether a line end had to be put before the first lines.
    #[serde(default)]
    pub joined: bool,
    /// The hash of each component's lines.
    pub blocks: BTreeMap<String, String>,
}

impl Lock {
    /// Tells as JSON what a component is, and which version of it is here.
    pub fn about(&self, one: &dyn Component) -> Value {
        let manifest = one.manifest();
        let here = self.components.get(&manifest.name);
        json!({
            "name": manifest.name, "version": manifest.version, "category": manifest.category,
            "description": manifest.description, "provides": manifest.provides,
            "requires": manifest.requires, "conflicts": manifest.conflicts, "source": one.source(),
            "installed": here.map(|here| here.version.to_string()),
        })
    }

    /// Reads one.
    ///
    /// # Errors
    /// `FU0202` for what is no lock; `FU0303` when a newer version wrote it; `FU0101` for paths that no component can have.
    pub fn read(text: &str) -> Result<Self> {
        let lock: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = line.matches('\n').count() + 1;
            let message = format!("{LOCK}:{line} cannot be read: {}", error.message().trim());
            Error::new(Code::Syntax, message)
                .hint("bring it back from version control; it is made by `fusion components`")
        })?;
        if lock.form > FORM {
            let message = format!("{LOCK} has form {}, and this program knows {FORM}", lock.form);
            return Err(Error::new(Code::StoreNewer, message).hint("take a newer `fusion`"));
        }
        // It may come from somebody else: nothing outside is touched because of it.
        let paths = lock.files.keys().chain(lock.shared.keys()).chain(&lock.folders);
        paths.into_iter().try_for_each(|path| name::target(path))?;
        let is_sum =
            |sum: &String| sum.len() == 64 && sum.bytes().all(|sign| sign.is_ascii_hexdigit());
        if let Some(bad) =
            lock.files.values().filter_map(|file| file.was.as_ref()).find(|sum| !is_sum(sum))
        {
            let message = format!("{LOCK} names the hash {}, which is none", name::Shown(bad));
            return Err(
                Error::new(Code::Syntax, message).hint("bring it back from version control")
            );
        }
        Ok(lock)
    }

    /// Writes it.
    ///
    /// # Errors
    /// `FU0502` never, as far as is known.
    pub fn text(&self) -> Result<String> {
        let made = toml::to_string(self).map_err(|error| {
            Error::new(Code::Internal, format!("{LOCK} cannot be made")).because(error)
        })?;
        Ok(format!("{HEAD}{made}"))
    }

    /// Gives the components that need this one.
    pub fn needed_by(&self, name: &str) -> Vec<&str> {
        let needs = |locked: &Locked| locked.needs.values().any(|other| other == name);
        let all = self.components.iter().filter(|(_, locked)| needs(locked));
        all.map(|(other, _)| other.as_str()).collect()
    }
}
