//! The rules by which the `PubGrub` search decides.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use pubgrub::{
    Dependencies, DependencyProvider, PackageResolutionStatistics, PubGrubError, VersionSet as _,
};
use thiserror::Error;

use super::Request;
use super::index::{Choice, Index, Node};
use super::set::Set;

/// Decisions after which a search gives up; ordinary catalogs take less than a thousand.
pub(super) const DECISIONS_MAX: usize = 100_000;

/// The search reached its limit of decisions.
#[derive(Debug, Error)]
#[error("more than {DECISIONS_MAX} decisions")]
pub(super) struct Exhausted;

/// Why there is no solution, as the search found it.
pub(super) type Derivation<'a> = pubgrub::DerivationTree<Node<'a>, Set, &'static str>;

/// One search over an index.
#[derive(Debug)]
pub(super) struct Solver<'a> {
    index: &'a Index<'a>,
    request: &'a Request,
    /// Lines that are needed by their own name, to be preferred as providers.
    preferred: BTreeSet<usize>,
    /// Locked ranks by line.
    locked: BTreeMap<usize, usize>,
    direct: BTreeSet<Node<'a>>,
    decisions: Cell<usize>,
}

/// How urgent a decision is; the fields count in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Urgency {
    hopeless: bool,
    class: u8,
    locked: bool,
    conflicts: u32,
    direct: bool,
    fewest: Reverse<usize>,
    name: Reverse<usize>,
}

/// What a search ends with when it doesn't end with a solution.
pub(super) enum Failure<'a> {
    NoSolution(Derivation<'a>),
    Exhausted,
}

impl<'a> Solver<'a> {
    pub(super) fn new(
        index: &'a Index<'a>,
        request: &'a Request,
        preferred: BTreeSet<usize>,
    ) -> Self {
        let locked = request.locked.iter().filter_map(|(name, version)| {
            let line = index.line(name)?;
            Some((line, index.rank(line, version)?))
        });
        let direct = request.requires.iter().map(|(name, range)| index.target(name, range).0);
        Self {
            index,
            request,
            preferred,
            locked: locked.collect(),
            direct: direct.collect(),
            decisions: Cell::new(0),
        }
    }

    /// Searches; gives the chosen version of every node that is needed.
    pub(super) fn solve(&self) -> Result<BTreeMap<Node<'a>, usize>, Failure<'a>> {
        match pubgrub::resolve(self, Node::Root, 0_usize) {
            Ok(chosen) => Ok(chosen.into_iter().collect()),
            Err(PubGrubError::NoSolution(tree)) => Err(Failure::NoSolution(tree)),
            Err(_) => Err(Failure::Exhausted),
        }
    }

    fn is_locked(&self, node: &Node<'a>) -> bool {
        matches!(node, Node::Package(line) if self.locked.contains_key(line))
    }

    /// Higher is better: locked, needed anyway, of that very name, first by name, newest.
    fn merit(&self, offer: usize, choice: &Choice<'a>) -> impl Ord + use<'a> {
        let locked = self.locked.get(&choice.line).is_some_and(|rank| choice.ranks.contains(rank));
        let name = self.index.offers.get(offer).map(|offer| offer.name);
        let own = name.is_some_and(|name| self.index.line(name) == Some(choice.line));
        let needed = self.preferred.contains(&choice.line);
        (locked, needed, own, Reverse(choice.line), choice.version)
    }

    fn package_needs(&self, line: usize, rank: usize) -> Option<BTreeMap<Node<'a>, Set>> {
        let mut needs = BTreeMap::new();
        let package = self.index.package(line, rank)?;
        for (name, range) in &package.requires {
            let (node, set) = self.index.target(name, range);
            if node != Node::Package(line) {
                narrow(&mut needs, node, &set);
            } else if !set.contains(&rank) {
                return None;
            }
        }
        for (name, range) in &package.conflicts {
            for (hit, ranks) in self.index.excluded(line, name, range) {
                let end = self.index.versions(Node::Guard(hit));
                narrow(&mut needs, Node::Guard(hit), &ranks.others_below(end));
            }
        }
        if self.index.is_guarded(line) {
            narrow(&mut needs, Node::Guard(line), &Set::singleton(rank));
        }
        Some(needs)
    }
}

fn narrow<'a>(needs: &mut BTreeMap<Node<'a>, Set>, node: Node<'a>, set: &Set) {
    needs.entry(node).and_modify(|old| *old = old.intersection(set)).or_insert_with(|| set.clone());
}

impl<'a> DependencyProvider for Solver<'a> {
    type P = Node<'a>;
    type V = usize;
    type VS = Set;
    type Priority = Urgency;
    type M = &'static str;
    type Err = Exhausted;

    fn prioritize(
        &self,
        node: &Node<'a>,
        range: &Set,
        statistics: &PackageResolutionStatistics,
    ) -> Urgency {
        let count = range.below(self.index.versions(*node)).count();
        // Guards last: only then is it known which packages are there at all.
        let (class, name) = match *node {
            Node::Root => (3, 0),
            Node::Package(line) => (2, line),
            Node::Offer(offer) => (1, offer),
            Node::Guard(line) => (0, line),
            Node::Unknown(_) => (0, 0),
        };
        Urgency {
            hopeless: count == 0,
            class,
            locked: self.is_locked(node),
            conflicts: statistics.conflict_count(),
            direct: self.direct.contains(node),
            fewest: Reverse(count),
            name: Reverse(name),
        }
    }

    fn choose_version(&self, node: &Node<'a>, range: &Set) -> Result<Option<usize>, Exhausted> {
        let mut possible = range.below(self.index.versions(*node));
        Ok(match *node {
            Node::Package(line) => {
                let locked = self.locked.get(&line).copied().filter(|rank| range.contains(rank));
                locked.or_else(|| possible.next_back())
            }
            Node::Offer(offer) => {
                let choice = |at: &usize| self.index.choice(offer, *at);
                possible.max_by_key(|at| choice(at).map(|choice| self.merit(offer, choice)))
            }
            // The highest version of a guard is "not there".
            Node::Root | Node::Guard(_) | Node::Unknown(_) => possible.next_back(),
        })
    }

    fn get_dependencies(
        &self,
        node: &Node<'a>,
        version: &usize,
    ) -> Result<Dependencies<Node<'a>, Set, &'static str>, Exhausted> {
        let mut needs = BTreeMap::new();
        match *node {
            Node::Root => {
                for (name, range) in &self.request.requires {
                    let (node, set) = self.index.target(name, range);
                    narrow(&mut needs, node, &set);
                }
            }
            Node::Package(line) => match self.package_needs(line, *version) {
                Some(found) => needs = found,
                None => return Ok(Dependencies::Unavailable("needs another version of itself")),
            },
            Node::Offer(offer) => {
                if let Some(choice) = self.index.choice(offer, *version) {
                    needs.insert(Node::Package(choice.line), choice.ranks.clone());
                }
            }
            Node::Guard(_) | Node::Unknown(_) => {}
        }
        Ok(Dependencies::Available(needs.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), Exhausted> {
        self.decisions.set(self.decisions.get() + 1);
        if self.decisions.get() > DECISIONS_MAX { Err(Exhausted) } else { Ok(()) }
    }
}
