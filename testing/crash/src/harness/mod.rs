//! Kills workers, and judges what they leave behind.

mod acks;
mod disk;
mod dump;
mod judge;
mod observe;
mod orphans;
mod outcome;
mod random;
mod scene;
mod slot;
mod trial;

pub use disk::Disk;
pub use outcome::Report;
pub use scene::{Scene, records};
pub use trial::{Kills, Plan, takeover, trials};
