//! State + input = records and commands.

use super::cells::{INTENT, ISSUED};
use super::state::{Phase, State};
use crate::model::{
    Answer, Class, Command, Decided, Failure, Input, Key, Message, NodeIx, NodeStatus, Payload,
    Record, RunId, RunStatus, Verdict, Wait, limits,
};

impl State {
    /// Decides what follows from an input at a time (milliseconds since 1970), and adds it to `out`.
    ///
    /// Inputs that no longer matter (an answer that came twice, the end of a body that was given up) change nothing.
    /// All records that one call adds belong together: they are committed in one batch.
    pub fn decide(&mut self, input: Input, now: i64, out: &mut Decided) {
        if !self.knows(&input) || (self.phase == Phase::Done && !matches!(input, Input::Retry(..)))
        {
            return;
        }
        match input {
            Input::Adopted => self.adopt(now, out),
            Input::Done(key, attempt, ms, result) => {
                self.body_ended((key, attempt, ms), result, now, out);
            }
            Input::Cached(key, attempt, output) => {
                if self.take_back(key, attempt) {
                    self.emit(Record::NodeSucceeded(key, attempt, 0, output, true), out);
                }
            }
            Input::Unwanted(key) => {
                if self.take_back(key, self.attempts(key).saturating_add(1)) {
                    self.emit(Record::NodeSkipped(key), out);
                }
            }
            Input::Wanted(key, attempt) => self.enter(key, attempt, out),
            Input::Expanded(node, count) => {
                self.expanded(node, count, now, out);
            }
            Input::Again(node, attempt, ms, output) => {
                self.next_round((node, attempt, ms), output, now, out);
            }
            Input::ChildAgain(node, run, output) => {
                self.child_round((node, run), output, now, out);
            }
            Input::Waits(key, wait) => self.waits_now(key, wait, now, out),
            Input::Rests(key, name, wait) => self.rests_now((key, name, wait), now, out),
            Input::Memo(key, name, value) => {
                if self.cell(key).is_some_and(|cell| cell.has(ISSUED)) {
                    self.emit(Record::MemoSaved(key, name, value), out);
                }
            }
            Input::Missing(key, step) => {
                self.lacks(key, step, out);
            }
            Input::Said(message) => self.hear(message, now, out),
            Input::Retry(nodes, by) => {
                let is_done = self.status() == RunStatus::Succeeded && nodes.is_empty();
                if self.can_retry() && !is_done {
                    self.emit(Record::RunRetried(nodes, by), out);
                }
            }
            Input::Tick => self.tick(now, out),
            Input::Concluded(result) => self.concluded(result, out),
        }
        self.advance(out);
    }

    /// Folds a record and adds it to what happened, with what follows for the map that it is part of.
    pub(super) fn emit(&mut self, record: Record, out: &mut Decided) {
        self.fold(&record);
        let map = match &record {
            Record::NodeSucceeded(key, ..)
            | Record::NodeFailed(key, ..)
            | Record::NodeSkipped(key) => key.index().map(|_| key.node),
            Record::MapExpanded(node, _) => Some(*node),
            _ => None,
        };
        out.records.push(record);
        if let Some(node) = map {
            self.conclude_map(node, out);
        }
    }

    fn adopt(&mut self, now: i64, out: &mut Decided) {
        self.doubt(out);
        let maps: Vec<NodeIx> = self.items.keys().copied().collect();
        for node in maps {
            self.conclude_map(node, out);
        }
        // An owner may have died between the record and the word to the children; saying it again changes nothing.
        if self.paused || self.was_paused {
            self.hold_children(self.paused, out);
        }
        let orphans = self.children().filter(|(key, _)| self.is_orphan(*key));
        out.extend(orphans.map(|(_, run)| Command::StopChild(run.clone())));
        // First the phase, which is not recorded: what is due belongs to it.
        self.advance(out);
        self.go_on(now, out);
    }

    /// Records that an at-most-once body is about to be entered, and lets it.
    fn enter(&mut self, key: Key, attempt: u16, out: &mut Decided) {
        let Some(cell) = self.cell(key) else { return };
        if !cell.has(ISSUED) || cell.has(INTENT) || cell.attempt.saturating_add(1) != attempt {
            return;
        }
        if self.is_given_up(key) {
            self.take_back(key, attempt);
            return;
        }
        self.emit(Record::NodeStarted(key, attempt), out);
        out.push(Command::Start(key, attempt));
    }

