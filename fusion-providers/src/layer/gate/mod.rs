//! Rate gates: one for an account and model, for all processes.
//!
//! | file | what it is |
//! |---|---|
//! | `meter` | pure: when the next one may start |
//! | `state` | pure: what the store keeps of a gate, and what is learned from responses |
//! | `layer` | [`Gate`] |

mod layer;
mod meter;
mod state;

pub use layer::Gate;
pub(super) use layer::KIND;
