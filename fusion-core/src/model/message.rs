//! What is said to a run by others: the bodies of its inbox entries. The owner moves them into the journal.

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Key, NodeIx, Payload, RunId, Verdict};

/// One message to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// A signal: name, payload.
    #[serde(rename = "g")]
    Signal(String, Payload),
    /// An answer to the approval that a node waits for.
    #[serde(rename = "a")]
    Answer(NodeIx, Answer),
    /// Start nothing new: who says so.
    #[serde(rename = "p")]
    Pause(String),
    /// Go on: who says so.
    #[serde(rename = "r")]
    Resume(String),
    /// End: who says so, why.
    #[serde(rename = "c")]
    Cancel(String, String),
    /// An in-doubt node ended like this: who says so, and up to which record of the journal that is known.
    #[serde(rename = "v")]
    Resolve(Key, Verdict, String, u64),
    /// A child run ended.
    #[serde(rename = "d")]
    ChildDone(Key, RunId, Result<Payload, Failure>),
}