    fn expanded(&mut self, node: NodeIx, count: u32, now: i64, out: &mut Decided) {
        let key = Key::node(node);
        let attempt = self.attempts(key).saturating_add(1);
        if !self.take_back(key, attempt) {
            return;
        }
        if count as usize > limits::MAP_ITEMS {
            let what =
                format!("the list has {count} items, and a map at most {}", limits::MAP_ITEMS);
            self.emit_failure((key, attempt, 0), Failure::new(Class::LIMIT, what), now, out);
        } else {
            self.emit(Record::MapExpanded(node, count), out);
        }
    }

    /// Parks a key whose code is not here.
    fn lacks(&mut self, key: Key, step: String, out: &mut Decided) {
        if !self.take_back(key, self.attempts(key).saturating_add(1)) {
            return;
        }
        if self.cell(key).is_some_and(|cell| cell.has(INTENT)) {
            // It was not entered, and a process that has the code may enter it.
            let by = format!("no code for `{step}`");
            self.emit(Record::Resolved(key, Verdict::NotDone, by), out);
        }
        self.missing.insert(key, step);
    }

    /// Notes that a body does not run any more. `false` when this was not the attempt that runs.
    pub(super) fn take_back(&mut self, key: Key, attempt: u16) -> bool {
        let orphan = self.is_orphan(key);
        let Some(cell) = self.cell_mut(key) else { return false };
        if !cell.has(ISSUED) || cell.attempt.saturating_add(1) != attempt {
            return false;
        }
        cell.clear(ISSUED);
        // What was entered at most once is recorded even when nobody needs it any more.
        let is_wanted = (!orphan || cell.has(INTENT)) && !cell.status.is_final();
        self.running = self.running.saturating_sub(1);
        is_wanted
    }

    fn body_ended(
        &mut self,
        (key, attempt, ms): (Key, u16, u32),
        result: Result<Payload, Failure>,
        now: i64,
        out: &mut Decided,
    ) {
        if !self.take_back(key, attempt) {
            return;
        }
        match result {
            Ok(output) => self.emit(Record::NodeSucceeded(key, attempt, ms, output, false), out),
            Err(failure) if failure.class.is_cancel() && self.is_given_up(key) => {}
            Err(failure) => self.emit_failure((key, attempt, ms), failure, now, out),
        }
    }

    fn next_round(
        &mut self,
        (node, attempt, ms): (NodeIx, u16, u32),
        output: Payload,
        now: i64,
        out: &mut Decided,
    ) {
        if self.take_back(Key::node(node), attempt) {
            self.end_round((node, attempt, ms), output, now, out);
        }
    }

    /// Lets a loop go on whose round was a run of its own. One that nobody needs any more ends with it.
    fn child_round(
        &mut self,
        (node, run): (NodeIx, RunId),
        output: Payload,
        now: i64,
        out: &mut Decided,
    ) {
        let key = Key::node(node);
        if self.is_given_up(key) {
            self.child_done((key, run), Ok(output), now, out);
        } else if self.wait(key).is_some_and(|wait| wait.child() == Some(&run)) {
            self.end_round((node, self.attempts(key).saturating_add(1), 0), output, now, out);
        }
    }

    fn end_round(
        &mut self,
        (node, attempt, ms): (NodeIx, u16, u32),
        output: Payload,
        now: i64,
        out: &mut Decided,
    ) {
        let key = Key::node(node);
        let (max, pause_ms) =
            self.program.repeat(node).map_or((0, 0), |repeat| (repeat.max, repeat.pause_ms));
        let round = self.rounds(node).0.saturating_add(1);
        if round >= max {
            self.emit_failure((key, attempt, ms), Self::too_many_rounds(max), now, out);
            return;
        }
        let pause = i64::try_from(pause_ms.min(limits::TIMER_MS)).unwrap_or(i64::MAX);
        self.emit(Record::RoundEnded(node, round, output, now.saturating_add(pause)), out);
        self.go_on(now, out);
    }

    fn waits_now(&mut self, key: Key, wait: Wait, now: i64, out: &mut Decided) {
        let was_issued = self.cell(key).is_some_and(|cell| cell.has(ISSUED));
        let is_wanted = self.take_back(key, self.attempts(key).saturating_add(1));
        let child = wait.child().filter(|_| was_issued && self.is_given_up(key)).cloned();
        if !is_wanted && child.is_none() {
            return;
        }
        self.emit(Record::NodeWaiting(key, wait), out);
        // A child that was being started while the run or the map began to end has missed the word to stop.
        out.extend(child.map(Command::StopChild));
        if self.paused
            && let Some(run) = self.wait(key).and_then(Wait::child)
        {
            out.push(Command::HoldChild(run.clone(), true));
        }
        self.deliver_to(key, out);
        self.go_on(now, out);
    }

