//! Tools of servers that speak the Model Context Protocol, for agents.
//!
//! | file | what it knows |
//! |---|---|
//! | `server` | [`Mcp`]: where a server is, and which of its tools are allowed |
//! | `link` | the connection: made when it is needed, made again when it broke |
//! | `tool` | a tool of a server as a step, and its results as text |
//!
//! The protocol itself is that of the official SDK, `rmcp`; nothing of it is seen from outside.

mod link;
mod server;
mod tool;

pub(crate) use server::fits;
pub use server::{Mcp, Program};

#[cfg(test)]
mod tests;
