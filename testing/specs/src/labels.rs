//! The labelled texts beside the checkout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What is right for a set of specifications.
#[derive(Debug, Deserialize)]
pub struct Labels {
    /// The specifications.
    pub specs: Vec<Spec>,
}

/// What is right for one specification.
#[derive(Debug, Deserialize)]
pub struct Spec {
    /// The name of its folder.
    pub id: String,
    /// Where it comes from; what is judged by repository is judged by this.
    pub repo: String,
    /// Its stack; none when no plan was read.
    pub stack: Option<Stack>,
    /// Its components.
    pub components: Components,
    /// Its tasks.
    pub tasks: Option<Tasks>,
}

/// What is right for a stack.
#[derive(Debug, Default, Deserialize)]
pub struct Stack {
    /// Languages that must be named.
    pub languages: Vec<String>,
    /// Frameworks that must be named.
    pub frameworks: Vec<String>,
    /// Databases that must be named.
    pub database: Vec<String>,
    /// Languages that may be named.
    #[serde(default)]
    pub languages_opt: Vec<String>,
    /// Frameworks that may be named.
    #[serde(default)]
    pub frameworks_opt: Vec<String>,
    /// Databases that may be named.
    #[serde(default)]
    pub database_opt: Vec<String>,
}

/// What is right for components.
#[derive(Debug, Deserialize)]
pub struct Components {
    /// Those that must be found.
    pub required: Vec<String>,
    /// Those that may be found.
    pub optional: Vec<String>,
}

/// What is right for tasks.
#[derive(Debug, Deserialize)]
pub struct Tasks {
    /// How many there are.
    pub count: usize,
    /// Other counts that are right, too.
    #[serde(default)]
    pub accept_counts: Vec<usize>,
    /// The ids in the order of the file.
    pub ids: Vec<String>,
    /// The ids that are marked `[P]`.
    pub parallel: Vec<String>,
    /// By state the ids, or how many.
    #[serde(default)]
    pub states: BTreeMap<String, serde_json::Value>,
    /// Who does which task.
    #[serde(default)]
    pub agents: BTreeMap<String, String>,
    /// The phases.
    pub phases: Vec<Phase>,
    /// Pairs of tasks, the first one first.
    pub task_edges: Vec<(String, String)>,
    /// The phases that phases wait for.
    pub phase_edges: BTreeMap<String, Vec<String>>,
    /// What may be found, in the words of who labelled.
    pub soft: Option<String>,
}

/// What is right for a phase.
#[derive(Debug, Deserialize)]
pub struct Phase {
    /// Its key.
    pub key: Option<String>,
    /// How many tasks it has.
    pub n: usize,
}

/// Gives the folder of the labelled texts beside the checkout, when it is there.
pub fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let near = [root.join("../shared/data/specs"), root.join("../../shared/data/specs")];
    near.into_iter().find(|path| path.join("labels.json").is_file())
}

/// Reads the labels of a folder.
///
/// # Errors
/// A sentence on what cannot be read.
pub fn labels(folder: &Path) -> Result<Labels, String> {
    let path = folder.join("labels.json");
    let bytes = std::fs::read(&path).map_err(|why| format!("read {}: {why}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|why| format!("read {}: {why}", path.display()))
}

/// Gives the folder of a specification's texts.
pub fn texts(folder: &Path, spec: &Spec) -> PathBuf {
    folder.join("texts").join(&spec.id)
}
