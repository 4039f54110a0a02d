//! Layers and the scripted provider in a world whose clock moves only when nothing else can.

mod budget;
mod cache;
mod gate;
mod layers;
mod observe;
mod prune;
mod retry;
mod scripted;
mod shared;
mod streams;
pub(crate) mod world;
