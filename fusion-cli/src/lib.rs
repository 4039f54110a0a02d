//! The `fusion` command, as a library so that the Python and Node packages carry it too.
//!
//! | folder | what lives there |
//! |---|---|
//! | `args` | what can be typed |
//! | `command` | what each command does: a file each |
//! | `project` | the project's folder, its store, its workflow files |
//! | `render` | what is seen: terminal, plain lines, JSON |
//!
//! No behaviour lives here: what a command does, `fusion_core` does.

mod args;
mod command;
mod entry;
mod project;
mod render;

pub use command::{build_in, init_in, proved, register_builds, test_in};
pub use entry::{help, run};
pub use project::{settings_for, workspaces_here};
pub use render::show;
