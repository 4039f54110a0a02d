//! An in-memory file system for SQLite that loses power on demand.
