//! The engine through its façade, on the memory store: what a program sees.
#![cfg(test)]

mod basics;
mod control;
