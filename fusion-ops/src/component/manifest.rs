//! `component.toml`: what a component is, needs and brings.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::error::{Code, Error, Place, Result};
use fusion_core::graph::resolve::{Provide, Range};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::name;

/// The largest `component.toml`, in bytes.
pub(super) const MANIFEST_BYTES: u64 = 256 << 10;
/// The most entries of one kind.
const ENTRIES: usize = 500;

/// What stands in a `component.toml`.
///
/// ```
/// use fusion_ops::component::Manifest;
///
/// let text = "name = \"search\"\nversion = \"1.2.0\"\ncategory = \"data\"\n[requires]\ndatabase = \"^1\"\n";
/// let manifest = Manifest::read("component.toml", text)?;
/// assert_eq!(manifest.requires["database"].text(), "^1");
/// # Ok::<(), fusion_core::error::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name: lower-case letters, digits and `-`, 64 at most.
    pub name: String,
    /// The version, all three numbers.
    pub version: Version,
    /// What it is listed under.
    #[serde(default)]
    pub category: String,
    /// What it is, in a line.
    #[serde(default)]
    pub description: String,
    /// Further names that it stands for: `name` or `name@1.2.0`.
    #[serde(default)]
    pub provides: Vec<Provide>,
    /// The components that must be there too, each with its range.
    #[serde(default)]
    pub requires: BTreeMap<String, Range>,
    /// The components that must not be there, each with its range.
    #[serde(default)]
    pub conflicts: BTreeMap<String, Range>,
    /// For which projects it is: one word of the list must be in the project's stack; an empty list fits all.
    #[serde(default)]
    pub stack: Vec<String>,
    /// Files that are copied as they are.
    #[serde(default)]
    pub files: Vec<File>,
    /// Files that are filled in with the values of the project.
    #[serde(default)]
    pub templates: Vec<File>,
    /// Lines that are put into files which several share, such as `.env.example`.
    #[serde(default)]
    pub blocks: Vec<Block>,
    /// Its specifications, each with its tasks.
    #[serde(default)]
    pub specs: Vec<Spec>,
    /// What must hold when its tasks are done.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Commands that are run when the operator allows it.
    #[serde(default)]
    pub hooks: Vec<Hook>,
}

/// A file of a package and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path in the package.
    pub from: String,
    /// Its path in the project.
    pub to: String,
    /// Only for stacks with one of these words; an empty list fits all.
    #[serde(default)]
    pub when: Vec<String>,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
}

/// Lines that are put at the end of a shared file, between two marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The path in the package of the lines; they are filled in as a template.
    pub from: String,
    /// The path in the project of the shared file; it is made if it is not there.
    pub into: String,
    /// Only for stacks with one of these words; an empty list fits all.
    #[serde(default)]
    pub when: Vec<String>,
}

/// A specification: `specs/NAME/spec.md` and `specs/NAME/tasks.md` of the package, both filled in as templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its name, formed as that of a component.
    pub name: String,
}

/// What must hold: exactly one of `exists`, `matches`, `env` and `command`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is looked at, in a line.
    pub name: String,
    /// One of these paths is there.
    #[serde(default)]
    pub exists: Vec<String>,
    /// A regular expression is found in one of the files of `within`.
    #[serde(default)]
    pub matches: Option<String>,
    /// A variable is named in one of the files of `within`, by default `.env.example`.
    #[serde(default)]
    pub env: Option<String>,
    /// Where `matches` and `env` look.
    #[serde(default, rename = "in")]
    pub within: Vec<String>,
    /// A command that exits with 0; it is run only when the operator allows it.
    #[serde(default)]
    pub command: Vec<String>,
}

/// When a hook is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// When the component has been added.
    AfterAdd,
    /// When another version of it has been put in its place.
    AfterUpgrade,
}

/// A command that is run in the project's folder, if the operator allows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// When.
    pub on: Moment,
    /// The program and its arguments; no shell is between.
    pub command: Vec<String>,
    /// What for, in a line.
    #[serde(default)]
    pub why: String,
}

