//! Built-in tools of agents: files of a folder, programs under a policy, the web without a way inside.
//!
//! | file | what it knows |
//! |---|---|
//! | `workspace` | [`Workspace`]: list, read, search and change the files of one folder |
//! | `command` | [`Commands`]: run programs that a list allows |
//! | `web` | [`Web`]: ask hosts that a list allows, at public addresses only |
//! | `memory` | remember, recall, forget: what an agent knows beyond one task |
//! | `spec` | [`ToolsSpec`]: a set of tools as files and other languages describe it |
//! | `body` | a tool of a function that has its attempt |
//! | `away` | work that blocks, given up when nobody waits for it |
//!
//! What goes wrong is told to the model, which can do better; it fails no run.

mod away;
mod command;
mod memory;
mod spec;
mod web;
mod workspace;

pub use command::Commands;
pub use spec::ToolsSpec;
pub(crate) use spec::{Ground, Remote, ask, make, make_here, unique};
pub use web::{Lookup, Web};
pub use workspace::Workspace;
