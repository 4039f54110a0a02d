//! What proves that a task is done: its files are there, say something, can be read; commands end well, services answer.

mod evidence;
mod files;
mod http;
mod perform;
mod placeholder;
mod race;
mod settings;
mod syntax;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Proof};
pub use files::{FileProof, inside, look};
pub use perform::Checker;
pub use placeholder::placeholder;
pub use settings::{Check, Gates, Http, Settings, What};
