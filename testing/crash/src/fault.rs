//! What goes wrong with the harness itself.

/// What went wrong, in words.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;
