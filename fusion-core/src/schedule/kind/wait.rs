//! Waits and pauses: everything that has a due time, a signal, a person or a child run. What comes of a wait is the
//! output of a node that waits, and a memo of a body that rests.

use super::rest::NOTHING;
use crate::model::{Class, Command, Decided, Failure, Key, NodeStatus, Payload, Wait};
use crate::schedule::state::State;

impl State {
    pub(in crate::schedule) fn begin_wait(&mut self, key: Key, wait: &Wait) {
        self.wake(key);
        self.leave_doubt_behind(key);
        self.set_status(key, NodeStatus::Waiting);
        let detail = self.detail(key);
        (detail.wait, detail.rests) = (Some(wait.clone()), None);
        self.timers.extend(wait.until().map(|due| (due, key)));
        if wait.child().is_some() {
            self.children.insert(key);
        }
    }

    pub(in crate::schedule) fn end_wait(&mut self, key: Key) {
        if self.details.is_empty() {
            return;
        }
        let Some(detail) = self.details.get_mut(&key) else { return };
        let Some(wait) = detail.wait.take() else { return };
        if let Some(due) = wait.until() {
            self.timers.remove(&(due, key));
        }
        if wait.child().is_some() {
            self.children.remove(&key);
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

    /// Lets everything go on that is due, and ends the waits whose time is over: all that was said is heard.
    pub(in crate::schedule) fn tick(&mut self, now: i64, out: &mut Decided) {
        while let Some(first) = self.first_due(now, true) {
            self.fire(first, now, out);
        }
    }

    /// Lets everything go on that is due by itself. What others may end has to wait for a tick: their word may have come
    /// in time and not have been read.
    pub(in crate::schedule) fn go_on(&mut self, now: i64, out: &mut Decided) {
        while let Some(first) = self.first_due(now, false) {
            self.fire(first, now, out);
        }
    }

    fn first_due(&self, now: i64, limits: bool) -> Option<(i64, Key)> {
        let mut due = self.timers.iter().take_while(|(due, _)| *due <= now && !self.is_held());
        due.find(|(_, key)| limits || !self.is_limited(*key)).copied()
    }

    /// Tells whether the timer of a key is the time limit of something that others end.
    fn is_limited(&self, key: Key) -> bool {
        self.wait(key).is_some_and(|wait| !matches!(wait, Wait::Timer(_)))
    }

    /// Tells whether the time of a wait is over that others may have ended before.
    #[cfg(any(feature = "engine", test))]
    pub(crate) fn is_limit_due(&self, now: i64) -> bool {
        self.timers.iter().take_while(|(due, _)| *due <= now).any(|(_, key)| self.is_limited(*key))
    }

    fn fire(&mut self, (due, key): (i64, Key), now: i64, out: &mut Decided) {
        self.timers.remove(&(due, key));
        let attempt = self.attempts(key).saturating_add(1);
        let late = match self.wait(key) {
            None => return self.make_ready(key),
            Some(Wait::Timer(_)) => return self.came(key, Payload::NULL, out),
            Some(_) if self.rests(key).is_some() => {
                return self.came(key, Payload::from_bytes(NOTHING), out);
            }
            // Its end is heard as any other. Until then it is waited for: it may have to undo something.
            Some(Wait::Child(run) | Wait::ChildUntil(run, _)) => {
                return out.push(Command::StopChild(run.clone()));
            }
            Some(Wait::Signal(name, _)) => format!("the signal `{name}` did not come in time"),
            Some(Wait::Approval(..)) => "nobody answered in time".to_owned(),
        };
        let failure = Failure::new(Class::TIMEOUT, late);
        self.emit_failure((key, attempt, 0), failure, now, out);
    }

    /// Hands the oldest signal of the name that a node waits for to it.
    pub(in crate::schedule) fn deliver_to(&mut self, key: Key, out: &mut Decided) {
        if self.ending.is_some() {
            return;
        }
        let Some(Wait::Signal(name, _)) = self.wait(key) else { return };
        let Some((_, payload)) = self.signals.iter().find(|(came, _)| came == name) else { return };
        let payload = payload.clone();
        self.came(key, payload, out);
    }
}
