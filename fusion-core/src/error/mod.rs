//! What can go wrong, as data: a stable code, one sentence, a hint with the fix, and where.
//!
//! Every code has a page (`codes/FU0102.md`: what, why, what to do), which `fusion explain FU0102` prints.

mod code;
mod kind;
pub mod nearest;

pub use code::Code;
pub use kind::{Error, Place, Result};
