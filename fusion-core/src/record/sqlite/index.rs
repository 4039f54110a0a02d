//! The row ids of long streams that somebody pages through: links lead only backwards, so going forth needs a list.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::walk::{Standing, walk};
use crate::error::Result;

/// The most streams that are remembered.
const STREAMS: usize = 8;

/// The place of the first record and the id of each row of a stream, in order.
type Index = Vec<(u64, i64)>;

/// The lists of the streams that were paged through last.
#[derive(Debug, Default)]
pub(super) struct Indexes(Mutex<Vec<(i64, Index)>>);

impl Indexes {
    /// Gives the list of a stream, made anew or continued.
    pub(super) fn of(&self, connection: &Connection, standing: Standing) -> Result<Index> {
        let mut known = self.take(standing.id);
        let end = known.last().map_or(0, |(_, id)| *id);
        let mut new = Vec::new();
        let mut met = false;
        walk(connection, standing, |link, _| {
            met = link.id == end;
            if !met {
                new.push((link.first, link.id));
            }
            Ok(!met)
        })?;
        if !met {
            // The stream was deleted and made again.
            known.clear();
        }
        known.extend(new.into_iter().rev());
        Ok(known)
    }

    /// Keeps a list for the next page.
    pub(super) fn keep(&self, stream: i64, index: Index) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(id, _)| *id != stream);
        if all.len() >= STREAMS {
            all.remove(0);
        }
        all.push((stream, index));
    }

    fn take(&self, stream: i64) -> Index {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|(id, _)| *id == stream);
        place.map_or_else(Vec::new, |place| all.remove(place).1)
    }
}
