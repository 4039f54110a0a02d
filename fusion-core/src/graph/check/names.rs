//! The names of a graph: legal, unique, and found at once.

use super::report::Report;
use super::site::At;
use crate::error::{Code, Error};
use crate::graph::lookup::Lookup;
use crate::graph::nearest::hint;
use crate::model::{Graph, limits};

/// Above so many names, looking for a near one takes longer than anybody wants to wait for a hint.
const HINTED: usize = 20_000;

/// The nodes of a graph by name.
pub(super) struct Names<'g> {
    graph: &'g Graph,
    lookup: Lookup,
}

impl<'g> Names<'g> {
    /// Looks at all names; reports illegal ones and those that are used twice.
    pub(super) fn new(graph: &'g Graph, report: &mut Report<'_>) -> Self {
        let nodes = At::top("nodes");
        for node in &graph.nodes {
            legal(&node.id, "node", &nodes.name(&node.id), report);
        }
        let (lookup, repeated) = Lookup::new(&graph.nodes);
        let repeated = repeated.iter().filter_map(|place| graph.nodes.get(*place as usize));
        let mut repeated: Vec<&str> = repeated.map(|node| &*node.id).collect();
        repeated.sort_unstable();
        for name in repeated {
            let error = Error::new(Code::Duplicate, format!("there are two nodes `{name}`"));
            report.add(&nodes.name(name), error.hint("give one of them another name"));
        }
        Self { graph, lookup }
    }

    /// Finds a node.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.lookup.find(name, &self.graph.nodes)
    }

    /// Proposes the nearest name, when looking for it is worth it.
    pub(super) fn hint(&self, name: &str) -> String {
        if self.graph.nodes.len() > HINTED {
            return String::new();
        }
        let mut sorted: Vec<&str> = self.graph.nodes.iter().map(|node| &*node.id).collect();
        sorted.sort_unstable();
        hint(name, sorted)
    }
}

/// Reports a name that is empty, too long, or has signs that ids may not have.
pub(super) fn legal(name: &str, what: &str, at: &At<'_>, report: &mut Report<'_>) {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if !name.is_empty() && name.len() <= limits::NAME_BYTES && name.bytes().all(fine) {
        return;
    }
    let wrong = name.chars().find(|c| !u8::try_from(*c).is_ok_and(fine));
    let message = match wrong {
        _ if name.is_empty() => format!("a {what} has an empty name"),
        Some(wrong) => format!("the name of {what} {name:?} has the sign {wrong:?}"),
        None => format!("the name of {what} `{name:.20}…` has {} bytes", name.len()),
    };
    let hint = format!("use 1 to {} of the signs A-Z a-z 0-9 . _ : -", limits::NAME_BYTES);
    report.add(at, Error::new(Code::InvalidId, message).hint(hint));
}

/// Reports a name of something outside the graph (a step, a workflow, a signal) that cannot be one.
pub(super) fn outside(name: &str, what: &str, at: &At<'_>, report: &mut Report<'_>) {
    if name.trim().is_empty() {
        report.add(at, Error::new(Code::InvalidId, format!("the name of the {what} is empty")));
    } else if name.len() > limits::NAME_BYTES || name.chars().any(char::is_control) {
        let message = format!("{name:.60?} cannot be the name of a {what}");
        let hint = format!("use 1 to {} bytes without control characters", limits::NAME_BYTES);
        report.add(at, Error::new(Code::InvalidId, message).hint(hint));
    }
}
