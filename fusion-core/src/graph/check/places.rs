//! Where in a file the parts of a graph are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Place;

/// The place of one value in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The places of a graph's parts, by their path in the file (a JSON pointer such as `/nodes/log/command/0`).
///
/// Empty for graphs from code, whose errors then have no place.
#[derive(Debug, Clone, Default)]
pub struct Places {
    file: Arc<str>,
    source: Arc<str>,
    spots: Arc<BTreeMap<String, Spot>>,
    /// What is put before every path that is looked for.
    prefix: String,
}

impl Places {
    /// Makes an empty table: the graph comes from code.
    pub fn none() -> Self {
        Self::default()
    }

    /// Begins the table of a file.
    pub fn of_file(file: &str, source: &str) -> Self {
        Self { file: file.into(), source: source.into(), ..Self::default() }
    }

    /// Notes where a part is.
    pub fn note(&mut self, path: String, spot: Spot) {
        Arc::make_mut(&mut self.spots).insert(path, spot);
    }

    /// Tells whether the graph comes from a file.
    pub fn is_file(&self) -> bool {
        !self.spots.is_empty()
    }

    /// Finds a part, or else the nearest one that it is in.
    pub fn find(&self, path: &str) -> Option<Place> {
        self.spot(path).map(|spot| self.place(spot))
    }

    /// Makes the place of a spot.
    pub fn place(&self, spot: Spot) -> Place {
        Place { file: self.file.clone(), line: spot.line, column: spot.column }
    }

    /// Finds a byte of a text, as exactly as the way in which the text is written allows.
    pub fn inside(&self, path: &str, text: &str, offset: usize) -> Option<Place> {
        let spot = self.spot(path)?;
        Some(self.place(self.exact(spot, text, offset).unwrap_or(spot)))
    }

    /// Gives the places below a path, as if the file began there.
    #[must_use]
    pub fn under(&self, path: &str) -> Self {
        Self { prefix: format!("{}{path}", self.prefix), ..self.clone() }
    }

    fn spot(&self, path: &str) -> Option<Spot> {
        let whole = format!("{}{path}", self.prefix);
        let mut path = whole.as_str();
        loop {
            if let Some(spot) = self.spots.get(path) {
                return Some(*spot);
            }
            path = path.rsplit_once('/')?.0;
        }
    }

    /// Looks for the text's own line in the source, at or below the spot.
    fn exact(&self, spot: Spot, text: &str, offset: usize) -> Option<Spot> {
        let before = text.get(..offset)?;
        let nth = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..)?.lines().next()?;
        let inner = before.get(start..)?.chars().count();
        let above = spot.line.checked_sub(1)?;
        let at = above + nth;
        let source = self.source.lines().nth(at)?;
        let skip = if at == above { spot.column.saturating_sub(1) } else { 0 };
        let from = source.char_indices().nth(skip).map_or(source.len(), |(at, _)| at);
        let found = source.get(from..)?.find(line)?;
        let column = source.get(..from + found)?.chars().count() + inner + 1;
        Some(Spot { line: at + 1, column })
    }
}
