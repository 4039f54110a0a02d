//! Workflow files, and the files of the sub-workflows that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::check::{Named, Warning, What};
use fusion_core::graph::file;
use fusion_core::model::Graph;
use fusion_core::model::graph::{Action, Task};

use super::folder;

/// The most that is read of a file, in bytes; the reader refuses less than this with its own words.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The endings of workflow files.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A workflow with everything that it can start.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The workflow.
    pub graph: Graph,
    /// The sub-workflows, by name.
    pub others: BTreeMap<String, Graph>,
    /// What they name and do not hold: steps, agents, models, and workflows that no file defines.
    pub named: Vec<Named>,
    /// The names of the workflows in the same folders, for those who mistyped one.
    pub near: BTreeSet<String>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
}

impl Loaded {
    /// Reads a workflow that the program itself has written; `what` is its name in errors.
    ///
    /// # Errors
    /// Those of the text.
    pub(crate) fn written(text: &str, what: &str) -> Result<Self> {
        let read = file::parse(text, what)?;
        Ok(Self {
            graph: read.graph,
            others: read.workflows,
            named: read.named,
            near: BTreeSet::new(),
            warnings: read.warnings,
        })
    }
}

/// Tells whether a text names a file rather than a workflow.
pub(crate) fn is_path(text: &str) -> bool {
    text.contains(['/', '\\']) || has_ending(Path::new(text)) || Path::new(text).exists()
}

fn has_ending(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
}

/// Reads a workflow file and those of its sub-workflows: files that a `workflow:` names by their path, and files in the
/// same folder that define the name.
///
/// # Errors
/// Those of the files, and `FU0208` when two files give one name to different workflows.
pub(crate) fn load(path: &Path) -> Result<Loaded> {
    let mut loader = Loader::default();
    let name = loader.file(path)?;
    let graph = loader.known.remove(&name).map(|(_, graph)| graph);
    let Some(graph) = graph else {
        return Err(Error::new(Code::Internal, "the workflow was read and is not there"));
    };
    let unknown = &loader.unknown;
    loader.named.retain(|named| match &named.what {
        What::Workflow(name) => unknown.contains(name),
        _ => true,
    });
    let others = loader.known.into_iter().map(|(name, (_, graph))| (name, graph)).collect();
    Ok(Loaded { graph, others, named: loader.named, near: loader.near, warnings: loader.warnings })
}

#[derive(Default)]
struct Loader {
    /// The name of the workflow in each file that was read.
    files: BTreeMap<PathBuf, String>,
    /// The workflows by name, with the file that they come from.
    known: BTreeMap<String, (PathBuf, Graph)>,
    unknown: BTreeSet<String>,
    named: Vec<Named>,
    near: BTreeSet<String>,
    warnings: Vec<Warning>,
}

impl Loader {
    /// Reads a file unless it was read before; gives the name of its workflow.
    fn file(&mut self, path: &Path) -> Result<String> {
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(name) = self.files.get(&whole) {
            return Ok(name.clone());
        }
        let read = read(path)?;
        let name = read.graph.name.clone();
        self.files.insert(whole.clone(), name.clone());
        self.warnings.extend(read.warnings);
        self.named.extend(read.named);
        let inner: Vec<Graph> = read.workflows.into_values().collect();
        let names: Vec<String> = inner.iter().map(|graph| graph.name.clone()).collect();
        for graph in std::iter::once(read.graph).chain(inner) {
            let graph = self.connect(graph, path, &names)?;
            self.add(graph, &whole)?;
        }
        Ok(name)
    }

    fn add(&mut self, graph: Graph, file: &Path) -> Result<()> {
        if let Some((other, _)) = self.known.get(&graph.name) {
            let message = format!(
                "two workflows are named `{}`: in {} and in {}",
                graph.name,
                other.display(),
                file.display()
            );
            return Err(Error::new(Code::Duplicate, message).hint("rename one of them"));
        }
        self.known.insert(graph.name.clone(), (file.to_owned(), graph));
        Ok(())
    }

    /// Finds the files of the sub-workflows of a graph; paths become the names of the workflows in them.
    fn connect(&mut self, mut graph: Graph, file: &Path, inner: &[String]) -> Result<Graph> {
        let own = graph.name.clone();
        for name in named(&mut graph) {
            if **name == *own || inner.iter().any(|inner| **inner == **name) {
                continue;
            }
            let folder = file.parent().unwrap_or_else(|| Path::new(""));
            if name.contains('/') || has_ending(Path::new(&**name)) {
                *name = self.file(&folder.join(&**name))?.into();
            } else if let Some(file) = find(folder, name) {
                self.file(&file)?;
            } else {
                self.unknown.insert(name.to_string());
                self.near.extend(inner.iter().cloned().chain(names_in(folder)));
            }
        }
        Ok(graph)
    }
}

/// Every place of a graph that names a workflow.
fn named(graph: &mut Graph) -> Vec<&mut Box<str>> {
    let mut tasks: Vec<&mut Task> = Vec::new();
    for node in &mut graph.nodes {
        tasks.extend(node.kind.task_mut());
        if let Some(more) = &mut node.more {
            tasks.extend(more.fallback.iter_mut().chain(&mut more.compensate));
        }
    }
    let names = tasks.into_iter().filter_map(|task| match &mut task.action {
        Action::Workflow(name) => Some(name),
        _ => None,
    });
    names.collect()
}

/// Finds the file of a folder that defines a workflow: the one of its name, else one that says so in a line.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let own = ENDINGS.iter().map(|ending| folder.join(format!("{name}.{ending}")));
    let says = |path: &PathBuf| said(path).is_some_and(|said| said == name);
    if let Some(path) = own.into_iter().find(says) {
        return Some(path);
    }
    files_of(folder).into_iter().find(says)
}

/// Gives the names of the workflows in a folder.
fn names_in(folder: &Path) -> impl Iterator<Item = String> {
    files_of(folder).into_iter().filter_map(|path| said(&path))
}

/// Gives the name that a file says in a line of its own.
fn said(path: &Path) -> Option<String> {
    let bytes = text(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = text.lines().find_map(|line| line.strip_prefix("name:"))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder::files(here, |path| has_ending(path) && path.is_file())
}

fn read(path: &Path) -> Result<file::File> {
    let name = path.display().to_string();
    let bytes = text(path).map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no file {name}"),
            _ if path.is_dir() => format!("{name} is a folder, not a workflow file"),
            _ => format!("the file {name} cannot be read"),
        };
        let plain = error.kind() == std::io::ErrorKind::NotFound || path.is_dir();
        let refused = Error::new(Code::FileUnreadable, message);
        if plain { refused } else { refused.because(error) }
    })?;
    file::parse_bytes(&bytes, &name)
}

fn text(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
