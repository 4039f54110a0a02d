//! What is seen of calls: spans and metrics, with the names of OpenTelemetry's conventions.
//!
//! | file | what it is |
//! |---|---|
//! | `names` | every name, and which state of the convention they are from |
//! | `metrics` | counts, by provider, operation and model |
//! | `span` | the span of one call |
//! | `kept` | spans that are kept until somebody asks for them |
//! | `layer` | [`Observe`] |

mod kept;
mod layer;
mod metrics;
pub mod names;
mod span;

pub use kept::SpanRow;
pub use layer::Observe;
pub use metrics::{BOUNDS_MS, Metrics, Row};
