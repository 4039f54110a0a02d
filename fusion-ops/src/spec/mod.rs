//! Folders with a specification: which files there are, what they say, what is wrong with them.

mod folder;
mod model;
mod new;
mod read;
#[cfg(test)]
mod tests;
mod validate;
mod yaml;

pub use folder::{
    Document, Folder, OfComponent, component_requirements, component_texts, components, folders,
};
pub use model::{Kind, Requirement, Scenario, Spec, Statement, Story};
pub use new::{create, is_unfilled, pages, slug};
pub use read::read;
pub(crate) use validate::is_template;
pub use validate::{Issue, Severity, validate};
pub use yaml::{SpecFile, Stack};
