//! Ollama's own protocol: models on this machine or another one, without keys.
//!
//! | file | what is in it |
//! |---|---|
//! | `encode` | request → JSON |
//! | `decode` | JSON, whole or of a line → chunks |
//! | `provider` | the provider itself |

mod decode;
mod encode;
mod provider;

pub use provider::Ollama;

#[cfg(test)]
mod tests;
