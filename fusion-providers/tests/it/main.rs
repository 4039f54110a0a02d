//! Providers against servers that misbehave, each in its own way; tools of agents against models that do.
#![cfg(test)]

mod bed;
mod broken;
mod command;
mod faults;
mod garbage;
mod hands;
mod limits;
mod local;
mod secret;
mod server;
mod web;
mod workspace;
