//! From words to graphs and back: specification, plan, validation, deployment, healing.
//!
//! | part | what it is |
//! |---|---|
//! | [`analyze`] | what a specification needs: stack, components, agents, with the lines that say so |
//! | [`ask()`] | the door of the bindings: questions as JSON |
//! | [`build`] | a plan as a workflow: each task tried, checked, ticked |
//! | [`check`] | what proves that a task is done |
//! | [`coverage`] | requirements against tasks, files and checks |
//! | [`component`] | parts of a project that come, change and go as a whole: registry, plan, lock |
//! | [`mode`] | how much of all that a project has: prototype, mvp, production, scale |
//! | [`spec`] | folders with a specification: what they say, what is wrong with them |
//! | [`tasks`] | `tasks.md` as a graph of tasks, and its ticks written back |
//! | [`testing`] | the tests of a project: found, run as a durable workflow, told as JUnit XML |
//! | `markdown` | pages as blocks with their lines |

pub mod analyze;
mod ask;
pub mod build;
pub mod check;
pub mod component;
pub mod coverage;
mod markdown;
pub mod mode;
pub mod spec;
pub mod tasks;
pub mod testing;
mod words;
mod yaml;

pub use ask::ask;
