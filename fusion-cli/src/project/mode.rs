//! The mode of a project, for the commands that follow it.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_ops::check::Settings;
use fusion_ops::mode::{FILE, Mode, ProjectFile, Set};
use serde_json::{Value, json};

use super::cards::cards_in;

/// The largest file, in bytes.
const MOST: u64 = 1024 * 1024;

/// A project that has a mode.
#[derive(Debug, Clone)]
pub(crate) struct Moded {
    /// Its folder.
    pub root: PathBuf,
    /// Its mode.
    pub mode: Mode,
    /// What it turns on.
    pub set: Set,
}

/// Finds the project around a folder, when it has a mode: the nearest `fusion.toml` above counts.
///
/// # Errors
/// Those of the file, and `FU0201` when it cannot be read.
pub(crate) fn mode_of(folder: &Path) -> Result<Option<Moded>> {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let Some(root) = whole.ancestors().find(|one| one.join(FILE).is_file()) else {
        return Ok(None);
    };
    let path = root.join(FILE);
    let shown = path.display().to_string();
    let unreadable = || Error::new(Code::FileUnreadable, format!("{shown} cannot be read"));
    if path.metadata().map_err(|why| unreadable().because(why))?.len() > MOST {
        let message = format!("{shown} has more than {MOST} bytes");
        return Err(Error::new(Code::FileUnreadable, message));
    }
    let text = std::fs::read_to_string(&path).map_err(|why| unreadable().because(why))?;
    let file = ProjectFile::parse(&text, &shown)?;
    let set = |mode| Moded { root: root.to_owned(), mode, set: file.set(mode) };
    Ok(file.mode.map(set))
}

impl Moded {
    /// Gives what counts in a build where its `build.yaml` says nothing.
    pub(crate) fn settings(moded: Option<&Self>) -> Settings {
        match moded {
            None => Settings::default(),
            Some(moded) => Settings { gates: moded.set.qa.gates(), ..Settings::default() },
        }
    }

    /// Gives the agents by their bare names, in the order in which they are asked.
    ///
    /// # Errors
    /// Those of the cards.
    pub(crate) fn agents(&self) -> Result<Vec<String>> {
        let cards = cards_in(Some(&self.root))?;
        let known: Vec<&str> = cards.iter().map(|card| card.name.as_str()).collect();
        let bare = |name: &str| name.trim_start_matches('@').to_owned();
        Ok(self.set.agents(&known).into_iter().map(bare).collect())
    }

    /// Gives it for programs: the mode, how much is checked, and by which checks.
    pub(crate) fn json(&self) -> Value {
        let checks: Vec<&str> = self.set.qa.demands().map(|one| one.name).collect();
        json!({"mode": self.mode, "qa": self.set.qa, "checks": checks})
    }

    /// Gives it in a line for people.
    pub(crate) fn line(&self) -> String {
        let checks: Vec<&str> = self.set.qa.demands().map(|one| one.name).collect();
        format!("mode {}, {}: {}", self.mode.word(), self.set.qa.word(), checks.join(", "))
    }
}
