//! Services: who offers what, which of them a request goes to, and several of them as one.
//!
//! | part | what it is |
//! |---|---|
//! | [`Service`], [`Criteria`], [`Target`] | what is offered, what is looked for, where it is |
//! | [`Strategy`], `choose` | pure: which of several gets a request |
//! | [`Composition`], [`Rule`], `compose` | several calls as one; pure: what comes of them when some fail |
//! | [`Services`] | the registry in the store, and calls through it |

mod choose;
mod compose;
#[cfg(feature = "engine")]
mod registry;
mod words;

pub use choose::{Load, Strategy, choose};
pub use compose::{Composition, Part, Rule};
#[cfg(feature = "engine")]
pub use registry::{Reach, Services};
pub use words::{Criteria, Service, Target};
