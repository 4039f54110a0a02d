//! From a failed search to the reasons that matter.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use pubgrub::{DerivationTree, External, VersionSet as _};
use semver::Version;

use super::index::{Choice, Index, Node};
use super::set::Set;
use super::solve::attempt;
use super::solver::Derivation;
use super::{Conflict, Range, Reason, Remedy, Request, Who};
use crate::error::nearest;

/// How many changes to the request are tried in search of a remedy.
const REMEDIES_TRIED: usize = 16;
/// How many remedies are named.
const REMEDIES_NAMED: usize = 3;

/// What a reason says; the ranks that say it are kept beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says<'a> {
    Needs(&'a str, &'a str),
    Excludes(&'a str, &'a str),
    Provides(&'a str, Option<&'a Version>),
}

type Facts<'a> = BTreeMap<(Node<'a>, Says<'a>), BTreeSet<usize>>;

pub(super) fn explain(index: &Index<'_>, request: &Request, tree: &Derivation<'_>) -> Conflict {
    let teller = Teller { index, request };
    let mut facts = Facts::new();
    for leaf in leaves(tree) {
        teller.add(leaf, &mut facts);
    }
    let ordered = teller.outward_from_request(&facts);
    let reasons = ordered.iter().map(|&(from, says)| {
        let ranks = facts.get(&(from, says));
        teller.reason(teller.who(from, ranks.into_iter().flatten()), says)
    });
    let mut conflict = Conflict {
        reasons: reasons.collect(),
        contested: teller.contested(&facts),
        remedies: vec![],
    };
    conflict.remedies = teller.remedies(&conflict.reasons);
    conflict
}

/// The facts at the ends of the derivation, each shared part visited once.
fn leaves<'t, 'a>(tree: &'t Derivation<'a>) -> Vec<&'t External<Node<'a>, Set, &'static str>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut stack = vec![tree];
    while let Some(part) = stack.pop() {
        match part {
            DerivationTree::External(leaf) => found.push(leaf),
            DerivationTree::Derived(derived) => {
                for cause in [&derived.cause2, &derived.cause1] {
                    if seen.insert(Arc::as_ptr(cause)) {
                        stack.push(cause);
                    }
                }
            }
        }
    }
    found
}

/// A need with the versions that have it and those that meet it.
struct Need<'a, 'f> {
    from: Node<'a>,
    ranks: &'f BTreeSet<usize>,
    set: Set,
}

impl Need<'_, '_> {
    fn clashes_with(&self, other: &Self) -> bool {
        // Needs of two versions of one package never have to be met together.
        let together = self.from != other.from || !self.ranks.is_disjoint(other.ranks);
        together && self.set.is_disjoint(&other.set)
    }
}

struct Teller<'a> {
    index: &'a Index<'a>,
    request: &'a Request,
}

impl<'a> Teller<'a> {
    fn add(&self, leaf: &External<Node<'_>, Set, &'static str>, facts: &mut Facts<'a>) {
        let (from, ranks, to) = match leaf {
            External::FromDependencyOf(from, ranks, to, _) => (from, ranks, Some(*to)),
            External::Custom(from, ranks, _) => (from, ranks, None),
            External::NotRoot(..) | External::NoVersions(..) => return,
        };
        for rank in ranks.below(self.index.versions(*from)) {
            match *from {
                Node::Root => {
                    for (name, range) in &self.request.requires {
                        if Some(self.index.target(name, range).0) == to {
                            let says = Says::Needs(name, range.text());
                            facts.entry((Node::Root, says)).or_default().insert(0);
                        }
                    }
                }
                Node::Package(line) => {
                    for says in self.package_says(line, rank, to) {
                        facts.entry((Node::Package(line), says)).or_default().insert(rank);
                        if let (Says::Excludes(name, _), Some(Node::Guard(hit))) = (says, to) {
                            self.add_provider(name, |choice| choice.line == hit, facts);
                        }
                    }
                }
                Node::Offer(offer) => {
                    let name = self.index.offers.get(offer).map_or("", |offer| offer.name);
                    let chosen = self.index.choice(offer, rank);
                    let is_chosen =
                        |choice: &Choice<'a>| chosen.is_some_and(|c| std::ptr::eq(c, choice));
                    self.add_provider(name, is_chosen, facts);
                }
                Node::Guard(_) | Node::Unknown(_) => {}
            }
        }
    }

