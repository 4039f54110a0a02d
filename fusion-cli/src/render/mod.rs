//! What is seen: lines for people, JSON for programs, live progress for terminals.

mod board;
mod error;
mod line;
mod live;
mod out;
mod report;
mod safe;
mod table;
mod words;

pub(crate) use board::Board;
pub(crate) use line::line;
pub(crate) use live::Live;
pub(crate) use out::Out;
pub use report::show;
pub(crate) use report::{Report, report, run_status};
pub(crate) use safe::{Traced, one_line};
pub(crate) use table::Table;
pub(crate) use words::{Color, ago, clock, length, status_color};
