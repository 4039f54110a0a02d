//! What follows a failed attempt.

use crate::model::{
    Class, Decided, Digest, Failure, Key, OnUnknown, Record, RunId, Then, Timeout, limits,
};
use crate::schedule::cells::FALLBACK;
use crate::schedule::state::State;

/// Names a run to its children, as the one who tells them something.
pub(crate) fn parent(run: &RunId) -> String {
    format!("its parent `{run}`")
}

impl State {
    /// Records a failed attempt with what follows from it.
    pub(in crate::schedule) fn emit_failure(
        &mut self,
        (key, attempt, ms): (Key, u16, u32),
        failure: Failure,
        now: i64,
        out: &mut Decided,
    ) {
        let then = self.after(key, attempt, &failure, now);
        self.emit(Record::NodeFailed(key, attempt, ms, Box::new(failure), then), out);
    }

    fn after(&self, key: Key, attempt: u16, failure: &Failure, now: i64) -> Then {
        let policy = self.program.policy(key.node);
        let (base, waits) =
            self.details.get(&key).map_or((0, 0), |detail| (detail.base, detail.waits));
        let used = u32::from(attempt.saturating_sub(base).saturating_sub(waits));
        if self.is_given_up(key) {
            return Then::End;
        }
        let told = failure.retry_after_ms.unwrap_or(0);
        let again = |pause: u64| {
            let pause = i64::try_from(pause.min(limits::TIMER_MS)).unwrap_or(i64::MAX);
            Then::Retry(now.saturating_add(pause))
        };
        if attempt < u16::MAX && self.is_told_when(key, failure) {
            return again(told);
        }
        let may_repeat = !policy.at_most_once || key.is_undo();
        if may_repeat
            && used < policy.retry.attempts
            && policy.retry.covers(failure)
            && attempt < u16::MAX
        {
            return again(policy.retry.pause_ms(used, self.salt(key, attempt)).max(told));
        }
        let gave_up =
            failure.class.is_cancel() || failure.class == Class::IN_DOUBT || key.is_undo();
        if self.can_fall_back(key) && !gave_up {
            return Then::Fallback;
        }
        Then::End
    }

    /// Tells whether a service asked for a pause and said how long, and nothing else could do the work meanwhile: the node
    /// waits for it, and its attempts are for what goes wrong.
    pub(in crate::schedule) fn is_told_when(&self, key: Key, failure: &Failure) -> bool {
        let policy = self.program.policy(key.node);
        let waits = self.details.get(&key).map_or(0, |detail| detail.waits);
        failure.class == Class::RATE_LIMIT
            && failure.retry_after_ms.is_some()
            && failure.retryable != Some(false)
            && waits < limits::TOLD_WAITS
            && !policy.retry.not_on.contains(&failure.class)
            && (!policy.at_most_once || key.is_undo())
            && !self.can_fall_back(key)
    }

    /// Tells whether a key has a fallback that it has not turned to yet. The items of a map fall back, each by itself; the list
    /// that they come from has nothing to fall back to.
    fn can_fall_back(&self, key: Key) -> bool {
        let is_list = key == Key::node(key.node) && self.program.map(key.node).is_some();
        !is_list
            && self.program.more(key.node).is_some_and(|more| more.fallback.is_some())
            && !self.cell(key).is_some_and(|cell| cell.has(FALLBACK))
    }

    /// Makes the failure of a child run whose time is over.
    pub(in crate::schedule) fn too_late(&self, key: Key) -> Failure {
        let message = match &self.program.policy(key.node).timeout {
            Some(Timeout::Fixed(ms)) => format!("it took longer than {ms} ms"),
            _ => "it took longer than it may".to_owned(),
        };
        Failure::new(Class::TIMEOUT, message)
    }

    /// Tells whether nobody waits for the end of a key any more: the run or the key's map is ending.
    pub(in crate::schedule) fn is_given_up(&self, key: Key) -> bool {
        !key.is_undo() && (self.ending.is_some() || self.is_orphan(key))
    }

    /// Names an attempt for the random share of its pause: the same for every owner of the run, another for every run.
    fn salt(&self, key: Key, attempt: u16) -> Digest {
        let run = self.run.as_ref().map_or("", RunId::as_str);
        Digest::of_parts(&[
            run.as_bytes(),
            self.start.workflow.as_bytes(),
            self.start.input.digest().as_bytes(),
            &key.node.0.to_le_bytes(),
            &key.item.to_le_bytes(),
            &attempt.to_le_bytes(),
        ])
    }

    /// Reports the at-most-once bodies that were entered by an owner that is gone.
    pub(in crate::schedule) fn doubt(&mut self, out: &mut Decided) {
        let entered: Vec<Key> = self.intents.iter().copied().collect();
        for key in entered {
            let attempt = self.attempts(key).saturating_add(1);
            self.emit(Record::InDoubt(key), out);
            if self.program.policy(key.node).on_unknown == OnUnknown::Fail {
                let message = "the process died while it ran, and it may run only once: nobody knows whether it was done";
                let failure = Failure::new(Class::IN_DOUBT, message).permanent();
                self.emit(Record::NodeFailed(key, attempt, 0, Box::new(failure), Then::End), out);
            }
        }
    }
}
