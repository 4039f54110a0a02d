//! Bodies that rest: they wait for something, and are entered again when it has come.

use crate::model::{Decided, Key, Payload, Record, Wait};
use crate::schedule::state::State;

/// What a body that rests finds when its limit has passed: no bytes, which no JSON value has.
pub(super) const NOTHING: &[u8] = b"";

impl State {
    /// Lets a body rest.
    pub(in crate::schedule) fn rests_now(
        &mut self,
        (key, name, wait): (Key, String, Wait),
        now: i64,
        out: &mut Decided,
    ) {
        if self.take_back(key, self.attempts(key).saturating_add(1)) {
            self.emit(Record::NodeResting(key, name, wait), out);
            self.deliver_to(key, out);
            self.go_on(now, out);
        }
    }

    /// Gives the name under which the body of a key that rests finds what came of the wait.
    pub(super) fn rests(&self, key: Key) -> Option<&str> {
        let detail = self.details.get(&key).filter(|detail| detail.wait.is_some());
        detail.and_then(|detail| detail.rests.as_deref())
    }

    /// Hands what was waited for to a key: as the output of a node, or as a memo to a body.
    pub(in crate::schedule) fn came(&mut self, key: Key, value: Payload, out: &mut Decided) {
        let record = if let Some(name) = self.rests(key) {
            Record::MemoSaved(key, name.to_owned(), value)
        } else {
            let attempt = self.attempts(key).saturating_add(1);
            Record::NodeSucceeded(key, attempt, 0, value, false)
        };
        self.emit(record, out);
    }

    /// Lets a body that rests be entered again, if this memo is what it rests for.
    pub(in crate::schedule) fn rouse(&mut self, key: Key, name: &str, value: &Payload) {
        if self.details.is_empty() || self.rests(key) != Some(name) {
            return;
        }
        if !value.is_empty() {
            self.consume(key);
        }
        self.end_wait(key);
        self.make_ready(key);
    }

    /// Takes the signal away that a key waits for.
    pub(in crate::schedule) fn consume(&mut self, key: Key) {
        if let Some(Wait::Signal(name, _)) = self.wait(key)
            && let Some(at) = self.signals.iter().position(|(came, _)| came == name)
        {
            self.signals.remove(at);
        }
    }
}
