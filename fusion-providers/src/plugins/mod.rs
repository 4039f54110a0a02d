//! Plugins by name: where they are, what they say of themselves, and which of them are trusted.
//!
//! | file | what it does |
//! |---|---|
//! | `manifest` | reads `NAME.plugin.json`, which stands beside the library |
//! | `trust` | remembers the hash of each library that somebody trusted |
//! | `find` | looks through folders, and loads what is trusted |

mod find;
mod manifest;
mod trust;

pub(crate) use find::is_path;
pub use find::{Listed, Plugins};
pub use manifest::{Library, Manifest};
pub use trust::Standing;

#[cfg(test)]
mod tests;
