//! A plugin that answers from a GGUF file in this process, by llama.cpp: a real model without a key, a server or a network.
//!
//! | part | what it does |
//! |---|---|
//! | `provider` | the provider, and the one line that makes a plugin of it |
//! | `shelf` | the folder with the models, from a name to a file |
//! | `prompt` | from messages and tools to the text that the model was trained on |
//! | `engine` | the thread that owns a loaded model and answers one request after the other |
//! | `session` | what the model has read so far, and the tokens it says next |
//! | `sampler` | how the next token is picked: temperature, grammars |
//! | `reader` | from the model's words to text, calls of tools, and the end |

mod engine;
mod prompt;
mod provider;
mod reader;
mod sampler;
mod session;
mod shelf;

pub use provider::Local;
