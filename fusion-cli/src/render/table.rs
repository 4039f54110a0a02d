//! Rows under headings.

use super::out::Out;
use super::safe::one_line;
use super::words::Color;

/// A table that grows by rows; the last column is as wide as it is.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<(Color, String)>>,
}

impl Table {
    /// Begins a table.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<(Color, String)>) {
        self.rows.push(cells.into_iter().map(|(color, text)| (color, one_line(&text))).collect());
    }

    /// Prints it.
    pub(crate) fn print(&self, out: &Out) {
        let widths: Vec<usize> = self
            .heads
            .iter()
            .enumerate()
            .map(|(column, head)| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|(_, text)| text.chars().count()).max().unwrap_or(0).max(head.len())
            })
            .collect();
        let heads = self.heads.iter().map(|head| (Color::Dim, (*head).to_owned())).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut line = out.line();
            for (column, ((color, text), width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column > 0 { "  " } else { "" };
                let filled = column + 1 < row.len();
                let rest = if filled { width.saturating_sub(text.chars().count()) } else { 0 };
                line = line.add(gap).paint(*color, text).add(&" ".repeat(rest));
            }
            Out::print(&line);
        }
    }
}
