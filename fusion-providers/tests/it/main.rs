//! Providers against servers that misbehave, each in its own way.
#![cfg(test)]

mod bed;
mod broken;
mod faults;
mod garbage;
mod limits;
mod local;
mod secret;
mod server;
