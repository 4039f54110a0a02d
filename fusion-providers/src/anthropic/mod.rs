//! Anthropic's protocol of messages.
//!
//! | file | what is in it |
//! |---|---|
//! | `encode` | request → JSON |
//! | `decode` | JSON → answer |
//! | `delta` | events → chunks |
//! | `provider` | the provider itself |

mod decode;
mod delta;
mod encode;
mod provider;

pub use provider::Anthropic;

#[cfg(test)]
mod tests;
