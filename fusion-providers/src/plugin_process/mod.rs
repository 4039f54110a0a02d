//! Plugins in a process of their own: one that crashes takes nothing along.
//!
//! | file | what it knows |
//! |---|---|
//! | `frame` | what both sides say to one another |
//! | `host` | the process: it loads the plugin with [`plugin_host`](crate::plugin_host), and answers |
//! | `program` | which program is started as one |
//! | `child` | one such process, seen from outside: its calls, what it is told, when it has to end |
//! | `ears` | what it says, and how it ended |
//! | `death` | how it ended, in words |
//! | `life` | the next process, when one has died |
//! | `process` | [`PluginProcess`]: what is to be opened, and as what |
//!
//! The provider is the one over plugins of this process; only where its calls go is another.

mod child;
mod death;
mod ears;
mod frame;
mod host;
mod life;
mod process;
mod program;

pub use host::host;
pub(crate) use process::MEMORY;
pub use process::PluginProcess;
