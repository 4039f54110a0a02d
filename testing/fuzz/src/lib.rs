//! Throws damaged bytes at everything that reads bytes from outside, and judges what comes back.
//!
//! A [`Target`] checks one input: an error in words is fine, a panic, a hang or a wrong result is not. It also says what
//! it met, in a number; an input that meets something new joins those that are mutated further, so that the search goes
//! deeper without any instrumentation and on the stable compiler.
//!
//! ```text
//! cargo xtask fuzz workflow --seconds 3600
//! cargo xtask fuzz workflow testing/fuzz/found/workflow-1f3a
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `target` | the table of targets |
//! | `workflow`, `template`, `record`, `capsule`, `journal`, `stream`, `page`, `package` | a target each |
//! | `mutate` | how inputs are made |
//! | `hunt` | inputs in a row, and a failing one made small |
//! | `shape` | what an input met |

mod capsule;
mod hunt;
mod journal;
mod mutate;
mod package;
mod page;
mod record;
mod shape;
mod stream;
mod target;
mod template;
mod workflow;

pub use hunt::{Caught, Report, hunt, try_one};
pub use target::{TARGETS, Target, seeds};
