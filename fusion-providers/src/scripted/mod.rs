//! A provider without a model: it says what a script or a recording says.
//!
//! | file | what it is |
//! |---|---|
//! | `provider` | [`Scripted`]: plays answers, streams, faults and delays |
//! | `exchange` | one question with what came of it, as recordings hold it |
//! | `nearest` | which recorded question is most like one that was not recorded |
//! | `file` | recordings on disk, versioned, written whole or not at all |
//! | `hidden` | what recordings never hold: secrets that are known, credentials of headers |
//! | `record` | [`Record`]: the layer that makes recordings from any provider |

mod exchange;
mod file;
mod hidden;
mod nearest;
mod provider;
mod record;

pub use exchange::{Asked, Exchange, Said, Timed};
pub use file::{read, write};
pub use provider::Scripted;
pub use record::Record;
