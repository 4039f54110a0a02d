//! What agents know beyond one task: facts that are found again by key and by words, and their own saved state.
//!
//! | part | what it is |
//! |---|---|
//! | [`Memories`], [`Memory`] | the memories of a store, and one of them |
//! | [`Fact`], [`Recalled`] | what is remembered, and what a search finds |
//! | `search` | pure: which facts speak of a text, by BM25 |
//! | `state` | the saved state of an agent, with its version |

#[cfg(feature = "engine")]
mod facts;
mod search;
#[cfg(feature = "engine")]
mod state;

#[cfg(feature = "engine")]
pub use facts::{Memories, Memory};
pub use search::{Fact, Recalled};
