//! One door for the bindings: questions and answers as JSON, the same in every language.

mod components;
mod question;
mod specs;
#[cfg(test)]
mod tests;

pub use question::ask;
