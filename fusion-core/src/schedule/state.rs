//! Where a run stands: the fold of its records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::{Output, Rest};
use super::cells::{Cell, Cells, FALLBACK, ISSUED, Slots};
use super::ready::Ready;
use crate::graph::Program;
use crate::model::{
    Failure, Input, Key, NodeIx, NodeStatus, Payload, RunId, RunStatus, Start, Wait, limits,
};

/// What only few keys have.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Detail {
    /// Why the last attempt failed.
    pub failure: Option<Failure>,
    /// What the node waits for.
    pub wait: Option<Wait>,
    /// The name under which a body that rests finds what came of the wait.
    pub rests: Option<String>,
    /// When the next attempt or round may start.
    pub not_before: i64,
    /// The rounds of a loop that ended, and the output of the last one.
    pub round: u32,
    pub previous: Option<Payload>,
    /// Attempts that do not count for the retry budget: those of earlier rounds, of the main task when the fallback
    /// runs, and those before someone asked for a retry.
    pub base: u16,
    /// Attempts after that which do not count either: a service was asked too early, and said when to come back.
    pub waits: u16,
    /// How often somebody made a node run again after it had succeeded: part of its idempotency key.
    pub life: u32,
}

impl Detail {
    /// Gives the next attempts a retry budget of their own.
    pub(super) fn count_from(&mut self, attempt: u16) {
        (self.base, self.waits) = (attempt, 0);
    }
}

/// The items of one map.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Items {
    pub cells: Cells,
    /// No item before this one waits for its turn.
    pub next: u32,
    /// How many have their turn: they are not settled, and not in doubt.
    pub open: u32,
    /// How many are not settled.
    pub left: u32,
    /// How many failed for good, and the first of them.
    pub failed: u32,
    pub first_failed: Option<u32>,
}

/// Why a run is going to end before all its nodes have run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    /// A node failed for good.
    Failed,
    /// Somebody asked for it.
    Cancelled,
}

/// Which part of its life a run is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nodes run.
    Forward,
    /// Compensations run.
    Undoing,
    /// The driver evaluates the outputs.
    Concluding,
    /// It ended.
    Done,
}

/// Where a run stands.
#[derive(Debug)]
pub struct State {
    pub(super) program: Arc<Program>,
    pub(super) start: Start,
    /// Which run it is: what the random share of pauses is drawn from. Not durable, as the pauses are.
    pub(super) run: Option<RunId>,
    pub(super) cells: Cells,
    pub(super) outputs: Slots,
    pub(super) items: BTreeMap<NodeIx, Items>,
    pub(super) details: BTreeMap<Key, Detail>,
    pub(super) memos: BTreeMap<Key, BTreeMap<String, Payload>>,
    /// Signals that came and that nobody waited for yet.
    pub(super) signals: Vec<(String, Payload)>,
    pub(super) timers: BTreeSet<(i64, Key)>,
    pub(super) children: BTreeSet<Key>,
    pub(super) intents: BTreeSet<Key>,
    /// Which record said last that an at-most-once body is entered.
    pub(super) entries: BTreeMap<Key, u64>,
    pub(super) ready: Ready,
    /// Nodes whose needs are settled in a way that nothing is left for them to do.
    pub(super) unwanted: Vec<NodeIx>,
    /// Nodes with a compensation in the order in which they succeeded.
    pub(super) done: Vec<NodeIx>,
    /// The undoing of those nodes.
    pub(super) undos: BTreeMap<NodeIx, Cell>,
    /// How many of those are settled: always the last ones of `done`.
    pub(super) undone: usize,
    /// How many nodes are not settled.
    pub(super) left: usize,
    /// How many bodies were started and have not answered. Not durable.
    pub(super) running: usize,
    /// Keys whose code this process does not have. Not durable.
    pub(super) missing: BTreeMap<Key, String>,
    /// Running bodies were told to stop, or the driver to evaluate the outputs. Not durable.
    pub(super) told: bool,
    pub(super) paused: bool,
    /// It was paused before, and its children with it.
    pub(super) was_paused: bool,
    pub(super) ending: Option<Ending>,
    /// The first node or item that failed for good.
    pub(super) culprit: Option<Key>,
    /// Why the outputs could not be evaluated, when what was done has to be undone for it.
    pub(super) outputs_failure: Option<Failure>,
    pub(super) cancel: Option<(String, String)>,
    pub(super) phase: Phase,
    pub(super) result: Option<(RunStatus, Payload, Option<Failure>)>,
    pub(super) seq: u64,
}

