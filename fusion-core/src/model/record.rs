//! What happened in a run: the entries of its journal, in the order in which they are folded.
//!
//! Variant and field order are the stored form (MessagePack arrays): fields are only ever added at the end, with
//! `serde(default)`; variants keep their letter for ever.

use serde::{Deserialize, Serialize};

use super::{Failure, Key, NodeIx, Payload, RunId, RunStatus};

/// A record with its place in the stream and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// The place in the stream, from 1, without gaps.
    pub seq: u64,
    /// When it was committed, in milliseconds since 1970 on the writer's clock.
    pub at: i64,
    /// What happened.
    pub record: Record,
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The workflow's name.
    pub workflow: String,
    /// The workflow's version.
    pub version: u32,
    /// The definition that the run keeps to its end: a [`Graph`](super::Graph) as JSON.
    pub definition: Payload,
    /// The inputs, defaults filled in.
    pub input: Payload,
    /// Where it comes from, if it is not a run of its own.
    pub origin: Option<Origin>,
}

/// Where a run comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A node of another run started it and waits for it.
    #[serde(rename = "c")]
    Child {
        /// The run that waits.
        parent: RunId,
        /// The node, or its item, that waits.
        key: Key,
        /// How many ancestors there are.
        depth: u32,
    },
    /// It repeats another run from some nodes on.
    #[serde(rename = "f")]
    Fork {
        /// The run whose outcomes it took over.
        run: RunId,
    },
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    /// Nothing: the node has failed for good.
    #[serde(rename = "e")]
    End,
    /// The next attempt, not before this time in milliseconds since 1970.
    #[serde(rename = "r")]
    Retry(i64),
    /// The fallback, at once.
    #[serde(rename = "f")]
    Fallback,
}

/// What a node waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// A moment, in milliseconds since 1970.
    #[serde(rename = "t")]
    Timer(i64),
    /// A signal of this name, until a moment at the latest.
    #[serde(rename = "s")]
    Signal(String, Option<i64>),
    /// A person of this role who answers this question, until a moment at the latest.
    #[serde(rename = "a")]
    Approval(String, String, Option<i64>),
    /// Another run.
    #[serde(rename = "c")]
    Child(RunId),
    /// Another run, until a moment at the latest: then it is told to end.
    #[serde(rename = "C")]
    ChildUntil(RunId, i64),
}

impl Wait {
    /// Gives the run that is waited for.
    pub fn child(&self) -> Option<&RunId> {
        match self {
            Self::Child(run) | Self::ChildUntil(run, _) => Some(run),
            _ => None,
        }
    }

    /// Tells when the wait is over at the latest, in milliseconds since 1970.
    pub fn until(&self) -> Option<i64> {
        match self {
            Self::Timer(due) | Self::ChildUntil(_, due) => Some(*due),
            Self::Signal(_, due) | Self::Approval(_, _, due) => *due,
            Self::Child(_) => None,
        }
    }
}

/// How an in-doubt node really ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// It was done, with this output.
    #[serde(rename = "d")]
    Done(Payload),
    /// It was not done and shall count as failed.
    #[serde(rename = "f")]
    Failed(String),
    /// It was not done and may be tried again.
    #[serde(rename = "n")]
    NotDone,
}

