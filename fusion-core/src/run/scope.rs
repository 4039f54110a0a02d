//! What the templates of a run see: its inputs, the outputs of its nodes, its secrets.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::graph::template::{Brief, Data, Found, Scope, Secrets};
use crate::model::{Digest, Failure, Key, NodeIx, Payload, PayloadKind};
use crate::schedule::{Output, State};

/// Values that were parsed or loaded once, kept for as long as the run is driven.
#[derive(Debug, Default)]
pub(super) struct Kept {
    nodes: Mutex<BTreeMap<NodeIx, Data>>,
    inputs: Mutex<Option<Data>>,
    blobs: Mutex<BTreeMap<Digest, Bytes>>,
    wanted: Mutex<Vec<Digest>>,
}

impl Kept {
    /// Gives the blobs that the last evaluation missed.
    pub(super) fn wanted(&self) -> Vec<Digest> {
        std::mem::take(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps the bytes of a blob.
    pub(super) fn put_blob(&self, digest: Digest, bytes: Bytes) {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, bytes);
    }

    /// Gives the payload with its bytes, or notes that they are wanted.
    pub(super) fn inline(&self, payload: &Payload) -> Option<Payload> {
        let Payload::Blob(kind, digest, _) = payload else { return Some(payload.clone()) };
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = blobs.get(digest) {
            return Some(Payload::Inline(*kind, bytes.clone()));
        }
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).push(*digest);
        None
    }

    /// Gives the output of a node or item with its bytes: for a map the list of its items' outputs.
    pub(super) fn output(&self, state: &State, key: Key) -> Option<Payload> {
        match state.output(key) {
            Output::One(payload) => self.inline(payload),
            Output::Many(items) => self.list(&items),
            Output::None | Output::Skipped => None,
        }
    }

    fn list(&self, items: &[Result<&Payload, &Failure>]) -> Option<Payload> {
        let mut text = Vec::from(*b"[");
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                text.push(b',');
            }
            match item {
                Ok(payload) => match self.inline(payload)? {
                    Payload::Inline(PayloadKind::Json, bytes) => text.extend_from_slice(&bytes),
                    Payload::Inline(PayloadKind::Bytes, bytes) => {
                        let value = serde_json::Value::from(String::from_utf8_lossy(&bytes));
                        text.extend_from_slice(value.to_string().as_bytes());
                    }
                    Payload::Blob(..) => return None,
                },
                Err(failure) => {
                    let error = serde_json::json!({"error": {"class": failure.class, "message": failure.message}});
                    text.extend_from_slice(error.to_string().as_bytes());
                }
            }
        }
        text.push(b']');
        Some(Payload::from_json_bytes(text))
    }
}

/// A run as one key's templates see it.
pub(super) struct View<'a> {
    pub state: &'a State,
    pub kept: &'a Kept,
    pub secrets: &'a Secrets,
    /// Others wait meanwhile.
    pub brief: Option<&'a Brief>,
    pub extra: Vec<(&'static str, Data)>,
}

impl Scope for View<'_> {
    fn node(&self, name: &str) -> Found {
        let Some(node) = self.state.program().find(name) else { return Found::Unknown };
        let key = Key::node(node);
        match self.state.output(key) {
            Output::None => return Found::Unknown,
            Output::Skipped => return Found::Skipped,
            Output::One(_) | Output::Many(_) => {}
        }
        if let Some(data) =
            self.kept.nodes.lock().unwrap_or_else(PoisonError::into_inner).get(&node)
        {
            return Found::Output(data.clone());
        }
        let Some(payload) = self.kept.output(self.state, key) else { return Found::Unknown };
        let data = Data::from(payload);
        self.kept.nodes.lock().unwrap_or_else(PoisonError::into_inner).insert(node, data.clone());
        Found::Output(data)
    }

    fn inputs(&self) -> Data {
        let mut inputs = self.kept.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(data) = &*inputs {
            return data.clone();
        }
        let Some(payload) = self.kept.inline(&self.state.start().input) else {
            return Data::from(serde_json::Value::Null);
        };
        inputs.insert(Data::from(payload)).clone()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.secrets.get(name)
    }

    fn brief(&self) -> Option<&Brief> {
        self.brief
    }

    fn extra(&self) -> &[(&'static str, Data)] {
        &self.extra
    }
}
