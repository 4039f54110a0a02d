//! The `fusion` command.
