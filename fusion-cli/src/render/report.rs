//! Everything that is known of a run, as JSON that others build on.

use std::collections::BTreeMap;

use fusion_core::error::Result;
use fusion_core::model::{Failure, Key, NodeIx, NodeStatus, RunStatus, Stamped};
use fusion_core::schedule::State;
use fusion_core::{Driven, Fusion, Run, observe};
use serde_json::{Map, Value, json};

/// The most items of a map whose outputs are listed.
const ITEMS_LISTED: u32 = 1_000;
/// How many records are read at once.
const PAGE: usize = 10_000;
/// How the key of an undoing ends.
const UNDO: &str = "[undo]";

/// When a node began and ended, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    started: Option<i64>,
    finished: Option<i64>,
}

/// A run, read once.
#[derive(Debug)]
pub(crate) struct Report {
    /// The fold of its journal.
    pub state: State,
    times: BTreeMap<String, Times>,
    began: i64,
    ended: Option<i64>,
    driven: Driven,
}

/// Reads a run.
pub(crate) async fn report(run: &Run, driven: Driven) -> Result<Report> {
    let state = run.state().await?;
    let mut report = Report { times: BTreeMap::new(), began: 0, ended: None, driven, state };
    let mut after = 0;
    loop {
        let page = run.journal(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(report) };
        after = last.seq;
        for stamped in &page {
            report.take(run, stamped);
        }
    }
}

/// Tells everything that is known of a run, with the outputs of its nodes: the form of `fusion runs show --json`.
///
/// # Errors
/// `FU03xx` from the store.
pub async fn show(fusion: &Fusion, run: &Run) -> Result<Value> {
    let driven = fusion.driver(run.id()).await?;
    report(run, driven).await?.json(run, true).await
}

/// Gives the status of a run: one that could go on and that nobody drives is pending.
pub(crate) fn run_status(state: &State, driven: Driven) -> RunStatus {
    match state.status() {
        RunStatus::Running if driven == Driven::Nowhere => RunStatus::Pending,
        other => other,
    }
}

impl Report {
    fn take(&mut self, run: &Run, stamped: &Stamped) {
        let event = observe::event(run.id(), self.state.program(), stamped);
        match &*event.name {
            "run.started" => self.began = event.at,
            "run.succeeded" | "run.failed" | "run.cancelled" => self.ended = Some(event.at),
            "run.retried" => {
                self.ended = None;
                self.times.retain(|name, _| !name.ends_with(UNDO));
            }
            _ => {}
        }
        let is_told = |node: &String| !node.contains('[') || node.ends_with(UNDO);
        let Some(node) = event.node.filter(is_told) else { return };
        let times = self.times.entry(node).or_default();
        let ms = event.data.get("duration_ms").and_then(Value::as_i64).unwrap_or(0);
        times.started.get_or_insert(event.at - ms);
        let ends = ["node.succeeded", "node.failed", "node.skipped", "node.compensated"];
        if ends.contains(&&*event.name) {
            times.finished = Some(event.at);
        }
    }

    /// Gives the status of a node; one that another process can only be running is running.
    pub(crate) fn status(&self, ix: NodeIx) -> NodeStatus {
        self.status_of(Key::node(ix))
    }

    /// Gives the key of what undoes a node, once the journal knows of it.
    pub(crate) fn undo(&self, ix: NodeIx) -> Option<Key> {
        let key = Key::undo(ix);
        (self.state.node_status(key) != NodeStatus::Pending).then_some(key)
    }

    /// Gives why a node, or its undoing, has not succeeded: what a later attempt made good is no news.
    pub(crate) fn failure(&self, key: Key) -> Option<&Failure> {
        let is_good = self.state.node_status(key).is_settled_well();
        self.state.failure(key).filter(|_| !is_good)
    }

    /// Gives the status of a node, or of its undoing.
    pub(crate) fn status_of(&self, key: Key) -> NodeStatus {
        let (paused, cancelled) = self.state.asked();
        let held = paused || cancelled.is_some();
        let busy = !held && matches!(self.driven, Driven::Here | Driven::Elsewhere);
        match self.state.node_status(key) {
            NodeStatus::Ready if busy => NodeStatus::Running,
            other => other,
        }
    }

