//! The scheduler: pure. Inputs go in, commands come out; no clock, no randomness, no waiting.
//!
//! [`State`] is the fold of a run's records over its [`Program`](crate::graph::Program). [`State::decide`] turns an
//! input into records (which it folds at once) and the commands that follow from them. The driver makes the records
//! durable before it carries out any command behind them, and throws the state away when it cannot: so what is folded
//! from the journal is always what was decided.

mod advance;
mod answer;
mod cells;
mod decide;
mod fit;
mod fold;
mod kind;
mod ready;
mod rule;
mod settle;
mod state;
#[cfg(test)]
mod tests;
mod transitions;

pub use answer::{Output, Rest};
pub(crate) use rule::parent;
pub use state::State;
pub use transitions::{NODE, RUN};
