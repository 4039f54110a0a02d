//! State + record = state: the only code that changes what is durable of a state.

use super::cells::{FALLBACK, INTENT, NO_SLOT};
use super::state::{Ending, Phase, State};
use crate::model::{Failure, Key, NodeIx, NodeStatus, Payload, Record, RunStatus, Then, Verdict};

impl State {
    /// Folds the next record. Records of a journal are folded in their order, from the second on (the first makes the
    /// state: [`State::new`]).
    pub fn fold(&mut self, record: &Record) {
        self.seq += 1;
        match record {
            Record::RunStarted(_) | Record::Answered(..) | Record::Event(..) => {}
            Record::NodeStarted(key, _) => self.intend(*key),
            Record::NodeSucceeded(key, attempt, _, output, _) => {
                self.succeed(*key, *attempt, output);
            }
            Record::NodeFailed(key, attempt, _, failure, then) => {
                self.fail(*key, *attempt, failure, *then);
            }
            Record::NodeSkipped(key) => self.finish(*key, NodeStatus::Skipped, NO_SLOT),
            Record::MapExpanded(node, count) => self.expand(*node, *count),
            Record::MapSucceeded(node) => {
                self.finish(Key::node(*node), NodeStatus::Succeeded, NO_SLOT);
            }
            Record::RoundEnded(node, round, output, next) => {
                self.fold_round(*node, (*round, output), *next);
            }
            Record::NodeWaiting(key, wait) => self.begin_wait(*key, wait),
            Record::NodeResting(key, name, wait) => {
                self.begin_wait(*key, wait);
                self.detail(*key).rests = Some(name.clone());
            }
            Record::MemoSaved(key, name, value) => {
                self.memos.entry(*key).or_default().insert(name.clone(), value.clone());
                self.rouse(*key, name, value);
            }
            Record::SignalReceived(name, payload) => {
                self.signals.push((name.clone(), payload.clone()));
            }
            Record::InDoubt(key) => {
                self.intents.remove(key);
                self.set_status(*key, NodeStatus::InDoubt);
                self.pass_on(*key);
            }
            Record::Resolved(key, verdict, _) => self.resolve(*key, verdict),
            Record::RunPaused(_) => (self.paused, self.was_paused) = (true, true),
            Record::RunResumed(_) => self.paused = false,
            Record::CancelRequested(by, why) => {
                self.cancel = Some((by.clone(), why.clone()));
                self.ending.get_or_insert(Ending::Cancelled);
            }
            Record::RunRetried(nodes, _) => self.reopen(nodes),
            Record::OutputsFailed(failure) => self.outputs_failure = Some((**failure).clone()),
            Record::RunFinished(status, outputs, failure) => {
                self.result = Some((*status, outputs.clone(), failure.as_deref().cloned()));
                self.close(*status);
            }
        }
    }

    fn intend(&mut self, key: Key) {
        self.wake(key);
        self.intents.insert(key);
        self.entries.insert(key, self.seq);
        if let Some(cell) = self.cell_mut(key) {
            cell.set(INTENT);
            cell.turn(NodeStatus::Running);
        }
    }

    /// Notes that what was entered at most once has answered.
    pub(super) fn leave_doubt_behind(&mut self, key: Key) {
        if !self.intents.is_empty() {
            self.intents.remove(&key);
        }
        if let Some(cell) = self.cell_mut(key) {
            cell.clear(INTENT);
        }
    }

    fn succeed(&mut self, key: Key, attempt: u16, output: &Payload) {
        if let Some(cell) = self.cell_mut(key) {
            cell.attempt = attempt;
        }
        self.consume(key);
        let slot = self.outputs.put(output);
        self.finish(key, NodeStatus::Succeeded, slot);
    }

