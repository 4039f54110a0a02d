//! A provider by its name, with the keys of the environment; and what listens on this machine.

mod local;
mod named;
mod secrets;

pub use local::{Found, discover};
pub(crate) use named::whose;
pub use named::{Keys, Known, known, open};
pub(crate) use secrets::{names_secret, remember, watched};

#[cfg(test)]
mod tests;