/// A person's answer to an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Yes or no.
    pub approved: bool,
    /// Who said it.
    pub by: String,
    /// What they added.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// One entry of a run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// The run began.
    #[serde(rename = "S")]
    RunStarted(Box<Start>),
    /// An at-most-once body is about to be entered with this attempt number.
    #[serde(rename = "n")]
    NodeStarted(Key, u16),
    /// A body ended well: attempt, how long it took in milliseconds, output, whether it came from the cache.
    #[serde(rename = "s")]
    NodeSucceeded(Key, u16, u32, Payload, #[serde(default)] bool),
    /// An attempt failed: attempt, how long it took in milliseconds, why, and what follows.
    #[serde(rename = "f")]
    NodeFailed(Key, u16, u32, Box<Failure>, Then),
    /// The node's condition was false, or nothing that it needs has run.
    #[serde(rename = "k")]
    NodeSkipped(Key),
    /// A map found so many items.
    #[serde(rename = "m")]
    MapExpanded(NodeIx, u32),
    /// All items of a map are settled and it ended well; its output is theirs.
    #[serde(rename = "M")]
    MapSucceeded(NodeIx),
    /// A round of a loop ended without ending the loop: round, output, not before when the next one starts.
    #[serde(rename = "l")]
    RoundEnded(NodeIx, u32, Payload, i64),
    /// The node waits.
    #[serde(rename = "w")]
    NodeWaiting(Key, Wait),
    /// The body of the node rests: what comes of the wait is saved under this name, and the body is entered again.
    #[serde(rename = "W")]
    NodeResting(Key, String, Wait),
    /// A named result inside a body: attempts that follow get it instead of running that part again.
    #[serde(rename = "o")]
    MemoSaved(Key, String, Payload),
    /// A signal came: name, payload.
    #[serde(rename = "g")]
    SignalReceived(String, Payload),
    /// A person answered the approval that this node waits for.
    #[serde(rename = "a")]
    Answered(NodeIx, Answer),
    /// An at-most-once body was entered, and its owner died before its outcome was recorded.
    #[serde(rename = "d")]
    InDoubt(Key),
    /// Someone found out how an in-doubt node ended: verdict, who.
    #[serde(rename = "v")]
    Resolved(Key, Verdict, String),
    /// Someone paused the run.
    #[serde(rename = "p")]
    RunPaused(String),
    /// Someone resumed the run.
    #[serde(rename = "r")]
    RunResumed(String),
    /// Someone asked for the end of the run: who, why.
    #[serde(rename = "c")]
    CancelRequested(String, String),
    /// Someone asked for these nodes, and all that depends on them, to run again.
    #[serde(rename = "R")]
    RunRetried(Vec<NodeIx>, String),
    /// All nodes ended well, and the outputs could not be evaluated: what was done is undone.
    #[serde(rename = "O")]
    OutputsFailed(Box<Failure>),
    /// The run ended: status, outputs, and the failure that decided it.
    #[serde(rename = "F")]
    RunFinished(RunStatus, Payload, Option<Box<Failure>>),
    /// Something happened to an agent, an object, a task or in a channel, whose streams know nothing else: the name of the
    /// event, what belongs to it. A run's journal never has one.
    #[serde(rename = "e")]
    Event(String, Payload),
}

impl Record {
    /// Gives every payload that the record holds.
    pub fn payloads(&self) -> impl Iterator<Item = &Payload> {
        let (first, second) = match self {
            Self::RunStarted(start) => (Some(&start.definition), Some(&start.input)),
            Self::NodeSucceeded(_, _, _, payload, _)
            | Self::RoundEnded(_, _, payload, _)
            | Self::MemoSaved(_, _, payload)
            | Self::SignalReceived(_, payload)
            | Self::Resolved(_, Verdict::Done(payload), _)
            | Self::RunFinished(_, payload, _)
            | Self::Event(_, payload) => (Some(payload), None),
            Self::NodeStarted(..)
            | Self::NodeFailed(..)
            | Self::NodeSkipped(..)
            | Self::MapExpanded(..)
            | Self::MapSucceeded(..)
            | Self::NodeWaiting(..)
            | Self::NodeResting(..)
            | Self::Answered(..)
            | Self::InDoubt(..)
            | Self::Resolved(..)
            | Self::RunPaused(..)
            | Self::RunResumed(..)
            | Self::CancelRequested(..)
            | Self::RunRetried(..)
            | Self::OutputsFailed(..) => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Gives every payload that the record holds, to be changed.
    pub fn payloads_mut(&mut self) -> impl Iterator<Item = &mut Payload> {
        let (first, second) = match self {
            Self::RunStarted(start) => (Some(&mut start.definition), Some(&mut start.input)),
            Self::NodeSucceeded(_, _, _, payload, _)
            | Self::RoundEnded(_, _, payload, _)
            | Self::MemoSaved(_, _, payload)
            | Self::SignalReceived(_, payload)
            | Self::Resolved(_, Verdict::Done(payload), _)
            | Self::RunFinished(_, payload, _)
            | Self::Event(_, payload) => (Some(payload), None),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }
}
