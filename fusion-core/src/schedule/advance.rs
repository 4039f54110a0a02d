//! What goes on by itself: skips, starts, the end.

use super::cells::ISSUED;
use super::state::{Ending, Phase, State};
use crate::model::{Class, Command, Failure, Key, NodeIx, NodeStatus, Payload, Record, RunStatus};

impl State {
    /// Adds everything that follows without another input.
    pub(super) fn advance(&mut self, out: &mut Vec<Command>) {
        loop {
            match self.phase {
                Phase::Forward => {
                    if self.ending.is_none() {
                        self.skip_unwanted(out);
                    } else {
                        self.stop_all(out);
                    }
                    let over = self.left == 0 || self.ending.is_some();
                    if over && self.running == 0 && self.children.is_empty() {
                        self.leave_forward();
                        continue;
                    }
                    if self.ending.is_none() && !self.paused {
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

    fn skip_unwanted(&mut self, out: &mut Vec<Command>) {
        while let Some(node) = self.unwanted.pop() {
            if self.cells[node].status == NodeStatus::Pending {
                self.emit(Record::NodeSkipped(Key::node(node)), out);
            }
        }
    }

    fn leave_forward(&mut self) {
        self.ready.clear();
        self.timers.clear();
        self.told = false;
        let well = self.ending.is_none() && self.culprit.is_none();
        self.phase = if well { Phase::Concluding } else { Phase::Undoing };
    }

    /// Tells running bodies and child runs to end, once.
    fn stop_all(&mut self, out: &mut Vec<Command>) {
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
        out.extend(self.children().map(|(_, run)| Command::StopChild(run.clone())));
    }

    fn start_ready(&mut self, out: &mut Vec<Command>) {
        while self.running < Self::CAPACITY {
            let Some(key) = self.ready.pop() else { return };
            if self.is_orphan(key) {
                continue;
            }
            let Some(cell) = self.cell_mut(key) else { continue };
            if cell.status != NodeStatus::Ready || cell.has(ISSUED) {
                continue;
            }
            cell.set(ISSUED);
            let attempt = cell.attempt.saturating_add(1);
            self.running += 1;
            if !key.is_undo() && self.program.policy(key.node).at_most_once {
                self.emit(Record::NodeStarted(key, attempt), out);
            }
            out.push(Command::Start(key, attempt));
        }
    }

    fn conclude(&mut self, out: &mut Vec<Command>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let (status, failure) = match &self.ending {
            Some(Ending::Cancelled) => (RunStatus::Cancelled, self.cancel_failure()),
            _ if self.culprit.is_some() => (RunStatus::Failed, self.run_failure()),
            _ => {
                out.push(Command::Conclude);
                return;
            }
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
        Failure::new(Class::CANCELLED, self.with_undo_trouble(message))
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
