//! Plugins, real ones: those of the examples, and ones that misbehave, each in its own way.
#![cfg(test)]

mod bed;
mod conduct;
mod crash;
mod example;
mod panics;
mod shape;