    /// Notes which packages stand for a name; that a package has its own name needs no words.
    fn add_provider(
        &self,
        name: &'a str,
        wanted: impl Fn(&Choice<'a>) -> bool,
        facts: &mut Facts<'a>,
    ) {
        let Node::Offer(offer) = self.target(name, "*").0 else { return };
        for choice in (0..).map_while(|at| self.index.choice(offer, at)).filter(|c| wanted(c)) {
            let provider = Node::Package(choice.line);
            if self.index.line(name) != Some(choice.line) {
                let ranks = choice.ranks.below(self.index.versions(provider));
                let says = Says::Provides(name, choice.version);
                facts.entry((provider, says)).or_default().extend(ranks);
            }
        }
    }

    /// What a package version says about a node, or about itself when there is none.
    fn package_says(&self, line: usize, rank: usize, to: Option<Node<'_>>) -> Vec<Says<'a>> {
        let Some(package) = self.index.package(line, rank) else { return Vec::new() };
        if let Some(Node::Guard(hit)) = to {
            let hits = |&(name, range): &&'a (String, Range)| {
                self.index.excluded(line, name, range).contains_key(&hit)
            };
            let declared = package.conflicts.iter().filter(hits);
            return declared.map(|(name, range)| Says::Excludes(name, range.text())).collect();
        }
        let about = to.unwrap_or(Node::Package(line));
        let meant =
            |&(name, range): &&'a (String, Range)| self.index.target(name, range).0 == about;
        let needs = package.requires.iter().filter(meant);
        needs.map(|(name, range)| Says::Needs(name, range.text())).collect()
    }

    /// The node and the versions that a need is about.
    fn target(&self, name: &'a str, range: &str) -> (Node<'a>, Set) {
        let range: Range = range.parse().unwrap_or_else(|_| Range::any());
        self.index.target(name, &range)
    }

    /// The facts in the order in which one comes upon them when one follows the needs.
    fn outward_from_request(&self, facts: &Facts<'a>) -> Vec<(Node<'a>, Says<'a>)> {
        let mut found_at: BTreeMap<Node<'a>, Vec<_>> = BTreeMap::new();
        for &(from, says) in facts.keys() {
            let (at, next) = match says {
                Says::Needs(name, range) => (from, Some(self.target(name, range).0)),
                Says::Excludes(..) => (from, None),
                Says::Provides(name, _) => (self.target(name, "*").0, Some(from)),
            };
            found_at.entry(at).or_default().push(((from, says), next));
        }
        let mut queue = VecDeque::from([Node::Root]);
        let mut ordered = Vec::new();
        // What no need leads to, such as providers that a conflict hits, comes last.
        while let Some(node) = queue.pop_front().or_else(|| found_at.keys().next().copied()) {
            for (fact, next) in found_at.remove(&node).unwrap_or_default() {
                ordered.push(fact);
                queue.extend(next);
            }
        }
        ordered
    }

    /// Names for which two needs that have to be met together have no version in common.
    fn contested(&self, facts: &Facts<'a>) -> Vec<String> {
        let mut needs: BTreeMap<&'a str, Vec<Need<'a, '_>>> = BTreeMap::new();
        for (&(from, says), ranks) in facts {
            if let Says::Needs(name, range) = says {
                let (_, set) = self.target(name, range);
                if set != Set::empty() {
                    needs.entry(name).or_default().push(Need { from, ranks, set });
                }
            }
        }
        let clashes = |all: &Vec<Need<'a, '_>>| {
            all.iter().any(|one| all.iter().any(|other| one.clashes_with(other)))
        };
        needs.into_iter().filter(|(_, all)| clashes(all)).map(|(name, _)| name.to_owned()).collect()
    }

    fn who<'r>(&self, from: Node<'a>, ranks: impl Iterator<Item = &'r usize>) -> Who {
        let Node::Package(line) = from else { return Who::You };
        let packages = ranks.filter_map(|&rank| self.index.package(line, rank));
        let versions: Vec<Version> = packages.map(|package| package.version.clone()).collect();
        let name = self.index.lines.get(line).map_or("", |line| line.name).to_owned();
        Who::Package { name, every: versions.len() == self.index.versions(from), versions }
    }

