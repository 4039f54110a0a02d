//! `fusion test`: the tests of a project as a durable run, and their reports.

mod asked;
mod drive;
mod show;

pub use asked::test_in;
pub(super) use drive::test;
pub(super) use show::{latest_of, words};
