//! Which specification a project begins with, and how it comes there.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_ops::component::Project;
use fusion_ops::mode::ProjectFile;
use fusion_ops::spec::{self, Folder};

/// The files one of which a specification has.
const PAGES: [&str; 5] = ["spec.md", "spec.yaml", "spec.yml", "plan.md", "tasks.md"];
/// The page that is written last: with it, all the others are there.
const LAST: &str = "spec.md";
/// What is written into its folder beside its own pages.
const OWN: [&str; 3] = ["tasks.md", "workflow.yaml", SETTINGS];
/// What belongs to a specification beside the files that are read of it.
const SETTINGS: &str = "build.yaml";

/// A specification, and where it is to be.
pub(super) struct Source {
    /// The folder within the project, with `/` between its parts.
    pub inner: String,
    how: How,
}

enum How {
    /// It is there.
    There,
    /// It stands outside of the project: these files are copied.
    Outside(PathBuf, Vec<String>),
    /// Pages to begin with.
    Begun,
}

impl Source {
    /// Finds it. `name` is what the project is called.
    ///
    /// # Errors
    /// Those of [`Folder::open`]; `FU0101` for one that is the project's own folder.
    pub(super) fn find(
        root: &Path,
        file: &ProjectFile,
        from: Option<&Path>,
        name: &str,
    ) -> Result<Self> {
        if let Some(from) = from {
            let from = if from.is_file() { from.parent().unwrap_or(from) } else { from };
            return Self::named(root, Folder::open(from)?);
        }
        if let Some(inner) = &file.spec {
            let folder = root.join(inner);
            let there = has_pages(&folder) && !is_cut_off(&folder, name);
            let how = if there { How::There } else { How::Begun };
            return Ok(Self { inner: inner.clone(), how });
        }
        let folders = spec::folders(root);
        if has_pages(root) || folders.iter().any(|path| has_pages(path)) {
            let folder = Folder::open(root).map_err(|error| {
                if error.code() == Code::InvalidInput {
                    let names: Vec<String> =
                        folders.iter().map(|one| one.display().to_string()).collect();
                    return error
                        .hint(format!("name one with `--from-spec`: {}", names.join(", ")));
                }
                error
            })?;
            return Self::named(root, folder);
        }
        let slug = Some(spec::slug(name)).filter(|slug| !slug.is_empty());
        let slug = slug.unwrap_or_else(|| "project".to_owned());
        Ok(Self { inner: format!("specs/001-{slug}"), how: How::Begun })
    }

    fn named(root: &Path, folder: Folder) -> Result<Self> {
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (root, path) = (whole(root), whole(&folder.path));
        let odd = |why: &str, hint: &str| {
            let message = format!("{} {why}", path.display());
            Err(Error::new(Code::InvalidInput, message).hint(hint.to_owned()))
        };
        let (inner, is_inside) = match path.strip_prefix(&root) {
            Ok(inner) => (inner.to_owned(), true),
            Err(_) => (Path::new("specs").join(path.file_name().unwrap_or_default()), false),
        };
        let parts = inner.components().map(|part| part.as_os_str().to_str().map(str::to_owned));
        let Some(parts) = parts.collect::<Option<Vec<String>>>() else {
            return odd("is no UTF-8 text", "give the folder another name");
        };
        if parts.is_empty() {
            return odd(
                "is a specification and no project",
                "put it into `specs/NAME` of a project: components bring files beside it",
            );
        }
        if is_inside {
            return Ok(Self { inner: parts.join("/"), how: How::There });
        }
        let mut files: Vec<String> = folder.documents.into_iter().map(|one| one.name).collect();
        if path.join(SETTINGS).is_file() {
            files.push(SETTINGS.to_owned());
        }
        // With the last one all are there: a copy that was cut off is seen by it.
        files.sort_by_key(|name| name == LAST);
        Ok(Self { inner: parts.join("/"), how: How::Outside(path, files) })
    }

    /// Tells whether the project has it already.
    pub(super) fn is_there(&self) -> bool {
        matches!(self.how, How::There)
    }

    /// Gives where its texts can be read now; none where there are only pages to begin with.
    pub(super) fn texts(&self, root: &Path) -> Result<Option<Folder>> {
        match &self.how {
            How::There => Folder::open(&root.join(&self.inner)).map(Some),
            How::Outside(path, _) => Folder::open(path).map(Some),
            How::Begun => Ok(None),
        }
    }

    /// Reads the files that are to be brought to its place, by their paths in the project, and writes nothing.
    ///
    /// # Errors
    /// `FU0208` when another specification stands there; those of [`Project::read`] for each place.
    pub(super) fn files(&self, project: &Project, name: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let files: Vec<(String, Vec<u8>)> = match &self.how {
            How::There => Vec::new(),
            How::Begun => {
                let folder = self.inner.rsplit('/').next().unwrap_or_default();
                let mut pages = spec::pages(folder, name);
                pages.sort_by_key(|(file, _)| *file == LAST);
                pages.map(|(file, text)| (file.to_owned(), text.into_bytes())).into()
            }
            How::Outside(path, names) => {
                let read = |name: &String| {
                    let file = path.join(name);
                    if file.is_symlink() {
                        let message = format!("{} is a link", file.display());
                        return Err(Error::new(Code::InvalidInput, message)
                            .hint("put the file itself there: no link is followed"));
                    }
                    let bytes = std::fs::read(&file).map_err(|why| {
                        let message = format!("{} cannot be read", file.display());
                        Error::new(Code::FileUnreadable, message).because(why)
                    })?;
                    Ok((name.clone(), bytes))
                };
                names.iter().map(read).collect::<Result<_>>()?
            }
        };
        let at = |file: &str| format!("{}/{file}", self.inner);
        if let Some((_, bytes)) = files.iter().find(|(file, _)| file == LAST)
            && project.read(&at(LAST))?.is_some_and(|there| there != *bytes)
        {
            let message = format!("{} is there, and is another specification", at(LAST));
            let hint = format!("`--from-spec {}` takes the one that is there", self.inner);
            return Err(Error::new(Code::Duplicate, message).hint(hint));
        }
        for file in files.iter().map(|(file, _)| file.as_str()).chain(OWN) {
            project.read(&at(file))?;
        }
        Ok(files.into_iter().map(|(file, bytes)| (at(&file), bytes)).collect())
    }
}

/// Tells whether a crash came between the pages to begin with: the last one is not there, and those that are, are as they were made.
fn is_cut_off(folder: &Path, name: &str) -> bool {
    let called = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let begun = spec::pages(&called.unwrap_or_default(), name);
    let as_made = |(file, text): &(&str, String)| {
        let path = folder.join(file);
        !path.exists() || std::fs::read(&path).is_ok_and(|there| there == text.as_bytes())
    };
    let other = ["spec.yaml", "spec.yml"].iter().any(|page| folder.join(page).exists());
    !other && !folder.join(LAST).exists() && begun.iter().all(as_made)
}

fn has_pages(folder: &Path) -> bool {
    PAGES.iter().any(|page| folder.join(page).is_file())
}
