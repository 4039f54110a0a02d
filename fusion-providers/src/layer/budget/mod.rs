//! Budgets: reserve before a call, settle after it.
//!
//! | file | what it is |
//! |---|---|
//! | `account` | pure: what is spent and what is held |
//! | `scope` | run, agent, project, day |
//! | `held` | a reservation that is settled however the call ends |
//! | `layer` | [`Budget`] |

mod account;
mod held;
mod layer;
mod scope;

pub use account::{Account, Hold};
pub use layer::Budget;
pub(super) use layer::KIND;
pub use scope::Scope;
