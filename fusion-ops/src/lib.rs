//! From words to graphs and back: specification, plan, validation, deployment, healing.
//!
//! | part | what it is |
//! |---|---|
//! | [`spec`] | folders with a specification |
//! | [`tasks`] | `tasks.md` as a graph of tasks, and its ticks written back |
//! | `markdown` | pages as blocks with their lines |

mod markdown;
pub mod spec;
pub mod tasks;
mod words;
