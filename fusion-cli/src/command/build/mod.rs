//! `fusion build`: from a specification to what it asks for.

mod crew;
mod drive;
mod gather;
mod report;

pub(super) use drive::build;
pub(super) use gather::known;
pub(super) use report::table;
