//! Carries out what the scheduler decides, in the real world. No policy lives here.

mod os;

pub use os::Os;
