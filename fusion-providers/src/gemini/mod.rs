//! Google's protocol for Gemini: `generateContent`.
//!
//! | file | what is in it |
//! |---|---|
//! | `encode` | request → JSON |
//! | `decode` | JSON, whole or of an event → chunks |
//! | `catalogue` | embeddings and models |
//! | `provider` | the provider itself |

mod catalogue;
mod decode;
mod encode;
mod provider;

pub use provider::Gemini;

#[cfg(test)]
mod tests;
