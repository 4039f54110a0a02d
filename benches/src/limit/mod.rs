//! What the bare machine does: a file and its flush, SQLite without us, a loop of spawned tasks, arrays without tasks,
//! two threads that wake each other.

pub mod file;
pub mod handover;
pub mod kahn;
pub mod linked;
pub mod spawn;
