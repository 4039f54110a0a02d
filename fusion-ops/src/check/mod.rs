//! What proves that a task is done: its files are there, say something, can be read; commands end well, services answer.

mod evidence;
mod files;
mod http;
mod perform;
mod placeholder;
mod race;
pub mod rules;
mod schema;
mod settings;
mod suite;
mod syntax;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Proof};
pub(crate) use files::look_for;
pub use files::{FileProof, inside, look};
pub use perform::Checker;
pub use placeholder::placeholder;
pub(crate) use race::Until;
pub use schema::schema;
pub use settings::{Check, Gates, Http, Settings, Tests, What};
