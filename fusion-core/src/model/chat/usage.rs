//! How many tokens were read and written.

use serde::{Deserialize, Serialize};

/// The tokens of a call.
///
/// `input` counts all that was read, with what came from a cache or went into one; `output` all that was written, with
/// reasoning. The other fields say how much of these it was. Protocols that count otherwise are translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens read, all of them.
    pub input: u64,
    /// Tokens written, all of them.
    pub output: u64,
    /// Of the input, what the provider had in its cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_read: u64,
    /// Of the input, what the provider put into its cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_write: u64,
    /// Of the output, what was reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: u64,
}

impl Usage {
    /// Makes a usage without caches and reasoning.
    pub fn new(input: u64, output: u64) -> Self {
        Self { input, output, ..Self::default() }
    }

    /// Gives input and output together.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Adds another call's tokens; at the end of the numbers it stops there.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.merge(other, u64::saturating_add)
    }

    /// Gives the larger of each field: of two counts of one call that are both totals so far, the later one.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.merge(other, Ord::max)
    }

    fn merge(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            input: join(self.input, other.input),
            output: join(self.output, other.output),
            cached_read: join(self.cached_read, other.cached_read),
            cached_write: join(self.cached_write, other.cached_write),
            reasoning: join(self.reasoning, other.reasoning),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
