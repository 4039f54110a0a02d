//! Who should do a task: agents by what they are good at.
//!
//! | part | what it is |
//! |---|---|
//! | [`Card`] | what an agent is good at, how hard tasks may be, how quick and how dear it is |
//! | [`Router`] | which agent a task's text goes to, and why |
//! | `cards.json` | the five agents that are known without any card of one's own |
//! | `words.json` | the words of tasks, by capability |
//! | `text` | from a task's text to weighted terms |

mod card;
mod route;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use card::{Card, Complexity, Cost, Speed};
pub use route::{Aim, Ranked, Routed, Router};
