//! Providers against llama.cpp's own server with a small model. Does nothing unless `cargo xtask real` has fetched them.
#![cfg(test)]

mod chat;
mod server;
