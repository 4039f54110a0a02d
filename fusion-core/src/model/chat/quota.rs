//! What a provider says of how much may still be asked of it.

use serde::{Deserialize, Serialize};

use super::Usd;

/// What is left of one kind of thing within the provider's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowance {
    /// How many there are in a window (for nearly all providers a minute).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// How many are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// When all are there again, in milliseconds from when this was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_ms: Option<u64>,
}

/// An observation of an account's limits, from the headers of a response or from [`Provider::quota`].
///
/// [`Provider::quota`]: crate::contract::Provider::quota
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Allowance>,
    /// Tokens, of input and output together or of whichever is scarcer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Allowance>,
    /// Money that the account may still spend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<Usd>,
}

impl Quota {
    /// Takes over what the later observation says, and keeps what it is silent about.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            requests: later.requests.or(self.requests),
            tokens: later.tokens.or(self.tokens),
            credit: later.credit.or(self.credit),
        }
    }

    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
