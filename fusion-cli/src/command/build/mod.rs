//! `fusion build`: from a specification to what it asks for.

mod asked;
mod begin;
mod crew;
mod drive;
mod gather;
mod report;

pub use asked::{build as build_in, proved, register as register_builds};
pub(super) use drive::build;
pub(super) use gather::{known, look, looked_at};
pub(super) use report::table;
