//! OpenAI's protocol of chat completions, which most servers speak.
//!
//! | file | what is in it |
//! |---|---|
//! | `encode` | request → JSON |
//! | `decode` | JSON → answer |
//! | `delta` | events → chunks |
//! | `catalogue` | embeddings and models |
//! | `provider` | the provider itself |

mod catalogue;
mod decode;
mod delta;
mod encode;
mod provider;

pub(crate) use encode::Dialect;
pub(crate) use provider::Chat;
pub use provider::OpenAi;

#[cfg(test)]
mod tests;