    fn hear(&mut self, message: Message, now: i64, out: &mut Decided) {
        match message {
            Message::Signal(name, payload) => {
                let waiting = self
                    .waits()
                    .find(|(_, wait)| matches!(wait, Wait::Signal(awaited, _) if *awaited == name));
                let waiting = waiting.map(|(key, _)| key);
                self.emit(Record::SignalReceived(name, payload), out);
                if let Some(key) = waiting {
                    self.deliver_to(key, out);
                }
            }
            Message::Answer(node, answer) => self.answered(node, answer, now, out),
            Message::Pause(by) => {
                if self.phase == Phase::Forward && !self.is_held() {
                    self.emit(Record::RunPaused(by), out);
                    self.hold_children(true, out);
                }
            }
            Message::Resume(by) => {
                if self.paused {
                    self.emit(Record::RunResumed(by), out);
                    self.hold_children(false, out);
                    self.go_on(now, out);
                }
            }
            Message::Cancel(by, why) => {
                if self.cancel.is_none() && self.phase == Phase::Forward {
                    self.emit(Record::CancelRequested(by, why), out);
                }
            }
            Message::Resolve(key, verdict, by, seen) => {
                // Who did not see the last entry of the body cannot say how it ended.
                if self.entries.get(&key).is_none_or(|entry| *entry <= seen) {
                    self.resolved((key, verdict, by), now, out);
                }
            }
            Message::ChildDone(key, run, result) => self.child_done((key, run), result, now, out),
        }
    }

    /// Lets the child runs pause or go on with this one.
    fn hold_children(&self, hold: bool, out: &mut Decided) {
        let children = self.children().filter(|(key, _)| !key.is_undo());
        out.extend(children.map(|(_, run)| Command::HoldChild(run.clone(), hold)));
    }

    fn answered(&mut self, node: NodeIx, answer: Answer, now: i64, out: &mut Decided) {
        let key = Key::node(node);
        // Once a run is undone, what succeeded is fixed.
        if self.phase != Phase::Forward || !matches!(self.wait(key), Some(Wait::Approval(..))) {
            return;
        }
        let output = serde_json::json!({
            "approved": answer.approved, "by": answer.by, "comment": answer.comment, "at": now,
        });
        self.emit(Record::Answered(node, answer), out);
        self.came(key, Payload::value(&output), out);
    }

    fn resolved(
        &mut self,
        (key, verdict, by): (Key, Verdict, String),
        now: i64,
        out: &mut Decided,
    ) {
        let is_in_doubt = self.cell(key).is_some_and(|cell| cell.status == NodeStatus::InDoubt);
        if self.phase != Phase::Forward || !is_in_doubt {
            return;
        }
        let attempt = self.attempts(key).saturating_add(1);
        self.emit(Record::Resolved(key, verdict.clone(), by), out);
        match verdict {
            Verdict::Done(output) => {
                self.emit(Record::NodeSucceeded(key, attempt, 0, output, false), out);
            }
            Verdict::Failed(why) => {
                self.emit_failure((key, attempt, 0), Failure::error(why).permanent(), now, out);
            }
            Verdict::NotDone => {}
        }
    }

    fn child_done(
        &mut self,
        (key, run): (Key, RunId),
        result: Result<Payload, Failure>,
        now: i64,
        out: &mut Decided,
    ) {
        let Some(wait) = self.wait(key).filter(|wait| wait.child() == Some(&run)) else { return };
        // The clock may have been set back since its time was over: then the child knows who ended it.
        let over = |due: i64, why: &Failure| due <= now || why.class == Class::LET_GO;
        let is_late = |why: &Failure| {
            wait.until().is_some_and(|due| over(due, why)) && !self.is_given_up(key)
        };
        let attempt = self.attempts(key).saturating_add(1);
        match result {
            Ok(output) => self.emit(Record::NodeSucceeded(key, attempt, 0, output, false), out),
            // It obeyed: what it was told, it was told because its time was over.
            Err(failure) if failure.class.is_cancel() && is_late(&failure) => {
                self.emit_failure((key, attempt, 0), self.too_late(key), now, out);
            }
            Err(failure) => self.emit_failure((key, attempt, 0), failure, now, out),
        }
    }

    fn concluded(&mut self, result: Result<Payload, Failure>, out: &mut Decided) {
        if self.phase != Phase::Concluding || !self.told {
            return;
        }
        let (status, outputs, failure) = match result {
            Err(failure) if !self.done.is_empty() => {
                self.emit(Record::OutputsFailed(Box::new(failure)), out);
                self.phase = Phase::Undoing;
                self.told = false;
                return;
            }
            Ok(outputs) => (RunStatus::Succeeded, outputs, None),
            Err(failure) => (RunStatus::Failed, Payload::NULL, Some(Box::new(failure))),
        };
        self.emit(Record::RunFinished(status, outputs, failure), out);
        out.push(Command::Finish);
    }
}
