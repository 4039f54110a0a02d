//! What the bare machine does: a file and its flush, SQLite without us, a loop of spawned tasks, arrays without tasks.

pub mod file;
pub mod kahn;
pub mod linked;
pub mod spawn;
