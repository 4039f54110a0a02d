//! Kills workers, and judges what they leave behind.

mod acks;
mod dump;
mod judge;
mod observe;
mod orphans;
mod outcome;
mod random;
mod slot;
mod trial;

pub use outcome::Report;
pub use trial::{Kills, Plan, takeover, trials};
