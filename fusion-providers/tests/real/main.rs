//! Providers against llama.cpp's own server with a small model, `LiteLLM`'s proxy, and the real command-line agents. Does nothing unless
//! `cargo xtask real` has fetched them.
#![cfg(test)]

mod agents;
mod chat;
mod litellm;
mod server;
