//! Folders with a specification: which files there are, what they say, what is wrong with them.

mod folder;
mod model;
mod new;
mod read;
#[cfg(test)]
mod tests;
mod validate;
mod yaml;

pub use folder::{Document, Folder, components};
pub use model::{Kind, Requirement, Scenario, Spec, Statement, Story};
pub use new::{create, is_unfilled};
pub use read::read;
pub use validate::{Issue, Severity, validate};
pub use yaml::{SpecFile, Stack};
