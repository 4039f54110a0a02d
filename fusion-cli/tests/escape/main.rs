//! Attempts to get out of the sandbox of commands, each a test: what they try to read, change, reach or use up stands outside.
//!
//! The launcher is the real `fusion`. An attempt that is harmless is made without the sandbox, too, where it has to succeed: so
//! that it is the sandbox that stops it, and not a mistake in the attempt.

#![cfg(test)]
#![cfg(target_os = "linux")]

mod closed;
mod files;
mod floods;
mod ground;
mod kernel;
mod network;
mod processes;
