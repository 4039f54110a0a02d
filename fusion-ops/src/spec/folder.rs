//! The files of a specification, read within bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Place, Result};

use super::model::Requirement;
use crate::component::without_blocks;

/// The most bytes of one file.
const FILE_BYTES: u64 = 8 * 1024 * 1024;
/// The most files of a folder of contracts or checklists.
const FILES: usize = 200;
/// The files of a specification, those that say most about it first.
const KNOWN: [&str; 9] = [
    "spec.md",
    "spec.yaml",
    "spec.yml",
    "plan.md",
    "tasks.md",
    "research.md",
    "data-model.md",
    "quickstart.md",
    "requirements.md",
];

/// A file of a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name within the folder: `spec.md`, `contracts/api.yaml`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// A folder with a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Its files; those that are not there are left out.
    pub documents: Vec<Document>,
}

impl Folder {
    /// Opens the folder of a specification, or of a project that has exactly one (`specs/NAME`, `.specify/specs/NAME`).
    ///
    /// Reads `spec.md`, `spec.yaml`, `plan.md`, `tasks.md`, `research.md`, `data-model.md`, `quickstart.md`,
    /// `requirements.md`, and what is in `contracts`; 8 MiB of each file and 200 files at most.
    ///
    /// # Errors
    /// `FU0201` for what is not there, cannot be read or is not UTF-8 (with the line), `FU0106` for what is too large,
    /// `FU0101` where there are several specifications.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_file() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let document = read(path, name.unwrap_or_default())?;
            let path = path.parent().unwrap_or(path).to_owned();
            return Ok(Self { path, documents: vec![document] });
        }
        if !path.is_dir() {
            let message = format!("there is no folder {}", path.display());
            let hint = "give the folder of a specification, such as `specs/001-login`";
            return Err(Error::new(Code::FileUnreadable, message).hint(hint));
        }
        let path = find(path)?;
        let mut documents = Vec::new();
        for name in KNOWN {
            let file = path.join(name);
            if file.is_file() {
                documents.push(read(&file, name.to_owned())?);
            }
        }
        for name in contracts(&path) {
            documents.push(read(&path.join(&name), name)?);
        }
        if documents.is_empty() {
            let message =
                format!("{} has no spec.md, spec.yaml, plan.md or tasks.md", path.display());
            let hint = "`fusion spec new NAME` makes a specification to begin with";
            return Err(Error::new(Code::FileUnreadable, message).hint(hint));
        }
        Ok(Self { path, documents })
    }

    /// Makes one of texts, by the names of their files.
    pub fn of(path: impl Into<PathBuf>, texts: &[(&str, &str)]) -> Self {
        let document = |(name, text): &(&str, &str)| Document {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        };
        Self { path: path.into(), documents: texts.iter().map(document).collect() }
    }

    /// Gives the text of a file, when it is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        let document = self.documents.iter().find(|one| one.name == name);
        document.map(|one| one.text.as_str())
    }

    /// Gives the specification without what components put into its files: what people wrote, at the lines where they wrote it.
    #[must_use]
    pub fn without_components(&self) -> Self {
        let mut own = self.clone();
        for document in &mut own.documents {
            document.text = without_blocks(&document.text);
        }
        own
    }

    /// Gives the text of `tasks.md`.
    ///
    /// # Errors
    /// `FU0201` when there is none.
    pub fn tasks(&self) -> Result<&str> {
        self.text("tasks.md").ok_or_else(|| {
            let message = format!("{} has no tasks.md", self.path.display());
            Error::new(Code::FileUnreadable, message)
                .hint("write the tasks down: `- [ ] T001 Do this in src/that.py`")
        })
    }
}

/// Gives what stands where a project has its specifications, in order; not all of it need be one.
pub fn folders(project: &Path) -> Vec<PathBuf> {
    let below =
        |place: &str| std::fs::read_dir(project.join(place)).into_iter().flatten().flatten();
    let entries = ["specs", ".specify/specs"].into_iter().flat_map(below);
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// The folder itself when a specification stands in it, or the only one below `specs`.
fn find(path: &Path) -> Result<PathBuf> {
    if KNOWN.iter().any(|name| path.join(name).is_file()) {
        return Ok(path.to_owned());
    }
    let mut found = folders(path);
    found.retain(|one| KNOWN.iter().any(|name| one.join(name).is_file()));
    match found.as_slice() {
        [] => Ok(path.to_owned()),
        [one] => Ok(one.clone()),
        several => {
            let names: Vec<String> = several.iter().map(|one| one.display().to_string()).collect();
            let message = format!("{} holds {} specifications", path.display(), several.len());
            Err(Error::new(Code::InvalidInput, message)
                .hint(format!("name one: {}", names.join(", "))))
        }
    }
}

/// Gives the names and the `tasks.md` of the components that are installed beside a specification, in
/// `specs/components/NAME/SPEC`; none where it stands in no folder of specifications. What cannot be read is left out.
pub fn components(spec: &Path) -> Vec<(String, String)> {
    of_components(spec, "tasks.md")
}

/// A requirement that a component brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfComponent {
    /// The component and its specification: `payments checkout`.
    pub component: String,
    /// What is required.
    pub requirement: Requirement,
}

