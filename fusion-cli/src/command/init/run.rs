//! The steps in their order, and what is refused before the first of them.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_ops::component::{Project, Registry};
use fusion_ops::mode::{FILE, Mode, ProjectFile};
use fusion_ops::spec::Folder;

use super::agents::{Known, enlist};
use super::source::Source;
use super::steps;
use super::told::Told;
use crate::args::{Global, Initial};
use crate::command::components::open_at;
use crate::project::{Moded, components};
use crate::render::Out;

/// Makes a project, or brings one up to its mode.
pub(in crate::command) async fn init(args: &Initial, global: &Global, out: &Out) -> Result<u8> {
    made(args, Known::Store(global), Some(out)).await?.tell(args, out);
    Ok(0)
}

/// The same, without a word where nobody reads any.
pub(super) async fn made(args: &Initial, known: Known<'_>, out: Option<&Out>) -> Result<Told> {
    let root = folder(&args.folder, args.dry_run)?;
    let project = match &root {
        Some(root) => Some(match out {
            Some(out) => open_at(root, out)?,
            None => Project::open(root)?,
        }),
        None => None,
    };
    let root = root.unwrap_or_else(|| args.folder.clone());
    let file = match &project {
        Some(project) => read(project)?,
        None => ProjectFile::default(),
    };
    let mode = mode(args, &file)?;
    let folder = || args.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let usual = || project.as_ref().map_or_else(folder, Project::name);
    let called = file.name.clone().unwrap_or_else(usual);
    let source = Source::find(&root, &file, args.from_spec.as_deref(), &called)?;
    let moded = Moded { set: file.set(mode), root: root.clone(), mode };
    let registry = components(&[root.join(".fusion/components")]);
    let mut told = Told::new(&moded, &source.inner, file.mode);
    // What cannot be is said before anything is written.
    let texts = source.texts(&root)?;
    let wanted = steps::wanted(&moded.set, texts.as_ref(), &registry)?;
    let missing = wanted.missing(project.as_ref(), &registry)?;
    match &project {
        Some(project) if !args.dry_run => {
            work(&mut told, (&moded, &source, &called), project, &registry).await?;
        }
        project => {
            (told.added, told.unknown) = (missing, wanted.unknown);
            planned(&mut told, (&source, texts.as_ref()), project.as_ref())?;
        }
    }
    told.dry = args.dry_run;
    told.agents = enlist(&moded, known, args.dry_run).await?;
    Ok(told)
}

/// Finds the project's folder, or makes it; none for one that is not there and shall not be made.
fn folder(path: &Path, dry: bool) -> Result<Option<PathBuf>> {
    if path.exists() && !path.is_dir() {
        let message = format!("{} is a file, and no folder for a project", path.display());
        return Err(Error::new(Code::InvalidInput, message).hint("name a folder"));
    }
    if dry && !path.exists() {
        return Ok(None);
    }
    let refused = |why: std::io::Error| {
        let message = format!("the folder {} cannot be made", path.display());
        Error::new(Code::FileUnreadable, message).because(why)
    };
    std::fs::create_dir_all(path).map_err(refused)?;
    path.canonicalize().map(Some).map_err(refused)
}

fn read(project: &Project) -> Result<ProjectFile> {
    let Some(bytes) = project.read(FILE)? else { return Ok(ProjectFile::default()) };
    let shown = project.path().join(FILE).display().to_string();
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::new(Code::Syntax, format!("{shown} is not UTF-8 text")).hint("save it as UTF-8")
    })?;
    ProjectFile::parse(&text, &shown)
}

/// The mode that is asked for, else that of the project. Nothing is ever taken away, so none that is less.
fn mode(args: &Initial, file: &ProjectFile) -> Result<Mode> {
    let asked = args.mode.as_deref().map(Mode::of).transpose()?;
    match (asked, file.mode) {
        (Some(asked), Some(now)) if asked < now => {
            let message = format!(
                "the project is in mode {}, and `init` does not go back to {}: nothing that is there is removed",
                now.word(),
                asked.word()
            );
            let hint = format!(
                "`fusion components remove NAME` and `fusion agents terminate NAME` remove; then write `mode = \"{}\"` into {FILE}",
                asked.word()
            );
            Err(Error::new(Code::NotApplicable, message).hint(hint))
        }
        (asked, now) => Ok(asked.or(now).unwrap_or(Mode::Prototype)),
    }
}

/// Says what would be done.
fn planned(
    told: &mut Told,
    (source, texts): (&Source, Option<&Folder>),
    project: Option<&Project>,
) -> Result<()> {
    let mut files = vec![FILE.to_owned()];
    if !source.is_there() {
        files.push(format!("{}/spec.md", source.inner));
    }
    told.has_tasks = texts.is_some_and(steps::will_have_tasks);
    if told.has_tasks {
        files.push(format!("{}/tasks.md", source.inner));
        files.push(format!("{}/workflow.yaml", source.inner));
    }
    files.push(format!("{}/build.yaml", source.inner));
    for path in files {
        if project.map(|project| project.read(&path)).transpose()?.flatten().is_none() {
            told.made.push(path);
        }
    }
    if project.is_some() && told.is_moved() {
        told.changed.push(FILE.to_owned());
    }
    Ok(())
}

async fn work(
    told: &mut Told,
    (moded, source, called): (&Moded, &Source, &str),
    project: &Project,
    registry: &Registry,
) -> Result<()> {
    // Where something cannot be put is said before anything is.
    let files = source.files(project, called)?;
    project.settle()?;
    told.note(FILE, steps::file(project, moded.mode, &source.inner)?);
    for (path, bytes) in files {
        if project.put(&path, &bytes)? {
            told.made.push(path);
        }
    }
    let inner = source.inner.as_str();
    let path = project.path().join(inner);
    let folder = Folder::open(&path)?;
    told.note(&format!("{inner}/tasks.md"), steps::tasks(project, &folder, inner)?);
    let folder = Folder::open(&path)?;
    let mut wanted = steps::wanted(&moded.set, Some(&folder), registry)?;
    told.unknown.append(&mut wanted.unknown);
    let plan = steps::has_tasks(&folder).then(|| inner.to_owned());
    told.change = wanted.add(project, registry, plan).await?;
    let folder = Folder::open(&path)?;
    told.has_tasks = steps::has_tasks(&folder);
    if let Some(came) = steps::workflow(project, &folder, inner)? {
        told.note(&format!("{inner}/workflow.yaml"), came);
        told.has_workflow = true;
    }
    told.note(&format!("{inner}/build.yaml"), steps::settings(project, inner)?);
    Ok(())
}
