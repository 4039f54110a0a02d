//! Markdown pages as blocks: headings, items, paragraphs, rows, each with its line, its chapter and its text.

mod block;
mod read;

pub(crate) use block::{Block, CELL, Kind, Page};
pub(crate) use read::read;