impl Manifest {
    /// Reads one. `file` is the name for errors.
    ///
    /// # Errors
    /// `FU0202` for what is no TOML or has unknown or missing keys, with the place; `FU0102` and `FU0101` for names, paths and
    /// words that are refused; `FU0208` for a path or a name that comes twice.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text).map_err(|error| syntax(file, text, &error))?;
        manifest.check().map_err(|error| about(file, &error))?;
        Ok(manifest)
    }

    /// Tells whether it is of a category: by its own, by its name, or by what it provides.
    pub fn belongs(&self, category: &str) -> bool {
        self.category == category
            || self.name == category
            || self.provides.iter().any(|one| one.name == category)
    }

    fn check(&self) -> Result<()> {
        name::name("a component", &self.name)?;
        if !self.category.is_empty() {
            name::name("a category", &self.category)?;
        }
        name::words("the description", &self.description, 1000)?;
        let provided = self.provides.iter().map(|one| &one.name);
        for other in provided.chain(self.requires.keys()).chain(self.conflicts.keys()) {
            name::name("a component", other)?;
        }
        self.check_files()?;
        for check in &self.checks {
            check.check()?;
        }
        for hook in &self.hooks {
            name::words("the reason of a hook", &hook.why, 500)?;
            argv("a hook", &hook.command)?;
        }
        Ok(())
    }

    fn check_files(&self) -> Result<()> {
        let lists = [self.files.len(), self.templates.len(), self.blocks.len(), self.specs.len()];
        if lists.into_iter().any(|count| count > ENTRIES) {
            let message =
                format!("the component `{}` has more than {ENTRIES} entries of a kind", self.name);
            return Err(Error::new(Code::Limit, message).hint("make several components of it"));
        }
        // Names that differ only in case are one file on some systems.
        let mut seen = BTreeSet::new();
        let mut once = |path: &str, when: &[String]| {
            if seen.insert((path.to_lowercase(), when.to_vec())) {
                return Ok(());
            }
            let message =
                format!("the component `{}` writes {} twice", self.name, name::Shown(path));
            Err(Error::new(Code::Duplicate, message).hint("leave one of them out"))
        };
        for file in self.files.iter().chain(&self.templates) {
            name::path("the path", &file.from)?;
            name::target(&file.to)?;
            once(&file.to, &file.when)?;
        }
        for block in &self.blocks {
            name::path("the path", &block.from)?;
            name::target(&block.into)?;
            once(&block.into, &block.when)?;
            super::block::style(&block.into)?;
        }
        for spec in &self.specs {
            name::name("a specification", &spec.name)?;
            once(&self.folder_of(&spec.name), &[])?;
        }
        Ok(())
    }

    /// Where a specification of this component is put.
    pub(super) fn folder_of(&self, spec: &str) -> String {
        format!("specs/components/{}/{spec}", self.name)
    }

    /// Gives the paths of the files that belong to the package, each once.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: BTreeSet<String> = BTreeSet::new();
        paths.extend(self.files.iter().chain(&self.templates).map(|file| file.from.clone()));
        paths.extend(self.blocks.iter().map(|block| block.from.clone()));
        for spec in &self.specs {
            paths.extend(["spec", "tasks"].map(|part| format!("specs/{}/{part}.md", spec.name)));
        }
        paths.into_iter().collect()
    }

    /// Tells whether it is for a project with this stack.
    pub fn fits(&self, stack: &[String]) -> bool {
        fits(&self.stack, stack)
    }
}

/// Whether one of the wanted words is there, if any is wanted.
pub(super) fn fits(wanted: &[String], stack: &[String]) -> bool {
    wanted.is_empty()
        || wanted.iter().any(|word| stack.iter().any(|own| own.eq_ignore_ascii_case(word)))
}

impl Check {
    fn check(&self) -> Result<()> {
        name::words("the name of a check", &self.name, 200)?;
        let kinds = [
            !self.exists.is_empty(),
            self.matches.is_some(),
            self.env.is_some(),
            !self.command.is_empty(),
        ];
        if kinds.into_iter().filter(|is| *is).count() != 1 {
            let message = format!("the check {} has not exactly one kind", name::Shown(&self.name));
            let hint = "give one of `exists`, `matches`, `env` and `command`";
            return Err(Error::new(Code::InvalidInput, message).hint(hint));
        }
        if self.matches.is_some() && self.within.is_empty() {
            let message =
                format!("the check {} says nowhere where to look", name::Shown(&self.name));
            return Err(
                Error::new(Code::InvalidInput, message).hint("name the files: `in = [\"a.md\"]`")
            );
        }
        for path in self.exists.iter().chain(&self.within) {
            name::path("the path", path)?;
        }
        if let Some(pattern) = &self.matches {
            super::check::pattern(pattern)?;
        }
        if self.command.is_empty() { Ok(()) } else { argv("a check", &self.command) }
    }
}

fn argv(what: &str, command: &[String]) -> Result<()> {
    if command.first().is_none_or(String::is_empty) || command.len() > 100 {
        let message = format!("{what} has no command, or more than 100 arguments");
        return Err(Error::new(Code::InvalidInput, message)
            .hint("write it as `command = [\"npm\", \"ci\"]`"));
    }
    command.iter().try_for_each(|word| name::words("the argument", word, 4000))
}

/// Says in which file something is wrong.
pub(super) fn about(file: &str, error: &Error) -> Error {
    let message = format!("{file}: {}", error.message());
    Error::new(error.code(), message).hint(error.hint_text().unwrap_or_default())
}

fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let place = Place { file: file.into(), line: before.matches('\n').count() + 1, column };
    // The parser repeats what stands in the file.
    let said: String = error
        .message()
        .chars()
        .map(|sign| if sign.is_control() { ' ' } else { sign })
        .take(300)
        .collect();
    Error::new(Code::Syntax, format!("the component cannot be read: {said}"))
        .at(place)
        .hint("docs/components.md says what stands in a `component.toml`")
}