impl State {
    /// Makes the state of a run whose first record is `start`, before any other record.
    pub fn new(program: Arc<Program>, start: Start) -> Self {
        let mut cells = Cells(vec![Cell::NEW; program.len()]);
        let mut ready = Ready::default();
        for ix in 0..program.len() {
            let node = NodeIx(u32::try_from(ix).unwrap_or(u32::MAX));
            cells[node].pending = program.needs(node);
            if program.needs(node) == 0 {
                cells[node].status = NodeStatus::Ready;
                ready.push(Key::node(node), program.policy(node).priority);
            }
        }
        Self {
            left: program.len(),
            program,
            start,
            run: None,
            cells,
            ready,
            outputs: Slots::default(),
            items: BTreeMap::new(),
            details: BTreeMap::new(),
            memos: BTreeMap::new(),
            signals: Vec::new(),
            timers: BTreeSet::new(),
            children: BTreeSet::new(),
            intents: BTreeSet::new(),
            entries: BTreeMap::new(),
            unwanted: Vec::new(),
            done: Vec::new(),
            undos: BTreeMap::new(),
            undone: 0,
            running: 0,
            missing: BTreeMap::new(),
            told: false,
            paused: false,
            was_paused: false,
            ending: None,
            culprit: None,
            outputs_failure: None,
            cancel: None,
            phase: Phase::Forward,
            result: None,
            seq: 1,
        }
    }

    /// Says which run it is, so that equal runs do not try again in step.
    #[must_use]
    pub fn of(mut self, run: &RunId) -> Self {
        self.run = Some(run.clone());
        self
    }

    /// Gives the compiled graph.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Gives how the run began.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Gives the place of the last record that was folded.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Gives the status of the run.
    pub fn status(&self) -> RunStatus {
        match &self.result {
            Some((status, _, _)) => *status,
            None if self.paused && self.is_held() && self.ending.is_none() => RunStatus::Paused,
            None if self.running > 0 || self.can_start() || self.phase == Phase::Concluding => {
                RunStatus::Running
            }
            None => RunStatus::Waiting,
        }
    }

    /// Tells whether some key can start; keys that were settled since they became ready do not count.
    fn can_start(&self) -> bool {
        self.ready
            .keys()
            .any(|key| self.cell(key).is_some_and(|cell| cell.status == NodeStatus::Ready))
    }

    /// Gives status, outputs and failure of a run that ended.
    pub fn result(&self) -> Option<&(RunStatus, Payload, Option<Failure>)> {
        self.result.as_ref()
    }

    /// Gives the status of a node or item; `Pending` for one that does not exist yet.
    pub fn node_status(&self, key: Key) -> NodeStatus {
        match self.cell(key) {
            Some(cell) if cell.has(ISSUED) && !cell.status.is_final() => NodeStatus::Running,
            Some(cell) => cell.status,
            None => NodeStatus::Pending,
        }
    }

    /// Gives the number of the last attempt whose end is recorded.
    pub fn attempts(&self, key: Key) -> u16 {
        self.cell(key).map_or(0, |cell| cell.attempt)
    }

    /// Gives why the last attempt failed.
    pub fn failure(&self, key: Key) -> Option<&Failure> {
        self.details.get(&key)?.failure.as_ref()
    }

    /// Gives what a node waits for.
    pub fn wait(&self, key: Key) -> Option<&Wait> {
        self.details.get(&key)?.wait.as_ref()
    }

    /// Gives all nodes that wait, and for what.
    pub fn waits(&self) -> impl Iterator<Item = (Key, &Wait)> {
        self.details.iter().filter_map(|(key, detail)| Some((*key, detail.wait.as_ref()?)))
    }

    /// Gives all keys with a pause before their next attempt or round, and when it is over.
    pub fn pauses(&self) -> impl Iterator<Item = (Key, i64)> {
        self.timers
            .iter()
            .filter(|(_, key)| self.wait(*key).is_none())
            .map(|(due, key)| (*key, *due))
    }

    /// Gives the child runs that nodes wait for.
    pub fn children(&self) -> impl Iterator<Item = (Key, &RunId)> {
        self.waits().filter_map(|(key, wait)| Some((key, wait.child()?)))
    }

    /// Gives the keys that have no code in this process, and the steps they name.
    pub fn missing(&self) -> &BTreeMap<Key, String> {
        &self.missing
    }

    /// Gives how many rounds of a loop have ended, and the output of the last.
    pub fn rounds(&self, node: NodeIx) -> (u32, Option<&Payload>) {
        let detail = self.details.get(&Key::node(node));
        detail.map_or((0, None), |detail| (detail.round, detail.previous.as_ref()))
    }

