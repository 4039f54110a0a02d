//! `fusion.toml`: what a project is called, its mode, and what it wants otherwise than the modes say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fusion_core::error::{Code, Error, Place, Result};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::level::Level;
use super::table::{Deployment, Mode, Set};

/// The file, in the project's folder.
pub const FILE: &str = "fusion.toml";
/// The version of its form.
const FORM: u32 = 1;
/// The first lines of a new one.
const HEAD: &str = "# This project's mode: `fusion init --mode M` moves up. docs/modes.md of Fusion says what else may stand here.\n";

/// What a project wants of a mode otherwise; what is left out is as the mode says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// The components.
    pub components: Option<Vec<String>>,
    /// The agents.
    pub agents: Option<Vec<String>>,
    /// How much is checked.
    pub qa: Option<Level>,
    /// Where it is meant to run.
    pub deployment: Option<Deployment>,
}

/// A `fusion.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFile {
    /// The project's name, where it is not that of its folder.
    pub name: Option<String>,
    /// The mode; none until somebody chooses one.
    pub mode: Option<Mode>,
    /// The folder of the specification that the project began with, within the project.
    pub spec: Option<String>,
    /// What the project wants otherwise, by mode.
    pub modes: BTreeMap<Mode, Own>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(default = "form")]
    form: u32,
    name: Option<String>,
    mode: Option<Spanned<Mode>>,
    spec: Option<String>,
    #[serde(default)]
    modes: BTreeMap<Mode, Own>,
}

fn form() -> u32 {
    FORM
}

/// What a new file says.
#[derive(Serialize)]
struct New<'a> {
    form: u32,
    mode: Mode,
    spec: &'a str,
}

impl ProjectFile {
    /// Reads the text of one; `file` is its name in errors.
    ///
    /// # Errors
    /// `FU0202` with the line for what is no TOML or not known here; `FU0303` when a newer version wrote it.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let Read { name, mode, spec, modes, .. } = read(text, file)?;
        Ok(Self { name, mode: mode.map(Spanned::into_inner), spec, modes })
    }

    /// Gives what the project wants in a mode: the mode's set, but for what the file says.
    pub fn set(&self, mode: Mode) -> Set {
        let mut set = mode.set();
        let Some(own) = self.modes.get(&mode) else { return set };
        if let Some(components) = &own.components {
            set.components.clone_from(components);
        }
        if let Some(agents) = &own.agents {
            set.agents.clone_from(agents);
        }
        set.qa = own.qa.unwrap_or(set.qa);
        set.deployment = own.deployment.unwrap_or(set.deployment);
        set
    }

    /// Writes a file that is not there yet. The same project gets the same bytes in the same mode.
    ///
    /// # Errors
    /// `FU0502` never, as far as is known.
    pub fn text(mode: Mode, spec: &str) -> Result<String> {
        let text = toml::to_string(&New { form: FORM, mode, spec }).map_err(|error| {
            Error::new(Code::Internal, format!("{FILE} cannot be made")).because(error)
        })?;
        Ok(format!("{HEAD}{text}"))
    }

    /// Gives a text with another mode, and nothing else changed; `spec` is written down where none is.
    ///
    /// # Errors
    /// As [`ProjectFile::parse`].
    pub fn moved(text: &str, file: &str, mode: Mode, spec: &str) -> Result<String> {
        let read = read(text, file)?;
        let mut after = text.to_owned();
        let mut first = String::new();
        match &read.mode {
            Some(old) if *old.get_ref() == mode => {}
            Some(old) => after.replace_range(old.span(), &format!("\"{}\"", mode.word())),
            // Writing to a string cannot fail.
            None => writeln!(first, "mode = \"{}\"", mode.word()).unwrap_or_default(),
        }
        if read.spec.is_none() {
            let spec = toml::Value::from(spec);
            writeln!(first, "spec = {spec}").unwrap_or_default();
        }
        // What stands before every table belongs to none.
        Ok(format!("{first}{after}"))
    }
}

fn read(text: &str, file: &str) -> Result<Read> {
    let read: Read = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::new(Code::Syntax, error.message().trim().replace('\n', ", "))
            .at(Place { file: file.into(), line, column })
            .hint("docs/modes.md says what may stand in it")
    })?;
    if read.form > FORM {
        let message = format!("{file} has form {}, and this program knows {FORM}", read.form);
        return Err(Error::new(Code::StoreNewer, message).hint("take a newer `fusion`"));
    }
    Ok(read)
}
