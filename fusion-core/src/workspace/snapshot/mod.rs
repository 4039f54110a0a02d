//! Snapshots: what a workspace holds at a moment, each content once, out of the reach of its agent.
//!
//! | file | what it knows |
//! |---|---|
//! | `manifest` | [`Snapshot`]: paths with modes and hashes; the difference of two: pure |
//! | `scan` | from a folder to a manifest; what did not change since the last one is not read again |
//! | `objects` | contents by their hash |
//! | `keep` | snapshots are kept, found, forgotten |
//! | `restore` | from a manifest to a folder |

mod keep;
mod manifest;
mod objects;
mod restore;
mod scan;

pub(super) use keep::sweep;
pub use manifest::{Change, Changed, Entry, Snapshot, Stamp};
