//! What crosses between the pure scheduler and the driver: inputs in, records and commands out.

use super::{Failure, Key, Message, NodeIx, Payload, Record, RunId, Wait};

/// What the driver tells the scheduler.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The run was taken over (or begun): nothing runs any more that ran before.
    Adopted,
    /// A body ended: attempt, milliseconds, result.
    Done(Key, u16, u32, Result<Payload, Failure>),
    /// The result came from the cache and no body ran.
    Cached(Key, u16, Payload),
    /// The condition of a node was false.
    Unwanted(Key),
    /// The list of a map has so many items.
    Expanded(NodeIx, u32),
    /// A round of a loop ended and its condition does not hold yet: milliseconds, output.
    Again(NodeIx, u16, u32, Payload),
    /// The same of a round that was a run of its own.
    ChildAgain(NodeIx, RunId, Payload),
    /// The condition of an at-most-once node holds and all that its body needs is there: it may be entered.
    Wanted(Key, u16),
    /// A node begins to wait.
    Waits(Key, Wait),
    /// A body rests: the name of what it waits for, and the wait.
    Rests(Key, String, Wait),
    /// A body saved a named result.
    Memo(Key, String, Payload),
    /// This process has no code for the step that a node names.
    Missing(Key, String),
    /// Somebody said something.
    Said(Message),
    /// Somebody wants an ended run to be taken up again, these nodes and all behind them included: who.
    Retry(Vec<NodeIx>, String),
    /// Time has passed.
    Tick,
    /// The outputs of the run are evaluated.
    Concluded(Result<Payload, Failure>),
}

/// What follows from inputs: what happened, and what is to be done. The records are made durable before any command is carried
/// out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// What happened, in order; the scheduler has folded it already.
    pub records: Vec<Record>,
    /// What is to be done, in order.
    pub commands: Vec<Command>,
}

impl Decided {
    /// Tells whether nothing follows.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.commands.is_empty()
    }

    pub(crate) fn push(&mut self, command: Command) {
        self.commands.push(command);
    }
}

impl Extend<Command> for Decided {
    fn extend<I: IntoIterator<Item = Command>>(&mut self, commands: I) {
        self.commands.extend(commands);
    }
}

/// What the scheduler tells the driver to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Enter the body of this key, with this attempt number.
    Start(Key, u16),
    /// End the body of this key; it answers with a failure of class `cancelled`.
    Stop(Key),
    /// Tell this child run to end.
    StopChild(RunId),
    /// Tell this child run to pause, or to go on.
    HoldChild(RunId, bool),
    /// Evaluate the run's outputs.
    Conclude,
    /// The run has ended: nothing will follow.
    Finish,
}
