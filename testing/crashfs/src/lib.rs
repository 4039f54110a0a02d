//! An in-memory file system for SQLite that loses power on demand.
//!
//! A [`Disk`] is a SQLite VFS: real SQLite runs over it, several connections at a time, WAL mode included. Every operation
//! that changes something has a number, and [`Disk::crash_at`] kills the machine in any of them. [`Disk::restart`] then
//! leaves the files as a real disk might hold them.
//!
//! ```
//! use fusion_crashfs::{Crash, Disk};
//!
//! let disk = Disk::new(7);
//! let db = disk.connect("app.db")?;
//! db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x);")?;
//! disk.crash_at(disk.ops() + 2, Crash::Power);
//! assert!(db.execute_batch("INSERT INTO t VALUES (1)").is_err());
//! drop(db);
//! disk.restart();
//! let db = disk.connect("app.db")?;
//! let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
//! assert_eq!(check, "ok");
//! # Ok::<(), fusion_crashfs::rusqlite::Error>(())
//! ```
//!
//! What a loss of power does ([`Crash::Power`]):
//!
//! - synced bytes survive; each write since the last sync of its file survives, is lost, or is torn between 512-byte
//!   sectors, each by the seed, so that a later write may survive an earlier one; a lost write that would have made the
//!   file longer may leave zeros or noise there;
//! - a file that was made or deleted since the last sync of its folder may be absent or back. Syncing a file syncs its
//!   own entry; syncing a new journal or WAL syncs the folder, as SQLite's own layer for Unix does.
//!
//! SQLite draws WAL salts from one generator per process, which no file system can seed. They change bytes, never the order
//! or size of operations. For byte-exact runs call [`seed_sqlite`] first, in a process with one thread.

mod disk;
mod faults;
mod folder;
mod image;
mod lock;
mod ops;
mod rng;
mod state;
mod trace;
mod vfs;

pub use disk::Disk;
pub use faults::{Crash, Faults, Moment};
pub use rusqlite;
pub use vfs::seed_sqlite;
