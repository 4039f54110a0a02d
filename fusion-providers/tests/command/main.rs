//! Command-line agents: real programs that play transcripts, or misbehave, each in its own way.
#![cfg(test)]

mod agent;
mod bed;
mod broken;
mod dialects;
mod limits;
mod open;
mod secret;
