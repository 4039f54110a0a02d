//! Folders with a specification: which files there are, and their texts.

mod folder;

pub use folder::{Document, Folder};
