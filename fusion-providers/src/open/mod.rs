//! A provider by its name, with the keys of the environment; and what listens on this machine.

mod local;
mod named;

pub use local::{Found, discover};
pub use named::{Keys, Known, known, open};

#[cfg(test)]
mod tests;
