//! The templates of a graph: well formed, and naming only what exists.

use super::names::Names;
use super::report::Report;
use super::site::Site;
use crate::error::{Code, Error};
use crate::graph::nearest::hint;
use crate::graph::template::{Flaw, Parsed, Use, What};
use crate::model::Graph;

/// The node that a text belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'g> {
    pub(super) index: u32,
    pub(super) id: &'g str,
}

/// What the texts of one owner are checked against.
pub(super) struct Scan<'s, 'g> {
    pub(super) graph: &'g Graph,
    pub(super) names: &'s Names<'g>,
    pub(super) owner: Option<Owner<'g>>,
}

impl Scan<'_, '_> {
    /// Checks one text; adds the edges that it implies.
    pub(super) fn site(
        &self,
        site: &Site<'_>,
        report: &mut Report<'_>,
        edges: &mut Vec<(u32, u32)>,
    ) {
        let parsed = match Parsed::new(site.text, site.form) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return,
            Err(flaw) => return self.refuse(site, flaw, Code::Template, report),
        };
        let mut minus = false;
        for one in &parsed.uses {
            if let (What::Node, Some(from)) = (one.what, self.names.find(&one.name)) {
                edges.extend(self.edge(site, one, from, report));
            } else if let Some((flaw, code)) = self.wrong(site, &parsed, one, &mut minus) {
                self.refuse(site, flaw, code, report);
            }
        }
        for (word, range) in parsed.words() {
            let known = site.may.words.contains(&word.as_str());
            if !known && !minus {
                let flaw = Flaw::new(format!("there is no `{word}` here"), range);
                let flaw = flaw.hint(self.word_hint(&word, site));
                self.refuse(site, flaw, Code::UnknownReference, report);
            }
        }
    }

    /// Gives the edge that the use of a node implies; a use of the owner's own output is refused.
    fn edge(
        &self,
        site: &Site<'_>,
        one: &Use,
        from: u32,
        report: &mut Report<'_>,
    ) -> Option<(u32, u32)> {
        let owner = self.owner?;
        if owner.index != from {
            return Some((from, owner.index));
        }
        if !site.may.own {
            let message = format!("the node reads its own output `nodes.{}`", one.name);
            let flaw = Flaw::new(message, one.range.clone());
            let hint = "in a `repeat`, the last output is `previous`; in its `until`, `output`";
            self.refuse(site, flaw.hint(hint), Code::Cycle, report);
        }
        None
    }

    fn wrong(
        &self,
        site: &Site<'_>,
        parsed: &Parsed<'_>,
        one: &Use,
        minus: &mut bool,
    ) -> Option<(Flaw, Code)> {
        let flaw = |message: String| Flaw::new(message, one.range.clone());
        let unknown = Code::UnknownReference;
        let name = &one.name;
        match one.what {
            What::Node => Some(if let Some(dashed) = self.dashed(parsed, one) {
                *minus = true;
                let message = format!("`nodes.{dashed}` reads as `nodes.{name}` minus the rest");
                (flaw(message).hint(format!("write `nodes[\"{dashed}\"]`")), unknown)
            } else {
                (flaw(format!("there is no node `{name}`")).hint(self.names.hint(name)), unknown)
            }),
            What::Input => {
                let declared = !self.graph.inputs.is_empty();
                let missing = declared && !self.graph.inputs.contains_key(name);
                let hint = || hint(name, self.graph.inputs.keys().map(String::as_str));
                missing.then(|| (flaw(format!("there is no input `{name}`")).hint(hint()), unknown))
            }
            What::Secret if site.may.secrets => None,
            What::Secret => {
                let message = format!("the secret `{name}` would be recorded here");
                let hint = "secrets may stand in `command`, `stdin`, `env`, `cwd`, `agent`, `model`, and in the `with` of these and of steps";
                Some((flaw(message).hint(hint), Code::Template))
            }
            What::Any => {
                let message = format!("`{name}` alone says not which one is meant");
                let hint = format!(
                    "write `{name}.NAME` or `{name}[\"NAME\"]`: it has to be known before the run"
                );
                Some((flaw(message).hint(hint), Code::Template))
            }
            What::Filter | What::Test => {
                let (kind, known) = Parsed::functions(one.what);
                let missing = !known.contains(&name.as_str());
                let hint = || hint(name, known.iter().copied());
                missing.then(|| {
                    (flaw(format!("there is no {kind} `{name}`")).hint(hint()), Code::Template)
                })
            }
            What::Inputs => None,
        }
    }

    /// Finds the node that a `nodes.a-b` means.
    fn dashed(&self, parsed: &Parsed<'_>, one: &Use) -> Option<String> {
        let rest = parsed.source.get(one.range.start..)?.strip_prefix("nodes.")?;
        let part = |c: char| !c.is_ascii_alphanumeric() && !"._:-".contains(c);
        let mut name = rest.get(..rest.find(part).unwrap_or(rest.len()))?;
        loop {
            if name.contains('-') && self.names.find(name).is_some() {
                return Some(name.to_owned());
            }
            name = name.get(..name.rfind(['-', '.', ':'])?)?;
        }
    }

    fn word_hint(&self, word: &str, site: &Site<'_>) -> String {
        if self.names.find(word).is_some() {
            return format!("the output of a node is `nodes.{word}`");
        }
        if self.graph.inputs.contains_key(word) {
            return format!("an input is `inputs.{word}`");
        }
        let known =
            ["nodes", "inputs", "secrets"].into_iter().chain(site.may.words.iter().copied());
        hint(word, known)
    }

    fn refuse(&self, site: &Site<'_>, flaw: Flaw, code: Code, report: &mut Report<'_>) {
        if report.is_full() {
            return report.push(Error::new(code, String::new()));
        }
        let words = site.at.words();
        let whose = match (self.owner, words.as_str()) {
            (Some(owner), words) => format!("node `{}`, `{words}`", owner.id),
            (None, words) => format!("`{words}`"),
        };
        let offset = flaw.range.as_ref().map_or(0, |range| range.start);
        let place = report.places().inside(&site.at.pointer(), site.text, offset);
        let mut error = Error::new(code, format!("{whose}: {}", flaw.message));
        if let Some(hint) = flaw.hint {
            error = error.hint(hint);
        }
        report.push(match place {
            Some(place) => error.at(place),
            None => error,
        });
    }
}
