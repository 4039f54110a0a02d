//! The SQLite store: one file that several processes may share.
//!
//! One thread groups what many tasks commit into one transaction of the only writing connection ([`Writer`]); a task that
//! is alone uses that connection itself. The file is read through connections of their own. The shape of the journal is
//! *linked append*: rows in the order of their commit, each naming its stream's row before, so that a thousand interleaved
//! streams fill pages one after the other.

mod behind;
mod blobs;
mod check;
mod connect;
mod desk;
mod fault;
mod group;
mod index;
mod journal;
mod key;
mod line;
mod migrate;
mod nap;
mod options;
mod outbox;
mod pool;
mod queue;
mod records;
mod repack;
mod reserve;
mod sessions;
mod store;
mod tail;
mod thread;
mod turn;
mod walk;
mod word;
mod writer;

pub use group::Prepared;
pub use options::Options;
pub use store::Sqlite;
pub use writer::Writer;
