//! YAML that may be of several documents, with tags: whether it can be read, and where its keys stand.

use fusion_core::graph::file;
use saphyr_parser::Parser;
use serde_json::Value;

use crate::yaml::Spots;

/// A file of YAML, or of JSON, which is YAML too.
pub(super) struct Page {
    /// What stands in it; nothing for what is read by others only: several documents, tags.
    pub(super) value: Option<Value>,
    spots: Spots,
}

impl Page {
    /// Reads a file.
    ///
    /// # Errors
    /// The line, and what cannot be read there.
    pub(super) fn read(text: &str, name: &str) -> Result<Self, (usize, String)> {
        for event in Parser::new_from_str(text) {
            if let Err(why) = event {
                return Err((why.marker().line(), why.info().to_owned()));
            }
        }
        let value = file::value(text, name).ok();
        let spots = if value.is_some() { Spots::of(text) } else { Spots::default() };
        Ok(Self { value, spots })
    }

    /// The line of a path.
    pub(super) fn line(&self, path: &str) -> usize {
        self.spots.at(path).0
    }
}

/// Whether a file is filled in by a program first: it is no YAML before that.
pub(super) fn is_template(text: &str) -> bool {
    let marks = |open: &str| {
        text.match_indices(open)
            .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with('$')))
    };
    marks("{{") || text.contains("{%") || text.contains("<%")
}