    /// Gives how often a node was made to run again after it had succeeded.
    pub fn life(&self, key: Key) -> u32 {
        self.details.get(&Key::node(key.node)).map_or(0, |detail| detail.life)
    }

    /// Tells whether the fallback is what runs for a key.
    pub fn is_fallback(&self, key: Key) -> bool {
        self.cell(key).is_some_and(|cell| cell.has(FALLBACK))
    }

    /// Gives what bodies of a key saved.
    pub fn memos(&self, key: Key) -> Option<&BTreeMap<String, Payload>> {
        self.memos.get(&key)
    }

    /// Gives the number of items of a map that was expanded, and how many are not settled.
    pub fn items(&self, node: NodeIx) -> Option<(u32, u32)> {
        let items = self.items.get(&node)?;
        Some((u32::try_from(items.cells.0.len()).unwrap_or(u32::MAX), items.left))
    }

    /// Gives how many nodes are not settled.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Gives the first node or item that failed for good.
    pub fn culprit(&self) -> Option<Key> {
        self.culprit
    }

    /// Tells whether somebody paused the run, or asked for its end (who, why).
    pub fn asked(&self) -> (bool, Option<&(String, String)>) {
        (self.paused, self.cancel.as_ref())
    }

    /// Gives the output of a node or item.
    pub fn output(&self, key: Key) -> Output<'_> {
        let Some(cell) = self.cell(key) else { return Output::None };
        match cell.status {
            NodeStatus::Skipped => Output::Skipped,
            NodeStatus::Succeeded => match self.items.get(&key.node) {
                Some(items) if key == Key::node(key.node) => {
                    Output::Many(self.many(key.node, items))
                }
                _ => Output::One(self.outputs.get(cell.slot)),
            },
            _ => Output::None,
        }
    }

    fn many<'a>(&'a self, node: NodeIx, items: &'a Items) -> Vec<Result<&'a Payload, &'a Failure>> {
        (0u32..)
            .zip(&items.cells.0)
            .map(|(item, cell)| match self.failure(Key::item(node, item)) {
                Some(failure) if cell.status == NodeStatus::Failed => Err(failure),
                _ => Ok(self.outputs.get(cell.slot)),
            })
            .collect()
    }

    /// Tells what the run rests on, `None` while something of it goes on by itself.
    pub fn rest(&self) -> Option<Rest> {
        let busy = self.running > 0 || matches!(self.phase, Phase::Concluding | Phase::Done);
        if busy || (!self.ready.is_empty() && !self.is_held()) {
            return None;
        }
        Some(Rest { due: self.due(), missing: self.missing.values().next().cloned() })
    }

    /// Tells whether an input is about something that the run has.
    pub(super) fn knows(&self, input: &Input) -> bool {
        let known = |node: NodeIx| node.at() < self.program.len();
        match input {
            Input::Done(key, ..)
            | Input::Cached(key, ..)
            | Input::Unwanted(key)
            | Input::Wanted(key, _)
            | Input::Waits(key, _)
            | Input::Rests(key, ..)
            | Input::Memo(key, ..)
            | Input::Missing(key, _) => self.cell(*key).is_some(),
            Input::Expanded(node, _) => self.program.map(*node).is_some(),
            Input::Again(node, ..) | Input::ChildAgain(node, ..) => {
                self.program.repeat(*node).is_some()
            }
            Input::Retry(nodes, _) => nodes.iter().all(|node| known(*node)),
            _ => true,
        }
    }

    /// Tells whether nothing of the graph may start: somebody paused the run, or it is about to end. What undoes it
    /// later is not held.
    pub(super) fn is_held(&self) -> bool {
        self.phase == Phase::Forward && (self.paused || self.ending.is_some())
    }

    pub(super) fn cell(&self, key: Key) -> Option<Cell> {
        if key.is_undo() {
            return self.undos.get(&key.node).copied();
        }
        match key.index() {
            None => self.cells.0.get(key.node.at()).copied(),
            Some(item) => self.items.get(&key.node)?.cells.0.get(item as usize).copied(),
        }
    }

    pub(super) fn cell_mut(&mut self, key: Key) -> Option<&mut Cell> {
        match key.index() {
            None if key.is_undo() => Some(self.undos.entry(key.node).or_insert(Cell::NEW)),
            None => self.cells.0.get_mut(key.node.at()),
            Some(item) => self.items.get_mut(&key.node)?.cells.0.get_mut(item as usize),
        }
    }

    pub(super) fn detail(&mut self, key: Key) -> &mut Detail {
        self.details.entry(key).or_default()
    }

    /// How many bodies may run at once.
    pub(super) const CAPACITY: usize = limits::BODIES_IN_FLIGHT;
}
