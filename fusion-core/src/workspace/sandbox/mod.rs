//! Commands in a sandbox: what may be reached is listed, everything else is not there.
//!
//! Three layers, one inside the other: namespaces of their own (bubblewrap: a root of few read-only folders, no network, no
//! other processes), rules for files (Landlock), rules for system calls (seccomp). The last two are put on by a launcher, the
//! hidden command `fusion sandbox`, which runs inside the first and becomes the program. A layer that does not come about
//! refuses the command, unless the policy says that less will do.
//!
//! | file | what it knows |
//! |---|---|
//! | `policy` | [`Policy`]: what a command may |
//! | `level` | [`Level`]: which layers there are, and which limits hold |
//! | `spec` | what the launcher is told |
//! | `bubble` | the arguments of bubblewrap: pure |
//! | `group` | control groups: processes and memory of all that a command starts |
//! | `launcher` | which program is the launcher |
//! | `run` | [`Sandbox`]: looks at what there is, and runs |
//! | `end` | how a command ended, or why it did not begin |
//! | `watch` | ends what takes too long or fills its folder |
//! | `enter` | the launcher's own part, with `limits`, `files` (Landlock) and `calls` (seccomp) |

mod bubble;
#[cfg(target_os = "linux")]
mod calls;
mod end;
mod enter;
#[cfg(target_os = "linux")]
mod files;
mod group;
mod launcher;
mod level;
#[cfg(target_os = "linux")]
mod limits;
mod policy;
mod run;
mod spec;
mod watch;

pub use end::{Ended, Output};
pub use enter::enter;
pub use level::{Bound, Level};
pub use policy::{Isolation, Network, Policy};
pub use run::{Command, Sandbox};
