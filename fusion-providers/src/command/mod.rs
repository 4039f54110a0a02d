//! Command-line agents: programs that are asked by running them.
//!
//! | file | what it knows |
//! |---|---|
//! | `dialect` | [`Dialect`]: how a program is called and what its output means, as data; `dialects/*.json` are built in |
//! | `dialects` | [`Dialects`]: dialects by name, those of folders among them |
//! | `words` | from a dialect's words to a command |
//! | `prompt` | from a request to a question, or to what the program cannot do |
//! | `room` | the folder of one call: an empty place to work in, a home, a schema |
//! | `run` | one run of a program, within its limits |
//! | `decode` | from output to pieces of an answer |
//! | `middle` | what is left out of a text that is too long |
//! | `veil` | keys are hidden in what it says |
//! | `judge` | how it ended, as a fault of the class that fits |
//! | `provider` | [`CommandLine`]: the provider |
//! | `agent` | [`CommandAgent`]: the agent, which works in a folder |
//! | `changes` | which files of the folder changed |
//! | `node` | [`CommandStep`]: the `agent` nodes of workflow files that name a program |

mod agent;
mod changes;
mod decode;
pub mod dialect;
mod dialects;
mod judge;
mod middle;
mod node;
mod prompt;
mod provider;
mod room;
mod run;
mod veil;
mod words;

pub use agent::CommandAgent;
pub use dialect::{Dialect, Mode};
pub use dialects::Dialects;
pub use node::CommandStep;
pub use provider::CommandLine;
