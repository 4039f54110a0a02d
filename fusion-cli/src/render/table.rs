//! Rows under headings.

use super::out::Out;
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
        self.rows.push(cells);
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
            let mut line = String::new();
            for (column, ((color, text), width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                line.push_str(&out.paint(*color, text));
                if column + 1 < row.len() {
                    line.push_str(&" ".repeat(width.saturating_sub(text.chars().count())));
                }
            }
            Out::result(line.trim_end());
        }
    }
}
