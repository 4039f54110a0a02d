//! Which folder is the project's, and where in it a specification is.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_ops::component::Project;
use fusion_ops::spec::Folder;

use crate::project;
use crate::render::Out;

/// Opens the project of this folder, and says what that mended.
pub(super) fn open(out: &Out) -> Result<Project> {
    open_at(&project::of_components(&project::here()?), out)
}

pub(in crate::command) fn open_at(path: &Path, out: &Out) -> Result<Project> {
    let project = Project::open(path)?;
    if let Some(left) = project.recovered() {
        out.note(
            "a change that was cut off by a crash was undone: everything is as it was before it",
        );
        for path in left {
            out.note(&format!("  {path} was changed since, and is left alone"));
        }
    }
    Ok(project)
}

/// The project of a specification, and the specification's folder within it.
pub(super) fn of_spec(folder: &Folder) -> Result<(PathBuf, String)> {
    let whole = |path: &Path| {
        path.canonicalize().map_err(|error| {
            Error::new(Code::FileUnreadable, format!("{} cannot be found", path.display()))
                .because(error)
        })
    };
    let spec = whole(&folder.path)?;
    let here = whole(&project::of_components(&project::here()?))?;
    let root = if spec.starts_with(&here) && spec != here { here } else { above(&spec) };
    let inner = spec.strip_prefix(&root).unwrap_or(&spec);
    let inner: Vec<String> =
        inner.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if inner.is_empty() {
        let message = format!("{} is a specification and no project", spec.display());
        let hint = "put it into `specs/NAME` of a project: components bring files beside it";
        return Err(Error::new(Code::InvalidInput, message).hint(hint));
    }
    Ok((root, inner.join("/")))
}

/// The project that a specification is in, where it is not the one of this folder.
fn above(spec: &Path) -> PathBuf {
    let is_root = |folder: &&Path| {
        ["fusion.lock", ".fusion", ".git"].iter().any(|name| folder.join(name).exists())
    };
    let marked = spec.ancestors().skip(1).find(is_root);
    let specs = spec.parent().filter(|parent| parent.ends_with("specs"));
    let root = specs.and_then(|specs| {
        let above = specs.parent()?;
        if above.ends_with(".specify") { above.parent() } else { Some(above) }
    });
    marked.or(root).or_else(|| spec.parent()).unwrap_or(spec).to_owned()
}
