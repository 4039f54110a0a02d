//! The errors that were found so far.

use crate::error::{Code, Error};

use super::places::Places;
use super::site::At;

/// How many errors are listed before the rest is only counted.
const LISTED: usize = 100;

/// The errors of one check, in the order in which they were found.
#[derive(Debug)]
pub struct Report<'a> {
    places: &'a Places,
    errors: Vec<Error>,
    more: usize,
}

impl<'a> Report<'a> {
    /// Begins with no error.
    pub fn new(places: &'a Places) -> Self {
        Self { places, errors: Vec::new(), more: 0 }
    }

    /// Gives the places of the graph's parts.
    pub fn places(&self) -> &'a Places {
        self.places
    }

    /// Tells whether so many errors were found that looking for hints for more is not worth the time.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= LISTED
    }

    /// Adds an error about a part of the graph.
    pub fn add(&mut self, at: &At<'_>, error: Error) {
        let place = if self.is_full() { None } else { self.places.find(&at.pointer()) };
        self.push(match place {
            Some(place) if error.place().is_none() => error.at(place),
            _ => error,
        });
    }

    /// Adds an error that has its place already, or has none.
    pub fn push(&mut self, error: Error) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.errors.push(error);
        }
    }

    /// Gives everything that was found, in the file's order.
    pub fn into_errors(mut self) -> Vec<Error> {
        self.errors.sort_by(|a, b| match (a.place(), b.place()) {
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
        // The reader and the check may both find the same number out of range; the reader knows more about it.
        self.errors.dedup_by(|next, first| {
            let same = next.place().is_some() && next.place() == first.place();
            same && next.code() == Code::WrongType && first.code() == Code::WrongType
        });
        if self.more > 0 {
            self.errors
                .push(Error::new(Code::Limit, format!("{} more errors are not listed", self.more)));
        }
        self.errors
    }

    /// Gives everything that was found as one error.
    ///
    /// # Errors
    /// All of them, joined.
    pub fn finish(self) -> Result<(), Error> {
        Error::join(self.into_errors()).map_or(Ok(()), Err)
    }
}