    fn fail(&mut self, key: Key, attempt: u16, failure: &Failure, then: Then) {
        self.wake(key);
        self.end_wait(key);
        self.leave_doubt_behind(key);
        self.detail(key).failure = Some(failure.clone());
        if let Some(cell) = self.cell_mut(key) {
            cell.attempt = attempt;
        }
        match then {
            Then::End if failure.class.is_cancel() && self.is_given_up(key) => {
                self.finish(key, NodeStatus::Cancelled, NO_SLOT);
            }
            Then::End => {
                if !key.is_undo() && !self.is_orphan(key) {
                    self.culprit.get_or_insert(key);
                }
                self.finish(key, NodeStatus::Failed, NO_SLOT);
            }
            Then::Retry(due) => {
                if self.is_told_when(key, failure) {
                    let detail = self.detail(key);
                    detail.waits = detail.waits.saturating_add(1);
                }
                self.set_status(key, NodeStatus::Retrying);
                self.pause_until(key, due);
            }
            Then::Fallback => {
                self.detail(key).count_from(attempt);
                if let Some(cell) = self.cell_mut(key) {
                    cell.set(FALLBACK);
                }
                self.let_go_on(key);
            }
        }
    }

    /// Ends the life of a key: frees what it held and tells its successors or its map.
    fn finish(&mut self, key: Key, status: NodeStatus, slot: u32) {
        self.wake(key);
        self.end_wait(key);
        if !self.details.is_empty()
            && let Some(detail) = self.details.get_mut(&key)
        {
            detail.previous = None;
        }
        // What a body that failed has saved was paid for: the next attempt gets it, should somebody retry the run.
        if !self.memos.is_empty() && matches!(status, NodeStatus::Succeeded | NodeStatus::Skipped) {
            self.memos.remove(&key);
        }
        let Some(cell) = self.cell_mut(key) else { return };
        if cell.status.is_final() {
            return;
        }
        let (was, had_intent) = (cell.status, cell.has(INTENT));
        cell.turn(status);
        cell.slot = slot;
        cell.clear(INTENT);
        if had_intent {
            self.intents.remove(&key);
        }
        match key.index() {
            Some(item) => self.settle_item((key.node, item), was, status),
            None if key.is_undo() => self.undone += 1,
            None => {
                if status == NodeStatus::Failed && !self.items.is_empty() {
                    self.abandon_items(key.node);
                }
                self.settle(key.node, status);
            }
        }
    }

    fn fold_round(&mut self, node: NodeIx, (round, output): (u32, &Payload), next: i64) {
        let key = Key::node(node);
        self.wake(key);
        self.end_wait(key);
        self.leave_doubt_behind(key);
        let attempt = self.attempts(key).saturating_add(1);
        if let Some(cell) = self.cell_mut(key) {
            cell.attempt = attempt;
            cell.clear(FALLBACK);
        }
        self.memos.remove(&key);
        let detail = self.detail(key);
        detail.round = round;
        detail.previous = Some(output.clone());
        detail.count_from(attempt);
        self.set_status(key, NodeStatus::Retrying);
        self.pause_until(key, next);
    }

    fn resolve(&mut self, key: Key, verdict: &Verdict) {
        if matches!(verdict, Verdict::NotDone) {
            self.leave_doubt_behind(key);
            self.let_go_on(key);
        }
    }

    /// Readies a key for its next body: an item that was in doubt has lost its turn.
    fn let_go_on(&mut self, key: Key) {
        let is_in_doubt = self.cell(key).is_some_and(|cell| cell.status == NodeStatus::InDoubt);
        match key.index() {
            Some(item) if is_in_doubt => self.queue_again(key.node, item),
            _ => self.make_ready(key),
        }
    }

    /// Turns what is not settled when the run ends into `cancelled`.
    fn close(&mut self, status: RunStatus) {
        self.phase = Phase::Done;
        self.timers.clear();
        self.children.clear();
        self.intents.clear();
        if status == RunStatus::Succeeded {
            return;
        }
        let items = self.items.values_mut().flat_map(|items| items.cells.0.iter_mut());
        for cell in self.cells.0.iter_mut().chain(items).filter(|cell| !cell.status.is_final()) {
            cell.turn(NodeStatus::Cancelled);
        }
        self.left = 0;
        for detail in self.details.values_mut() {
            detail.wait = None;
        }
    }
}
