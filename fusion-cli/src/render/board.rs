//! Where the nodes of a run stand, as its events tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::graph::Program;
use fusion_core::model::{Event, NodeIx};
use serde_json::Value;

/// What a node is at.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// What there is to say: what it waits for, how many items are done.
    pub note: String,
    /// How many items there are, and how many are settled.
    items: Option<(u64, u64)>,
}

/// The nodes of a run, settled and at work.
#[derive(Debug)]
pub(crate) struct Board {
    program: Arc<Program>,
    /// How many needs of each node are not settled.
    pending: Vec<u32>,
    settled: Vec<bool>,
    done: usize,
    active: BTreeMap<NodeIx, Active>,
}

impl Board {
    /// Begins with a run in which nothing has happened.
    pub(crate) fn new(program: Arc<Program>) -> Self {
        let indices = (0..program.len()).map(|ix| NodeIx(u32::try_from(ix).unwrap_or(u32::MAX)));
        let pending: Vec<u32> = indices.map(|ix| program.needs(ix)).collect();
        let settled = vec![false; pending.len()];
        Self { program, pending, settled, done: 0, active: BTreeMap::new() }
    }

    /// Gives how many nodes are settled, and how many there are.
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.done, self.pending.len())
    }

    /// Gives the nodes at work with their names.
    pub(crate) fn active(&self) -> impl Iterator<Item = (&str, &Active)> {
        self.active.iter().map(|(ix, active)| (self.program.name(*ix), active))
    }

    /// Takes in an event.
    pub(crate) fn take(&mut self, event: &Event) {
        if &*event.name == "run.started" {
            let first: Vec<NodeIx> = self.free().collect();
            for ix in first {
                self.begin(ix, event.at);
            }
        }
        if &*event.name == "run.retried" {
            return self.restart(event);
        }
        let Some(name) = event.node.as_deref() else { return };
        let (plain, of_item) = match name.split_once('[') {
            Some((_, "undo]")) => return,
            Some((plain, _)) => (plain, true),
            None => (name, false),
        };
        let Some(ix) = self.program.find(plain) else { return };
        if of_item {
            self.item(ix, event);
        } else {
            self.node(ix, event);
        }
    }

    fn node(&mut self, ix: NodeIx, event: &Event) {
        let text = |field: &str| event.data.get(field).and_then(Value::as_str).unwrap_or_default();
        match &*event.name {
            "node.succeeded" | "node.failed" | "node.skipped" => {
                self.settle(ix, event.at);
            }
            "node.waiting" => {
                let note = match text("for") {
                    "approval" => "waits for approval".to_owned(),
                    "signal" => format!("waits for the signal `{}`", text("name")),
                    "run" => format!("runs {}", text("run")),
                    _ => "waits".to_owned(),
                };
                self.note(ix, note);
            }
            "node.expanded" => {
                let count = event.data.get("items").and_then(Value::as_u64).unwrap_or(0);
                if let Some(active) = self.active.get_mut(&ix) {
                    active.items = Some((count, 0));
                    active.note = format!("0/{count}");
                }
            }
            "node.retried" => self.note(ix, format!("failed, tries again: {}", text("message"))),
            "node.repeated" => {
                self.note(ix, format!("round {}", event.data.get("round").unwrap_or(&Value::Null)));
            }
            "node.doubted" => self.note(ix, "in doubt: `fusion runs resolve`".to_owned()),
            _ => {}
        }
    }

    fn item(&mut self, ix: NodeIx, event: &Event) {
        let settled = matches!(&*event.name, "node.succeeded" | "node.failed" | "node.skipped");
        let Some(active) = self.active.get_mut(&ix).filter(|_| settled) else { return };
        let Some((count, done)) = &mut active.items else { return };
        *done += 1;
        active.note = format!("{done}/{count}");
    }

    fn note(&mut self, ix: NodeIx, note: String) {
        if let Some(active) = self.active.get_mut(&ix) {
            active.note = note;
        }
    }

    fn begin(&mut self, ix: NodeIx, since: i64) {
        self.active.insert(ix, Active { since, note: String::new(), items: None });
    }

    fn settle(&mut self, ix: NodeIx, at: i64) {
        self.active.remove(&ix);
        match self.settled.get_mut(ix.at()) {
            Some(settled) if !*settled => *settled = true,
            _ => return,
        }
        self.done += 1;
        let program = self.program.clone();
        for next in program.next(ix) {
            let Some(pending) = self.pending.get_mut(*next as usize) else { continue };
            *pending = pending.saturating_sub(1);
            if *pending == 0 {
                self.begin(NodeIx(*next), at);
            }
        }
    }

    fn free(&self) -> impl Iterator<Item = NodeIx> {
        (0u32..).zip(&self.pending).filter(|(_, pending)| **pending == 0).map(|(ix, _)| NodeIx(ix))
    }

    /// What runs again is not told one by one: everything that the run has not settled anew counts as open.
    fn restart(&mut self, event: &Event) {
        let open: Vec<NodeIx> = self
            .free()
            .filter(|ix| self.settled.get(ix.at()).is_some_and(|settled| !settled))
            .collect();
        for ix in open {
            self.begin(ix, event.at);
        }
    }
}
