//! The files of one folder, as tools.
//!
//! | file | what it knows |
//! |---|---|
//! | `folder` | [`Workspace`], and the tools that it gives |
//! | `names` | which texts are paths inside a folder: pure |
//! | `open` | from a path to a file, without ever leaving the folder |
//! | `look` | list and search |
//! | `read` | read, by lines |
//! | `write` | write, replace and delete: whole or not at all, and the same when it is done twice |

mod folder;
mod look;
mod names;
mod open;
mod read;
mod write;

pub use folder::Workspace;

#[cfg(test)]
mod tests;
