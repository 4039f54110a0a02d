//! The `fusion` command.
fn main() {}
