//! What reaches a driver from its own bodies.

use serde_json::Value;
use tokio::sync::oneshot;

use crate::contract::Output;
use crate::model::{Digest, Failure, Input, Key};

/// One message to a driver.
#[derive(Debug)]
pub(super) enum Note {
    /// A body ended.
    Ended(Ended),
    /// Something was decided without a body.
    Input(Input),
    /// A body asks for something to be recorded and waits until it is.
    Asked(Input, oneshot::Sender<()>),
}

/// How a body ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub key: Key,
    pub attempt: u16,
    pub ms: u32,
    pub result: Result<Output, Failure>,
    /// The inputs of the graph, if that is what it gave.
    pub input: Value,
    /// The name under which the output is kept for other runs.
    pub cache: Option<Digest>,
    /// The output was kept from an earlier run: no body ran.
    pub cached: bool,
}
