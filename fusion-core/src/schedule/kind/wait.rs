//! Waits and pauses: everything that has a due time, a signal, a person or a child run.

use crate::model::{Class, Command, Failure, Key, NodeStatus, Payload, Record, Wait};
use crate::schedule::state::State;

impl State {
    pub(in crate::schedule) fn begin_wait(&mut self, key: Key, wait: &Wait) {
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

    /// Lets everything go on that is due.
    pub(in crate::schedule) fn tick(&mut self, now: i64, out: &mut Vec<Command>) {
        while let Some((due, key)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, key));
            let attempt = self.attempts(key).saturating_add(1);
            match self.wait(key).cloned() {
                None if self.is_orphan(key) => {}
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

    /// Hands signals that came to nodes that wait for them: the oldest to the first node in the graph's order.
    pub(in crate::schedule) fn deliver_signals(&mut self, out: &mut Vec<Command>) {
        while !self.signals.is_empty() {
            let found = self.waits().find_map(|(key, wait)| match wait {
                Wait::Signal(name, _) => {
                    let (_, payload) = self.signals.iter().find(|(came, _)| came == name)?;
                    Some((key, payload.clone()))
                }
                _ => None,
            });
            let Some((key, payload)) = found else { return };
            let attempt = self.attempts(key).saturating_add(1);
            self.emit(Record::NodeSucceeded(key, attempt, 0, payload, false), out);
        }
    }
}