    /// Gives when the run began, and when it ended if it has.
    pub(crate) fn span(&self) -> (i64, Option<i64>) {
        (self.began, self.ended)
    }

    /// Gives how long a node took, in milliseconds, until `now` if it has not ended.
    pub(crate) fn took(&self, name: &str, now: i64) -> Option<i64> {
        let times = self.times.get(name)?;
        Some(times.finished.unwrap_or(now) - times.started?)
    }

    /// Gives the nodes with their places.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NodeIx, &str)> {
        (0u32..).zip(&self.state.program().graph().nodes).map(|(ix, node)| (NodeIx(ix), &*node.id))
    }

    /// Gives the status of the run.
    pub(crate) fn run_status(&self) -> RunStatus {
        run_status(&self.state, self.driven)
    }

    /// Makes the JSON form, with the outputs of the nodes if they are wanted.
    pub(crate) async fn json(&self, run: &Run, outputs: bool) -> Result<Value> {
        let start = self.state.start();
        let mut map = Map::new();
        map.insert("run".to_owned(), run.id().as_str().into());
        map.insert("workflow".to_owned(), start.workflow.as_str().into());
        map.insert("version".to_owned(), start.version.into());
        map.insert("status".to_owned(), self.run_status().word().into());
        map.insert("started".to_owned(), self.began.into());
        map.insert("finished".to_owned(), json!(self.ended));
        let (values, failure) = match self.state.result() {
            Some((_, outputs, failure)) => {
                let loaded = run.loaded(outputs.clone()).await?;
                (loaded.decode().unwrap_or(Value::Null), failure.as_ref())
            }
            None => (Value::Null, None),
        };
        map.insert("outputs".to_owned(), values);
        if let Some(failure) = failure {
            map.insert("error".to_owned(), json!(failure));
        }
        let mut nodes = Map::new();
        for (ix, name) in self.nodes() {
            nodes.insert(name.to_owned(), self.node(run, ix, name, outputs).await?);
        }
        map.insert("nodes".to_owned(), Value::Object(nodes));
        Ok(Value::Object(map))
    }

    async fn node(&self, run: &Run, ix: NodeIx, name: &str, outputs: bool) -> Result<Value> {
        let key = Key::node(ix);
        let mut map = self.key(key, name);
        let items = self.state.items(ix);
        if let Some((count, left)) = items {
            map.insert("items".to_owned(), self.items(ix, count, left));
        }
        let short = items.is_none_or(|(count, _)| count <= ITEMS_LISTED);
        if outputs
            && short
            && let Some(output) = run.output(&self.state, key).await?
        {
            map.insert("output".to_owned(), output);
        }
        if let Some(undo) = self.undo(ix) {
            let undo = self.key(undo, &undo.text(name));
            map.insert("undo".to_owned(), Value::Object(undo));
        }
        Ok(Value::Object(map))
    }

    /// Makes the JSON form of what nodes and their undoings have alike.
    fn key(&self, key: Key, name: &str) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("status".to_owned(), self.status_of(key).word().into());
        map.insert("attempts".to_owned(), self.state.attempts(key).into());
        if let Some(failure) = self.failure(key) {
            map.insert("error".to_owned(), json!(failure));
        }
        if let Some(wait) = self.state.wait(key) {
            map.insert("waits_for".to_owned(), super::words::waits_for(wait));
        }
        let times = self.times.get(name).copied().unwrap_or_default();
        map.insert("started".to_owned(), json!(times.started));
        map.insert("finished".to_owned(), json!(times.finished));
        map
    }

    fn items(&self, ix: NodeIx, count: u32, left: u32) -> Value {
        let failed = (0..count)
            .filter(|item| self.state.node_status(Key::item(ix, *item)) == NodeStatus::Failed)
            .count();
        json!({"count": count, "settled": count - left, "failed": failed})
    }
}
