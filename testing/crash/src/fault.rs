//! What went wrong, in words.

/// Any error: this crate only reports them.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;
