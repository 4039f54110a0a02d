//! Workspaces of agents: a folder each, commands in a sandbox, snapshots.
//!
//! | file | what it knows |
//! |---|---|
//! | `quota` | [`Quota`]: what a workspace may hold |
//! | `sandbox` | [`Sandbox`]: commands that reach only what is listed |

mod quota;
mod sandbox;

pub use quota::{Quota, Usage};
pub use sandbox::{
    Bound, Command, Ended, Isolation, Level, Network, Output, Policy, Sandbox, enter,
};
