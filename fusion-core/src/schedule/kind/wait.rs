//! Waits and pauses: everything that has a due time, a signal, a person or a child run.

use crate::model::{Class, Command, Failure, Key, NodeStatus, Payload, Record, Wait};
use crate::schedule::state::State;

impl State {
    pub(in crate::schedule) fn begin_wait(&mut self, key: Key, wait: &Wait) {
        self.wake(key);
        self.leave_doubt_behind(key);
        self.set_status(key, NodeStatus::Waiting);
        self.detail(key).wait = Some(wait.clone());
        match wait {
            Wait::Timer(due) | Wait::Signal(_, Some(due)) | Wait::Approval(_, _, Some(due)) => {
                self.timers.insert((*due, key));
            }
            Wait::Child(_) => {
                self.children.insert(key);
            }
            Wait::Signal(_, None) | Wait::Approval(_, _, None) => {}
        }
    }

    pub(in crate::schedule) fn end_wait(&mut self, key: Key) {
        if self.details.is_empty() {
            return;
        }
        let Some(detail) = self.details.get_mut(&key) else { return };
        match detail.wait.take() {
            Some(
                Wait::Timer(due) | Wait::Signal(_, Some(due)) | Wait::Approval(_, _, Some(due)),
            ) => {
                self.timers.remove(&(due, key));
            }
            Some(Wait::Child(_)) => {
                self.children.remove(&key);
            }
            _ => {}
        }
    }

    /// Holds a key back until a moment.
    pub(in crate::schedule) fn pause_until(&mut self, key: Key, due: i64) {
        self.detail(key).not_before = due;
        self.timers.insert((due, key));
    }

    /// Ends the pause of a key, or begins its undoing: neither has a record of its own, so the key's next record stands
    /// for it in a state that was folded.
    pub(in crate::schedule) fn wake(&mut self, key: Key) {
        let status = self.cell(key).map(|cell| cell.status);
        if status == Some(NodeStatus::Retrying) {
            self.end_pause(key);
            self.set_status(key, NodeStatus::Ready);
        } else if key.is_undo() && status.is_none_or(|status| status == NodeStatus::Pending) {
            self.set_status(key, NodeStatus::Ready);
        }
    }

    pub(in crate::schedule) fn end_pause(&mut self, key: Key) {
        if let Some(detail) = self.details.get(&key) {
            self.timers.remove(&(detail.not_before, key));
        }
    }

    /// Lets everything go on that is due.
    pub(in crate::schedule) fn tick(&mut self, now: i64, out: &mut Vec<Command>) {
        if self.is_held() {
            return;
        }
        while let Some((due, key)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, key));
            let attempt = self.attempts(key).saturating_add(1);
            match self.wait(key).cloned() {
                None => self.make_ready(key),
                Some(Wait::Timer(_)) => {
                    self.emit(Record::NodeSucceeded(key, attempt, 0, Payload::NULL, false), out);
                }
                Some(wait) => {
                    let what = match wait {
                        Wait::Signal(name, _) => {
                            format!("the signal `{name}` did not come in time")
                        }
                        _ => "nobody answered in time".to_owned(),
                    };
                    self.emit_failure(
                        (key, attempt, 0),
                        Failure::new(Class::TIMEOUT, what),
                        now,
                        out,
                    );
                }
            }
        }
    }

    /// Hands the oldest signal of the name that a node waits for to it.
    pub(in crate::schedule) fn deliver_to(&mut self, key: Key, out: &mut Vec<Command>) {
        if self.ending.is_some() {
            return;
        }
        let Some(Wait::Signal(name, _)) = self.wait(key) else { return };
        let Some((_, payload)) = self.signals.iter().find(|(came, _)| came == name) else { return };
        let (payload, attempt) = (payload.clone(), self.attempts(key).saturating_add(1));
        self.emit(Record::NodeSucceeded(key, attempt, 0, payload, false), out);
    }
}
