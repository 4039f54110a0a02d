//! Weights: the files of models that answer on this machine, in a folder of the user's.
//!
//! | part | what it does |
//! |---|---|
//! | [`Weights`] | the folder: list, find, remove, fetch |
//! | [`Wanted`] | what somebody wants of weights that are fetched: a name, a hash |
//! | [`Source`] | where weights come from: a name that is known, a URL, a file |
//! | `known` | the weights that are known by name, a data file |
//! | `fetch` | gets them: from a package, over HTTP, from a file |
//! | `draft` | where they lie until they are whole; what a killed pull left is removed |

mod draft;
mod fetch;
mod folder;
mod known;
mod source;

pub use folder::{Held, Wanted, Weights};
pub use known::{Known, known};
pub use source::Source;
