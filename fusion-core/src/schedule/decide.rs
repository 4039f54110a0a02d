//! State + input = records and commands.

use super::cells::ISSUED;
use super::state::{Phase, State};
use crate::model::graph::Kind;
use crate::model::{
    Answer, Class, Command, Failure, Input, Key, Message, NodeIx, NodeStatus, Payload, Record,
    RunId, RunStatus, Then, Verdict, Wait,
};

impl State {
    /// Decides what follows from an input at a time (milliseconds since 1970), and adds it to `out`.
    ///
    /// Inputs that no longer matter (an answer that came twice, the end of a body that was given up) change nothing.
    /// All records that one call adds belong together: they are committed in one batch.
    pub fn decide(&mut self, input: Input, now: i64, out: &mut Vec<Command>) {
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
            Input::Expanded(node, count) => {
                let key = Key::node(node);
                if self.take_back(key, self.attempts(key).saturating_add(1)) {
                    self.emit(Record::MapExpanded(node, count), out);
                }
            }
            Input::Again(node, attempt, ms, output) => {
                self.next_round((node, attempt, ms), output, now, out);
            }
            Input::Waits(key, wait) => {
                if self.take_back(key, self.attempts(key).saturating_add(1)) {
                    self.waits_now(key, wait, now, out);
                }
            }
            Input::Memo(key, name, value) => {
                if self.cell(key).is_some_and(|cell| cell.has(ISSUED)) {
                    self.emit(Record::MemoSaved(key, name, value), out);
                }
            }
            Input::Missing(key, step) => {
                if self.take_back(key, self.attempts(key).saturating_add(1)) {
                    self.missing.insert(key, step);
                }
            }
            Input::Said(message) => self.hear(message, now, out),
            Input::Retry(nodes, by) => {
                if self.can_retry() {
                    self.emit(Record::RunRetried(nodes, by), out);
                }
            }
            Input::Tick => {
                if !self.paused || self.ending.is_some() {
                    self.tick(now, out);
                }
            }
            Input::Concluded(result) => self.concluded(result, out),
        }
        self.advance(out);
    }

    /// Folds a record and adds it to the commands, with what follows for the map that it is part of.
    pub(super) fn emit(&mut self, record: Record, out: &mut Vec<Command>) {
        self.fold(&record);
        let map = match &record {
            Record::NodeSucceeded(key, ..)
            | Record::NodeFailed(key, ..)
            | Record::NodeSkipped(key) => key.index().map(|_| key.node),
            Record::MapExpanded(node, _) => Some(*node),
            _ => None,
        };
        out.push(Command::Append(record));
        if let Some(node) = map {
            self.conclude_map(node, out);
        }
    }

    fn adopt(&mut self, now: i64, out: &mut Vec<Command>) {
        self.doubt(out);
        let maps: Vec<NodeIx> = self.items.keys().copied().collect();
        for node in maps {
            self.conclude_map(node, out);
        }
        self.deliver_signals(out);
        if !self.paused {
            self.tick(now, out);
        }
    }

    /// Notes that a body does not run any more. `false` when this was not the attempt that runs.
    fn take_back(&mut self, key: Key, attempt: u16) -> bool {
        let orphan = self.is_orphan(key);
        let Some(cell) = self.cell_mut(key) else { return false };
        if !cell.has(ISSUED) || cell.attempt.saturating_add(1) != attempt {
            return false;
        }
        cell.clear(ISSUED);
        self.running = self.running.saturating_sub(1);
        !orphan && !self.cell(key).is_some_and(|cell| cell.status.is_final())
    }

    fn body_ended(
        &mut self,
        (key, attempt, ms): (Key, u16, u32),
        result: Result<Payload, Failure>,
        now: i64,
        out: &mut Vec<Command>,
    ) {
        if !self.take_back(key, attempt) {
            return;
        }
        match result {
            Ok(output) => self.emit(Record::NodeSucceeded(key, attempt, ms, output, false), out),
            Err(failure) if failure.class == Class::CANCELLED && self.ending.is_some() => {}
            Err(failure) => self.emit_failure((key, attempt, ms), failure, now, out),
        }
    }

    fn next_round(
        &mut self,
        (node, attempt, ms): (NodeIx, u16, u32),
        output: Payload,
        now: i64,
        out: &mut Vec<Command>,
    ) {
        let key = Key::node(node);
        if !self.take_back(key, attempt) {
            return;
        }
        let program = self.program.clone();
        let Some(Kind::Repeat(repeat)) = program.node(node).map(|node| &node.kind) else { return };
        let round = self.rounds(node).0 + 1;
        if round >= repeat.max {
            let failure = Box::new(Self::too_many_rounds(repeat.max));
            self.emit(Record::NodeFailed(key, attempt, ms, failure, Then::End), out);
            return;
        }
        let pause = i64::try_from(repeat.pause_ms).unwrap_or(i64::MAX);
        self.emit(Record::RoundEnded(node, round, output, now.saturating_add(pause)), out);
        self.tick(now, out);
    }

    fn waits_now(&mut self, key: Key, wait: Wait, now: i64, out: &mut Vec<Command>) {
        let child = match &wait {
            Wait::Child(run) if self.ending.is_some() => Some(run.clone()),
            _ => None,
        };
        self.emit(Record::NodeWaiting(key, wait), out);
        // A child that was being started while the run began to end has missed the word to stop.
        out.extend(child.map(Command::StopChild));
        self.deliver_signals(out);
        self.tick(now, out);
    }

    fn hear(&mut self, message: Message, now: i64, out: &mut Vec<Command>) {
        match message {
            Message::Signal(name, payload) => {
                self.emit(Record::SignalReceived(name, payload), out);
                self.deliver_signals(out);
            }
            Message::Answer(node, answer) => self.answered(node, answer, now, out),
            Message::Pause(by) => {
                if !self.paused && self.ending.is_none() {
                    self.emit(Record::RunPaused(by), out);
                }
            }
            Message::Resume(by) => {
                if self.paused {
                    self.emit(Record::RunResumed(by), out);
                    self.tick(now, out);
                }
            }
            Message::Cancel(by, why) => {
                if self.cancel.is_none() && self.phase == Phase::Forward {
                    self.emit(Record::CancelRequested(by, why), out);
                }
            }
            Message::Resolve(key, verdict, by) => self.resolved(key, verdict, by, out),
            Message::ChildDone(key, run, result) => self.child_done((key, run), result, now, out),
        }
    }

    fn answered(&mut self, node: NodeIx, answer: Answer, now: i64, out: &mut Vec<Command>) {
        let key = Key::node(node);
        if !matches!(self.wait(key), Some(Wait::Approval(..))) {
            return;
        }
        let output = serde_json::json!({
            "approved": answer.approved, "by": answer.by, "comment": answer.comment, "at": now,
        });
        let attempt = self.attempts(key).saturating_add(1);
        self.emit(Record::Answered(node, answer), out);
        self.emit(Record::NodeSucceeded(key, attempt, 0, Payload::value(&output), false), out);
    }

    fn resolved(&mut self, key: Key, verdict: Verdict, by: String, out: &mut Vec<Command>) {
        if self.cell(key).map(|cell| cell.status) != Some(NodeStatus::InDoubt) {
            return;
        }
        let attempt = self.attempts(key).saturating_add(1);
        self.emit(Record::Resolved(key, verdict.clone(), by), out);
        match verdict {
            Verdict::Done(output) => {
                self.emit(Record::NodeSucceeded(key, attempt, 0, output, false), out);
            }
            Verdict::Failed(why) => {
                let failure = Box::new(Failure::error(why).permanent());
                self.emit(Record::NodeFailed(key, attempt, 0, failure, Then::End), out);
            }
            Verdict::NotDone => {}
        }
    }

    fn child_done(
        &mut self,
        (key, run): (Key, RunId),
        result: Result<Payload, Failure>,
        now: i64,
        out: &mut Vec<Command>,
    ) {
        if self.wait(key) != Some(&Wait::Child(run)) {
            return;
        }
        let attempt = self.attempts(key).saturating_add(1);
        match result {
            Ok(output) => self.emit(Record::NodeSucceeded(key, attempt, 0, output, false), out),
            Err(failure) => self.emit_failure((key, attempt, 0), failure, now, out),
        }
    }

    fn concluded(&mut self, result: Result<Payload, Failure>, out: &mut Vec<Command>) {
        if self.phase != Phase::Concluding || !self.told {
            return;
        }
        let (status, outputs, failure) = match result {
            Ok(outputs) => (RunStatus::Succeeded, outputs, None),
            Err(failure) => (RunStatus::Failed, Payload::NULL, Some(Box::new(failure))),
        };
        self.emit(Record::RunFinished(status, outputs, failure), out);
        out.push(Command::Finish);
    }
}