    fn reason(&self, who: Who, says: Says<'a>) -> Reason {
        let (name, range) = match says {
            Says::Needs(name, range) => (name, range),
            Says::Excludes(name, range) => {
                return Reason::Excludes { who, name: name.to_owned(), range: range.to_owned() };
            }
            Says::Provides(name, version) => {
                return Reason::Provides { who, name: name.to_owned(), version: version.cloned() };
            }
        };
        let (node, set) = self.target(name, range);
        let (name, range) = (name.to_owned(), range.to_owned());
        match node {
            Node::Unknown(_) => {
                let hint = nearest::hint(&name, self.index.names());
                Reason::Unknown { who, name, hint }
            }
            _ if set == Set::empty() => {
                Reason::Absent { who, name, range, exist: self.exist(node) }
            }
            _ => Reason::Needs { who, name, range },
        }
    }

    /// The versions that exist of a name, newest first.
    fn exist(&self, node: Node<'a>) -> Vec<Version> {
        let all = 0..self.index.versions(node);
        let found: BTreeSet<&Version> = match node {
            Node::Package(line) => {
                all.filter_map(|rank| Some(&self.index.package(line, rank)?.version)).collect()
            }
            Node::Offer(offer) => {
                all.filter_map(|rank| self.index.choice(offer, rank)?.version).collect()
            }
            _ => BTreeSet::new(),
        };
        found.into_iter().rev().cloned().collect()
    }

    /// Tries to loosen, then to drop, each part of the request that is among the reasons.
    fn remedies(&self, reasons: &[Reason]) -> Vec<Remedy> {
        let yours = |name: &String| {
            reasons.iter().any(|reason| match reason {
                Reason::Needs { who, name: about, .. }
                | Reason::Absent { who, name: about, .. } => *who == Who::You && about == name,
                _ => false,
            })
        };
        let all = self.request.requires.iter().enumerate();
        let tried: Vec<_> = all.filter(|(_, (name, _))| yours(name)).take(REMEDIES_TRIED).collect();
        let mut found: Vec<Remedy> = Vec::new();
        for &(at, (name, range)) in tried.iter().filter(|(_, (_, range))| !range.is_any()) {
            let mut changed = self.request.clone();
            if let Some((_, slot)) = changed.requires.get_mut(at) {
                *slot = Range::any();
            }
            if let Some(works) = attempt(self.index, &changed) {
                let picked = works.picks.get(name).filter(|_| !works.via.contains_key(name));
                found.push(Remedy::Ask {
                    name: name.clone(),
                    instead_of: range.to_string(),
                    version: picked.map_or_else(|| "*".to_owned(), Version::to_string),
                });
            }
        }
        if !found.is_empty() {
            found.truncate(REMEDIES_NAMED);
            return found;
        }
        // To drop the only wish is no help.
        for &(at, (name, _)) in tried.iter().filter(|_| self.request.requires.len() > 1) {
            let mut changed = self.request.clone();
            changed.requires.remove(at);
            if attempt(self.index, &changed).is_some() {
                found.push(Remedy::Drop { name: name.clone() });
            }
        }
        found.truncate(REMEDIES_NAMED);
        found
    }
}