/// Gives the requirements of those components; of an id that is given twice, the first one.
pub fn component_requirements(spec: &Path) -> Vec<OfComponent> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (component, text) in of_components(spec, "spec.md") {
        for requirement in super::read::read(&text).requirements {
            if seen.insert(requirement.id.clone()) {
                all.push(OfComponent { component: component.clone(), requirement });
            }
        }
    }
    all
}

/// Gives the texts of the requirements of those components, by id; of an id that is given twice, the first one.
pub fn component_texts(spec: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (_, text) in of_components(spec, "spec.md") {
        for (id, text) in super::read::read(&text).texts() {
            texts.entry(id).or_insert(text);
        }
    }
    texts
}

/// Gives a file of each specification of a component, with what it is called.
fn of_components(spec: &Path, file: &str) -> Vec<(String, String)> {
    let whole = spec.canonicalize().unwrap_or_else(|_| spec.to_owned());
    let Some(specs) = whole.parent().filter(|parent| parent.ends_with("specs")) else {
        return Vec::new();
    };
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for component in below(&specs.join("components")) {
        for part in below(&component) {
            let name = |path: &Path| {
                path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
            };
            files.push((format!("{} {}", name(&component), name(&part)), part.join(file)));
        }
    }
    files.truncate(FILES);
    let text = |(name, path): (String, PathBuf)| {
        let document = read(&path, name.clone()).ok()?;
        Some((name, document.text))
    };
    files.into_iter().filter_map(text).collect()
}

/// The folders in a folder, by name.
fn below(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn contracts(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path.join("contracts")).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().is_file()).map(|entry| entry.file_name());
    let mut names: Vec<String> = names
        .map(|name| format!("contracts/{}", name.to_string_lossy()))
        .filter(|name| {
            [".md", ".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
        })
        .collect();
    names.sort();
    names.truncate(FILES);
    names
}

fn read(path: &Path, name: String) -> Result<Document> {
    let unreadable = |why: std::io::Error| {
        Error::new(Code::FileUnreadable, format!("{} cannot be read", path.display())).because(why)
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES {
        let message = format!("{} is larger than {} MiB", path.display(), FILE_BYTES / 1024 / 1024);
        return Err(Error::new(Code::Limit, message).hint("split it into several specifications"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.split(|byte| *byte == b'\n').count();
        let shown = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
        let place = Place {
            file: path.display().to_string().into(),
            line,
            column: shown.chars().count() + 1,
        };
        Error::new(Code::FileUnreadable, "the file is not UTF-8 text")
            .at(place)
            .hint("save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(Document { name, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::TempDir::new().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_is_found_and_read() {
        let project =
            folder(&[("specs/001-a/spec.md", b"# A"), ("specs/001-a/contracts/x.yaml", b"a: 1")]);
        let found = Folder::open(project.path()).unwrap();
        let names: Vec<&str> = found.documents.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["spec.md", "contracts/x.yaml"]);
        assert_eq!(found.text("spec.md"), Some("# A"));
        assert!(found.tasks().unwrap_err().message().contains("has no tasks.md"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |path: &Path| Folder::open(path).unwrap_err();
        let two = folder(&[("specs/a/spec.md", b"a"), ("specs/b/spec.md", b"b")]);
        assert!(said(two.path()).message().contains("2 specifications"));
        let bad = folder(&[("spec.md", b"# A\nab\xff")]);
        let error = said(bad.path());
        let place = error.place().unwrap();
        assert_eq!((place.line, place.column), (2, 3));
        assert_eq!(said(&bad.path().join("nowhere")).code(), Code::FileUnreadable);
        assert!(said(folder(&[]).path()).message().contains("has no spec.md"));
        let huge = vec![b'a'; 8 * 1024 * 1024 + 1];
        assert_eq!(said(folder(&[("spec.md", &huge)]).path()).code(), Code::Limit);
    }
}
