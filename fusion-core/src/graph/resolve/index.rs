//! The catalog by number: lines, ranks, offers, guards.

use std::collections::BTreeMap;
use std::fmt;

use pubgrub::VersionSet as _;
use semver::Version;

use super::set::Set;
use super::{Catalog, Package, Range};

/// What the solver decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node<'a> {
    /// The request; its only version is 0.
    Root,
    /// A package by line; its versions are the ranks in the line.
    Package(usize),
    /// A provided name; its versions are its choices.
    Offer(usize),
    /// Stands in for a package that others may not stand beside: same versions, and one above them
    /// for "not there". It lets "must not be there" be said as a need, the only form that there is.
    Guard(usize),
    /// A name that nothing has.
    Unknown(&'a str),
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// All versions of one package.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Ascending by version; a rank is a position here.
    pub(super) packages: Vec<&'a Package>,
}

/// A way to satisfy a provided name.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    pub(super) line: usize,
    /// The version as which it counts; none satisfies only `*`.
    pub(super) version: Option<&'a Version>,
    /// The versions of the provider that offer this.
    pub(super) ranks: Set,
}

/// A name that at least one package provides, with all ways to satisfy it.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) name: &'a str,
    /// By line, then by the version as which it counts. Packages of that very name count too.
    pub(super) choices: Vec<Choice<'a>>,
}

/// The catalog, numbered by name and version.
#[derive(Debug)]
pub(super) struct Index<'a> {
    pub(super) lines: Vec<Line<'a>>,
    pub(super) offers: Vec<Offer<'a>>,
    line_of: BTreeMap<&'a str, usize>,
    offer_of: BTreeMap<&'a str, usize>,
    guarded: Vec<bool>,
}

impl<'a> Index<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        let lines: Vec<Line<'a>> = catalog
            .packages()
            .map(|(name, packages)| Line { name, packages: packages.collect() })
            .collect();
        let line_of = lines.iter().enumerate().map(|(at, line)| (line.name, at)).collect();
        let offers = offers(&lines);
        let offer_of = offers.iter().enumerate().map(|(at, offer)| (offer.name, at)).collect();
        let guarded = vec![false; lines.len()];
        let mut index = Self { lines, offers, line_of, offer_of, guarded };
        index.guarded = index.find_guarded();
        index
    }

    fn find_guarded(&self) -> Vec<bool> {
        let mut guarded = vec![false; self.lines.len()];
        for (at, line) in self.lines.iter().enumerate() {
            for (name, range) in line.packages.iter().flat_map(|package| &package.conflicts) {
                for hit in self.excluded(at, name, range).into_keys() {
                    if let Some(flag) = guarded.get_mut(hit) {
                        *flag = true;
                    }
                }
            }
        }
        guarded
    }

    /// Whether some package conflicts with a version in this line.
    pub(super) fn is_guarded(&self, line: usize) -> bool {
        self.guarded.get(line).copied().unwrap_or(false)
    }

    pub(super) fn line(&self, name: &str) -> Option<usize> {
        self.line_of.get(name).copied()
    }

    pub(super) fn package(&self, line: usize, rank: usize) -> Option<&'a Package> {
        self.lines.get(line)?.packages.get(rank).copied()
    }

    pub(super) fn choice(&self, offer: usize, choice: usize) -> Option<&Choice<'a>> {
        self.offers.get(offer)?.choices.get(choice)
    }

    /// The position of a version in a line.
    pub(super) fn rank(&self, line: usize, version: &Version) -> Option<usize> {
        let packages = &self.lines.get(line)?.packages;
        packages.binary_search_by(|package| package.version.cmp(version)).ok()
    }

    /// How many versions a node has.
    pub(super) fn versions(&self, node: Node<'a>) -> usize {
        let in_line = |at: usize| self.lines.get(at).map_or(0, |line| line.packages.len());
        match node {
            Node::Root => 1,
            Node::Package(line) => in_line(line),
            Node::Guard(line) => in_line(line) + 1,
            Node::Offer(offer) => self.offers.get(offer).map_or(0, |offer| offer.choices.len()),
            Node::Unknown(_) => 0,
        }
    }

    /// The node that a need for `name` is about, and the versions of it that are in `range`.
    pub(super) fn target(&self, name: &'a str, range: &Range) -> (Node<'a>, Set) {
        if let Some(&at) = self.offer_of.get(name) {
            let choices = self.offers.get(at).map_or(&[][..], |offer| &offer.choices);
            let fits = choices.iter().enumerate().filter(|(_, choice)| accepts(range, choice));
            return (Node::Offer(at), Set::of(fits.map(|(rank, _)| rank)));
        }
        match self.line(name) {
            Some(line) => (Node::Package(line), self.ranks_in(line, range)),
            None => (Node::Unknown(name), Set::empty()),
        }
    }

    /// The packages, by line, that a conflict of a package in line `of` rules out.
    pub(super) fn excluded(&self, of: usize, name: &str, range: &Range) -> BTreeMap<usize, Set> {
        let mut hits: BTreeMap<usize, Set> = BTreeMap::new();
        if let Some(offer) = self.offer_of.get(name).and_then(|&at| self.offers.get(at)) {
            for choice in offer.choices.iter().filter(|choice| accepts(range, choice)) {
                let hit = hits.entry(choice.line).or_insert_with(Set::empty);
                *hit = hit.union(&choice.ranks);
            }
        } else if let Some(line) = self.line(name) {
            hits.insert(line, self.ranks_in(line, range));
        }
        hits.retain(|&line, hit| line != of && *hit != Set::empty());
        hits
    }

    /// Every name that a need can be about, ascending.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> =
            self.line_of.keys().chain(self.offer_of.keys()).copied().collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn ranks_in(&self, line: usize, range: &Range) -> Set {
        let packages = self.lines.get(line).map_or(&[][..], |line| &line.packages);
        let inside = packages.iter().enumerate().filter(|(_, p)| range.contains(&p.version));
        Set::of(inside.map(|(rank, _)| rank))
    }
}

fn accepts(range: &Range, choice: &Choice<'_>) -> bool {
    choice.version.map_or_else(|| range.is_any(), |version| range.contains(version))
}

fn offers<'a>(lines: &[Line<'a>]) -> Vec<Offer<'a>> {
    type Ways<'a> = BTreeMap<(usize, Option<&'a Version>), Vec<usize>>;
    let mut names: BTreeMap<&'a str, Ways<'a>> = BTreeMap::new();
    let every = || {
        let numbered = lines.iter().enumerate();
        numbered.flat_map(|(at, line)| {
            line.packages.iter().enumerate().map(move |(rank, package)| (at, rank, *package))
        })
    };
    for (line, rank, package) in every() {
        for provide in &package.provides {
            let ways = names.entry(provide.name.as_str()).or_default();
            ways.entry((line, provide.version.as_ref())).or_default().push(rank);
        }
    }
    for (line, rank, package) in every() {
        if let Some(ways) = names.get_mut(package.name.as_str()) {
            ways.entry((line, Some(&package.version))).or_default().push(rank);
        }
    }
    let choice =
        |((line, version), ranks): (_, Vec<usize>)| Choice { line, version, ranks: Set::of(ranks) };
    names
        .into_iter()
        .map(|(name, ways)| Offer { name, choices: ways.into_iter().map(choice).collect() })
        .collect()
}
