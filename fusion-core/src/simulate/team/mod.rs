//! What agents do in a world: they write to each other, ask durable objects, and are given tasks.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | who does what, drawn from the seed |
//! | `work` | what each process does of it |
//! | `count` | the objects of the worlds: lists of what they were asked |
//! | `notes` | what was seen from outside, and what must never be |

mod count;
mod notes;
mod plan;
#[cfg(test)]
mod tests;
mod work;

pub(super) use notes::{Seen, check, is_done, still};
pub(super) use plan::Team;
pub(super) use work::{Member, begin};
