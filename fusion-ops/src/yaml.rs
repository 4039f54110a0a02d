//! Where things stand in a YAML text: the lines of keys and items, by their path.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser};

/// A line and a column, both from 1.
pub(crate) type Spot = (usize, usize);

/// The places of keys and items by JSON pointer: `/spec/stack`, `/spec/requirements/0`.
///
/// The text is one that `fusion_core::graph::file::value` has read: bounded and right.
#[derive(Debug, Default)]
pub(crate) struct Spots(HashMap<String, Spot>);

enum Open {
    Map { path: String, key: Option<String> },
    List { path: String, next: usize },
}

impl Spots {
    /// Finds them.
    pub(crate) fn of(text: &str) -> Self {
        let mut spots = Self::default();
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            let at = span.start;
            match event {
                Event::Scalar(text, ..) => {
                    if let Some(Open::Map { path, key: key @ None }) = open.last_mut() {
                        let whole = format!("{path}/{}", escaped(&text));
                        spots.0.entry(whole.clone()).or_insert_with(|| spot(at));
                        *key = Some(whole);
                    } else {
                        spots.place(&mut open, at);
                    }
                }
                Event::Alias(_) => {
                    spots.place(&mut open, at);
                }
                Event::MappingStart(..) => {
                    let path = spots.place(&mut open, at);
                    open.push(Open::Map { path, key: None });
                }
                Event::SequenceStart(..) => {
                    let path = spots.place(&mut open, at);
                    open.push(Open::List { path, next: 0 });
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    open.pop();
                }
                _ => {}
            }
        }
        spots
    }

    /// Gives the place of a path, or of what is around it.
    pub(crate) fn at(&self, path: &str) -> Spot {
        let mut path = path;
        loop {
            if let Some(spot) = self.0.get(path) {
                return *spot;
            }
            match path.rfind('/') {
                Some(end) => path = path.get(..end).unwrap_or_default(),
                None => return (1, 1),
            }
        }
    }

    /// Takes the next place of what is open, and gives its path.
    fn place(&mut self, open: &mut [Open], at: Marker) -> String {
        let path = match open.last_mut() {
            None => String::new(),
            Some(Open::Map { path, key }) => key.take().unwrap_or_else(|| path.clone()),
            Some(Open::List { path, next }) => {
                *next += 1;
                format!("{path}/{}", *next - 1)
            }
        };
        self.0.entry(path.clone()).or_insert_with(|| spot(at));
        path
    }
}

/// A key as a piece of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn spot(marker: Marker) -> Spot {
    (marker.line(), marker.col() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_items_have_places() {
        let spots = Spots::of("a:\n  b: 1\n  c: [x, {d: 2}]\n");
        assert_eq!(spots.at("/a/b"), (2, 3));
        assert_eq!(spots.at("/a/c/0"), (3, 7));
        assert_eq!(spots.at("/a/c/1/d"), (3, 11));
        assert_eq!(spots.at("/a/zz"), (1, 1));
        assert_eq!(spots.at("/nowhere"), (1, 1));
    }
}
