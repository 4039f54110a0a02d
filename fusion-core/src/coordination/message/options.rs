//! What a mailbox is set to, and what a sender is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::limits;

/// What a mailbox is set to; the store keeps it under the agent's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailboxOptions {
    /// How many parcels it holds at the most; then whoever sends is refused with `FU0106`. A parcel is one message, or up to
    /// 64 that were sent at the same time.
    pub capacity: u32,
    /// How often a message is delivered at the most, if it is never acknowledged; then it goes to the dead letters.
    pub attempts: u32,
    /// How long a message may be held without being acknowledged, in milliseconds; then it is delivered again.
    pub hold_ms: u64,
    /// What the agent can do: it gets messages to `capability/NAME`.
    pub capabilities: Vec<String>,
}

impl Default for MailboxOptions {
    fn default() -> Self {
        Self {
            capacity: limits::MAILBOX_PARCELS,
            attempts: limits::DELIVERIES,
            hold_ms: limits::DELIVERY_HOLD_MS,
            capabilities: Vec::new(),
        }
    }
}

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The message's name.
    pub id: Arc<str>,
    /// The agents in whose mailboxes it lies.
    pub to: Vec<Arc<str>>,
    /// The agents that subscribed, or are among all, but whose mailboxes are full.
    pub full: Vec<Arc<str>>,
    /// A message of this name was sent before: nothing was sent now.
    pub duplicate: bool,
}
