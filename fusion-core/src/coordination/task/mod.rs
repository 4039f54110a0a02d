//! Tasks: what is to be done by some agent, with needs, priority, retries, and an end that somebody hears of.

mod row;
mod spec;
mod tasks;

#[cfg(test)]
mod tests;

pub(super) use row::{DONE, QUEUE, again, entry_key, waiting};
pub use row::{TaskRow, TaskState};
pub use spec::{PRIORITIES, Resources, RetryPolicy, TaskSpec};
pub use tasks::Tasks;
pub(super) use tasks::run_id;
