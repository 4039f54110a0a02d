//! What only some kinds of nodes do.

mod map;
mod rest;
mod wait;
