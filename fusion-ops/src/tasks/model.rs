//! A plan: tasks, phases, and what is wrong with them.

use serde::Serialize;

/// Whether a task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is to be done: `[ ]`.
    Open,
    /// It is done: `[x]`.
    Done,
    /// It is put off: `[-]`.
    Deferred,
    /// It is not wanted any more: struck through.
    Cancelled,
}

/// Why a task comes after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// A line says so with the ids of tasks.
    Stated,
    /// Its phase comes after the other's.
    Phase,
    /// Its user story needs the other's.
    Story,
    /// Both change the same file.
    File,
}

/// A task that comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The task.
    pub id: String,
    /// Why.
    pub why: Why,
    /// The line that says so, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Its id, as it stands in the file; made where it has none.
    pub id: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is to be done.
    pub title: String,
    /// The key of its phase; none where the phase has no number.
    pub phase: Option<String>,
    /// Whether it is marked `[P]`.
    pub parallel: bool,
    /// Whether it is done.
    pub state: State,
    /// Who does it, where the line names somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The user stories that it serves: `US1`.
    pub stories: Vec<String>,
    /// The requirements that its line names: `FR-001`.
    pub requirements: Vec<String>,
    /// The files that its line names.
    pub files: Vec<String>,
    /// What comes first.
    pub needs: Vec<Need>,
    /// The phase, as an index.
    #[serde(skip)]
    pub(crate) part: usize,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// What stands behind the word Phase; none for a chapter that is not numbered.
    pub key: Option<String>,
    /// Its heading.
    pub name: String,
    /// The keys of the phases that it waits for, where the file says so.
    pub needs: Vec<String>,
    /// Its line, from 1.
    pub line: usize,
    /// The user stories in its heading.
    #[serde(skip)]
    pub(crate) stories: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The tasks of a file as a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Plan {
    /// The tasks, in the order of the file.
    pub tasks: Vec<Task>,
    /// The phases, in the order of the file.
    pub phases: Vec<Phase>,
    /// What is wrong, by line.
    pub problems: Vec<Problem>,
}
