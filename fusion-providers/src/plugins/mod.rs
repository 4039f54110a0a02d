//! Plugins by name: where they are, what they say of themselves, and which of them are trusted.
//!
//! | file | what it does |
//! |---|---|
//! | `manifest` | reads `NAME.plugin.json`, which stands beside the library |
//! | `trust` | remembers the hash of each library that somebody trusted |
//! | `place` | says where a plugin runs: what is trusted in this process, what is not in one of its own |
//! | `find` | looks through folders, and opens plugins where they have to run |

mod find;
mod manifest;
mod place;
mod trust;

pub use find::{Listed, Plugins};
pub use manifest::{Library, Manifest};
pub use place::Place;
pub use trust::Standing;

pub use crate::plugin_process::host;

#[cfg(test)]
mod tests;
