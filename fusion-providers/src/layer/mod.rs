//! Layers: what is done around the calls of any provider. Each is usable alone; together, the last one added is outermost.
//!
//! ```text
//! provider.layer(Timeout::usual())      each attempt has its limits
//!         .layer(gate)                  each attempt waits for its turn
//!         .layer(Retry::new())          attempts
//!         .layer(Fallback::to(other))   another provider, when attempts did not help
//!         .layer(cache)                 what was answered already is not asked again
//! ```
//!
//! | layer | does |
//! |---|---|
//! | [`Retry`] | tries again what may go away by itself |
//! | [`Fallback`] | asks another provider or model |
//! | [`Timeout`] | ends what takes too long, as a whole or between two chunks |
//! | [`Budget`] | refuses what the money of a run, an agent, a project or a day does not allow |
//! | [`Gate`] | starts calls no faster than an account may ask, for all processes |
//! | [`Cache`] | keeps answers in the store; equal questions at once are one |
//! | [`Concurrency`] | lets so many calls be under way |
//! | [`Breaker`] | keeps calls away from a provider that fails all the time |
//! | [`Redact`] | takes secrets out of what goes to a provider |
//! | [`Batch`] | asks for many vectors in few requests |
//! | [`Observe`] | makes spans and counts, with OpenTelemetry's names |
//! | [`Rotation`] | several keys for one service; one that fails rests |

mod batch;
mod breaker;
pub mod budget;
mod cache;
mod concurrency;
mod estimate;
mod fallback;
mod gate;
pub mod observe;
mod over;
mod prune;
mod redact;
mod retry;
mod rotation;
mod shelf;
mod timeout;
mod watch;

pub use batch::Batch;
pub use breaker::Breaker;
pub use budget::Budget;
pub use cache::Cache;
pub use concurrency::Concurrency;
pub use fallback::Fallback;
pub use gate::Gate;
pub use observe::Observe;
pub use over::{Layer, Layered, ProviderExt};
pub use prune::prune;
pub use redact::Redact;
pub use retry::Retry;
pub use rotation::Rotation;
pub use timeout::Timeout;
