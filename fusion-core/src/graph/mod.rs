//! The graph floor: pure algorithms over directed graphs, the nearest right word, and the
//! dependency resolver.
//!
//! Nothing here knows a clock, a store or a task; every function gives the same answer for the
//! same input.

#[cfg(feature = "files")]
mod accept;
mod build;
#[cfg(feature = "files")]
pub mod check;
mod compile;
#[cfg(feature = "files")]
mod definition;
pub mod draw;
pub mod duration;
#[cfg(feature = "files")]
pub mod file;
#[cfg(feature = "files")]
pub mod inputs;
mod lookup;
pub mod order;
#[cfg(feature = "resolve")]
pub mod resolve;
#[cfg(feature = "files")]
pub mod schema;
#[cfg(feature = "files")]
pub mod template;

pub use crate::error::nearest;
#[cfg(feature = "files")]
pub use accept::checked;
pub use build::Names;
pub use compile::Program;
#[cfg(feature = "files")]
pub use definition::Definition;
#[cfg(feature = "files")]
pub use inputs::bind;
