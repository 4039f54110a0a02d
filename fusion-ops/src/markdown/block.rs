//! What a page is made of.

use std::ops::Range;

/// What stands between the cells of a row.
pub(crate) const CELL: char = '\u{1f}';

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A heading of this level.
    Heading(u8),
    /// An item of a list, with its box where it has one.
    Item {
        /// Whether it is ticked.
        tick: Option<bool>,
        /// In how many lists it stands.
        depth: u8,
    },
    /// A paragraph.
    Text,
    /// A block of code.
    Code,
    /// A row of a table; its cells are parted by [`CELL`].
    Row {
        /// Whether it is the first one.
        head: bool,
    },
}

/// A heading, an item, a paragraph, a row or a block of code.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its first line, from 1.
    pub(crate) line: usize,
    /// Where its own words stand in the page, with their marks.
    pub(crate) span: Range<usize>,
    /// Its words without marks of emphasis and without control characters; code keeps its backticks.
    pub(crate) text: String,
    /// Whether most of it is struck through.
    pub(crate) struck: bool,
    /// The chapter, as an index of `sections`; the first one stands for the page.
    pub(crate) section: usize,
}

/// A chapter.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// The level of its heading; 0 for the page.
    pub(crate) level: u8,
    /// Its heading.
    pub(crate) title: String,
    /// The chapter around it.
    pub(crate) parent: usize,
}

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct Page<'a> {
    /// What was read.
    pub(crate) source: &'a str,
    /// Its blocks, in their order.
    pub(crate) blocks: Vec<Block>,
    /// Its chapters.
    pub(crate) sections: Vec<Section>,
}

impl Page<'_> {
    /// Gives the words of a block with their marks, as they stand in the page.
    pub(crate) fn raw(&self, block: &Block) -> &str {
        self.source.get(block.span.clone()).unwrap_or_default()
    }

    /// Gives a chapter and those around it, the innermost first; never the page.
    pub(crate) fn chapters(&self, section: usize) -> impl Iterator<Item = &Section> {
        let first = Some(section).filter(|at| *at > 0);
        let next =
            |at: &usize| self.sections.get(*at).map(|section| section.parent).filter(|at| *at > 0);
        std::iter::successors(first, next).filter_map(|at| self.sections.get(at))
    }
}
