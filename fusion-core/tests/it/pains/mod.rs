//! What hurts users of engines of this kind, a test for each: `docs/pains.md` says which test answers which complaint.

mod bed;
mod both;
mod disk;
mod fan;
mod heavy;
mod human;
mod limit;
mod owner;
mod process;
mod recovery;
mod secret;
mod share;
mod slot;
