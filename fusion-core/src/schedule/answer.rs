//! What a state answers when it is asked.

use crate::model::{Failure, Payload};

/// What a run rests on when nothing of it can go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// When the first timer is due, in milliseconds since 1970.
    pub due: Option<i64>,
    /// A step that this process has no code for.
    pub missing: Option<String>,
}

/// The output of a node.
#[derive(Debug)]
pub enum Output<'a> {
    /// It has not succeeded (yet).
    None,
    /// It was skipped.
    Skipped,
    /// One value.
    One(&'a Payload),
    /// The values of a map's items; a failed one has its failure.
    Many(Vec<Result<&'a Payload, &'a Failure>>),
}
