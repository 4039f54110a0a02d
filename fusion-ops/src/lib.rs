//! From words to graphs and back: specification, plan, validation, deployment, healing.
//!
//! | part | what it is |
//! |---|---|
//! | [`analyze`] | what a specification needs: stack, components, agents, with the lines that say so |
//! | [`build`] | a plan as a workflow: each task tried, checked, ticked |
//! | [`check`] | what proves that a task is done |
//! | [`coverage`] | requirements against tasks, files and checks |
//! | [`component`] | parts of a project that come, change and go as a whole: registry, plan, lock |
//! | [`spec`] | folders with a specification: what they say, what is wrong with them |
//! | [`tasks`] | `tasks.md` as a graph of tasks, and its ticks written back |
//! | `markdown` | pages as blocks with their lines |

pub mod analyze;
pub mod build;
pub mod check;
pub mod component;
pub mod coverage;
mod markdown;
pub mod spec;
pub mod tasks;
mod words;
mod yaml;
