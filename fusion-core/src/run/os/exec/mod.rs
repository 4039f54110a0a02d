//! Programs: found, started, fed, read, and ended with all their children.
//!
//! | file | what it knows |
//! |---|---|
//! | `commands` | [`Commands`]: the course of one program, from waiting for a free place to its [`Exit`](crate::contract::Exit) |
//! | `find` | which file an `argv[0]` means |
//! | `explain` | what to tell a person about a program that cannot be started |
//! | `start` | the started program; dropping it kills it |
//! | `pump` | feeding and reading without a deadlock and in bounded memory |
//! | `tree` | who descends from a program, and how all of them are ended |
//! | `guard` | the little process that outlives us and ends our programs if we are killed |
//! | `leftover` | what earlier attempts of the same node left running |
//!
//! What is promised:
//! - A program leads a process group of its own: a Ctrl-C on the terminal is for us, not for it.
//! - To end it, its group and all its descendants get `SIGTERM`, also those that made a group or session of their own;
//!   what is left after the grace gets `SIGKILL`. A dropped future kills at once. One that does not even
//!   then disappear (it belongs to another user, it hangs in the kernel) is reported as a failure.
//! - Descendants are found by `/proc` (Linux): by parent, group and session, and those that cut all these ties by the
//!   `FUSION_*` variables that they were started with. Elsewhere the group alone is ended.
//! - If this process is killed, even by `SIGKILL`, the guard (a `/bin/sh`) sees its pipe close and ends what it was told
//!   of: groups and descendants, but not those that cut all ties, and a program of a run that was just being started,
//!   which it was told of before. What is left then, or where there is no `/bin/sh`,
//!   the next attempt of the same node kills before it starts, if it starts on this host.
//! - What a program leaves behind after it ended by itself is left alone, unless nothing is to be left; its pipes are read for a moment, then closed.

mod commands;
mod explain;
mod find;
mod guard;
mod leftover;
mod pump;
mod start;
mod tree;

pub(super) use commands::Commands;

#[cfg(test)]
mod tests;
