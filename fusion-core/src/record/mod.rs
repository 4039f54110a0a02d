//! Stores and buses: the only rooms that touch what is stored. No node kind is known here.
//!
//! | part | what it is |
//! |---|---|
//! | [`open`](mod@open) | a URL to a store |
//! | [`Memory`] | the store that dies with the process |
//! | [`Sqlite`] | the store in a file |
//! | [`Local`] | the bell within a process |
//! | [`codec`] | records to bytes and back |
//! | [`capsule`] | one run in one file |
//! | [`old`] | documents that nobody has written for long |

mod bus;
pub mod capsule;
pub mod codec;
mod memory;
pub mod old;
pub mod open;
mod refuse;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use bus::Local;
pub use memory::Memory;
pub use open::open;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
