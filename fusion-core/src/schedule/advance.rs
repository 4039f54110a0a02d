//! What goes on by itself: skips, starts, the end.

use super::cells::{INTENT, ISSUED};
use super::state::{Ending, Phase, State};
use crate::model::graph::Kind;
use crate::model::{
    Class, Command, Decided, Failure, Key, NodeIx, NodeStatus, Origin, Payload, Record, RunStatus,
};

impl State {
    /// Adds everything that follows without another input.
    pub(super) fn advance(&mut self, out: &mut Decided) {
        loop {
            match self.phase {
                Phase::Forward => {
                    if self.ending.is_none() {
                        self.skip_unwanted(out);
                    } else {
                        self.stop_all(out);
                    }
                    let over = self.left == 0 || self.ending.is_some();
                    if over && self.running == 0 && self.children.iter().all(|key| key.is_undo()) {
                        self.leave_forward();
                        continue;
                    }
                    if !self.is_held() {
                        self.start_ready(out);
                    }
                    return;
                }
                Phase::Undoing => {
                    if self.running == 0 {
                        self.undo_next();
                        if self.phase == Phase::Concluding {
                            continue;
                        }
                        self.start_ready(out);
                    }
                    return;
                }
                Phase::Concluding => {
                    self.conclude(out);
                    return;
                }
                Phase::Done => return,
            }
        }
    }

    fn skip_unwanted(&mut self, out: &mut Decided) {
        while let Some(node) = self.unwanted.pop() {
            if self.cells[node].status == NodeStatus::Pending {
                self.emit(Record::NodeSkipped(Key::node(node)), out);
            }
        }
    }

    fn leave_forward(&mut self) {
        self.ready.clear();
        // A run that was taken over while it was undone keeps the pauses of that.
        self.timers.retain(|(_, key)| key.is_undo());
        self.told = false;
        let well =
            self.ending.is_none() && self.culprit.is_none() && self.outputs_failure.is_none();
        self.phase = if well { Phase::Concluding } else { Phase::Undoing };
    }

    /// Tells running bodies and child runs to end, once.
    fn stop_all(&mut self, out: &mut Decided) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let nodes = (0u32..).zip(&self.cells.0).map(|(ix, cell)| (Key::node(NodeIx(ix)), cell));
        let items = self.items.iter().flat_map(|(node, items)| {
            (0u32..).zip(&items.cells.0).map(|(item, cell)| (Key::item(*node, item), cell))
        });
        out.extend(
            nodes
                .chain(items)
                .filter(|(_, cell)| cell.has(ISSUED))
                .map(|(key, _)| Command::Stop(key)),
        );
        let children = self.children().filter(|(key, _)| !key.is_undo());
        out.extend(children.map(|(_, run)| Command::StopChild(run.clone())));
    }

    fn start_ready(&mut self, out: &mut Decided) {
        while self.running < Self::CAPACITY {
            let Some(key) = self.ready.pop() else { return };
            if self.is_orphan(key) || self.is_missing(key) {
                continue;
            }
            let Some(cell) = self.cell_mut(key) else { continue };
            if cell.status != NodeStatus::Ready || cell.has(ISSUED) {
                continue;
            }
            cell.set(ISSUED);
            let attempt = cell.attempt.saturating_add(1);
            self.running += 1;
            if self.is_entered_once(key) && !self.is_asked_first(key) {
                self.emit(Record::NodeStarted(key, attempt), out);
            }
            out.push(Command::Start(key, attempt));
        }
    }

    fn is_missing(&self, key: Key) -> bool {
        !self.missing.is_empty() && self.missing.contains_key(&key)
    }

    /// Tells whether a key's start is recorded before it. The list of a map and the start of a wait have no effect.
    fn is_entered_once(&self, key: Key) -> bool {
        let has_body = |kind: &Kind| match kind {
            Kind::Map(_) => key.index().is_some(),
            Kind::Wait(_) => false,
            Kind::Run(_) | Kind::Repeat(_) => true,
        };
        self.program.policy(key.node).at_most_once
            && !key.is_undo()
            && self.program.node(key.node).is_some_and(|node| has_body(&node.kind))
    }

    /// Tells whether the driver shall evaluate the condition of an at-most-once node before its start is recorded: a
    /// node that is not wanted must never be in doubt. It answers with [`Input::Wanted`](crate::model::Input::Wanted).
    pub(crate) fn is_asked_first(&self, key: Key) -> bool {
        key == Key::node(key.node)
            && self.is_entered_once(key)
            && self.program.more(key.node).is_some_and(|more| more.when.is_some())
            && !self.cell(key).is_some_and(|cell| cell.has(INTENT))
    }

    fn conclude(&mut self, out: &mut Decided) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let (status, failure) = match &self.ending {
            Some(Ending::Cancelled) => (RunStatus::Cancelled, self.cancel_failure()),
            _ if self.culprit.is_some() => (RunStatus::Failed, self.run_failure()),
            _ => match self.outputs_failure.clone() {
                Some(failure) => {
                    let message = self.with_undo_trouble(failure.message.clone());
                    (RunStatus::Failed, Failure { message, ..failure })
                }
                None => return out.push(Command::Conclude),
            },
        };
        self.emit(Record::RunFinished(status, Payload::NULL, Some(Box::new(failure))), out);
        out.push(Command::Finish);
    }

    fn cancel_failure(&self) -> Failure {
        let message = match &self.cancel {
            Some((by, why)) if why.is_empty() => format!("cancelled by {by}"),
            Some((by, why)) => format!("cancelled by {by}: {why}"),
            None => "cancelled".to_owned(),
        };
        let class = if self.is_let_go() { Class::LET_GO } else { Class::CANCELLED };
        Failure::new(class, self.with_undo_trouble(message))
    }

    /// Tells whether the run was cancelled by the one that waited for it.
    fn is_let_go(&self) -> bool {
        match (&self.cancel, &self.start.origin) {
            (Some((by, _)), Some(Origin::Child { parent, .. })) => *by == super::parent(parent),
            _ => false,
        }
    }

    /// Makes the failure of the run from that of the node that decided it.
    fn run_failure(&self) -> Failure {
        let Some(key) = self.culprit else { return Failure::error("unknown") };
        let cause = self.failure(key).cloned().unwrap_or_else(|| Failure::error("unknown"));
        let attempts = self.attempts(key);
        let tries =
            if attempts > 1 { format!(" after {attempts} attempts") } else { String::new() };
        let message =
            format!("node `{}` failed{tries}: {}", self.program.key_text(key), cause.message);
        Failure { message: self.with_undo_trouble(message), ..cause }
    }

    fn with_undo_trouble(&self, message: String) -> String {
        match self.not_undone().as_slice() {
            [] => message,
            names => format!("{message}; could not undo {}", names.join(", ")),
        }
    }
}
