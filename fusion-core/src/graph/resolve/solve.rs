//! From a request to a resolution.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::explain::explain;
use super::index::{Index, Node};
use super::solver::{DECISIONS_MAX, Failure, Solver};
use super::{Catalog, Request, ResolveError};
use crate::graph::order::{Edges, find_cycle, topological};

/// Rounds in which a provider that is needed anyway may replace one that was only guessed.
const ROUNDS_MAX: usize = 4;

/// What the search decided: a version (or choice) for each node that is needed.
pub(super) type Chosen<'a> = BTreeMap<Node<'a>, usize>;

/// The packages that satisfy a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The chosen version of each package that is needed.
    pub picks: BTreeMap<String, Version>,
    /// The same packages in install order: each after everything that it needs, else by name.
    pub order: Vec<String>,
    /// For each needed name that another package provides: that package.
    pub via: BTreeMap<String, String>,
}

/// Chooses one version of every package that the request needs.
///
/// The highest versions win, locked ones before that. For a name that several packages provide the
/// choice goes to a locked provider, then to one that is needed by its own name, then to the
/// package of that very name, then by name. The same catalog and request give the same answer,
/// whatever the order in which they were filled.
///
/// # Errors
/// [`ResolveError::Unsolvable`] with the reasons when nothing fits, [`ResolveError::Cycle`] when
/// the chosen packages need each other in a circle, [`ResolveError::TooHard`] when the search gave
/// up.
///
/// ```
/// use fusion_core::graph::resolve::{Catalog, Package, Request, resolve};
///
/// let catalog = Catalog::from_packages([
///     Package::new("web", "2.1.0")?.needs("db", "^2")?,
///     Package::new("auth", "1.0.0")?.needs("db", "^1")?,
///     Package::new("auth", "2.0.0")?.needs("db", "^2")?,
///     Package::new("db", "1.9.0")?,
///     Package::new("db", "2.3.0")?,
/// ])?;
/// let found = resolve(&catalog, &Request::new().needs("web", "^2")?.needs("auth", "*")?)?;
/// assert_eq!(found.order, ["db", "auth", "web"]);
/// assert_eq!(found.picks["auth"].to_string(), "2.0.0");
///
/// let wrong = resolve(&catalog, &Request::new().needs("web", "^2")?.needs("auth", "^1")?);
/// assert_eq!(
///     wrong.unwrap_err().to_string(),
///     "You ask for `auth` ^1 and `web` ^2. \
///      `auth` 1.0.0 needs `db` ^1, but `web` 2.1.0 needs `db` ^2. \
///      Try asking for `auth` 2.0.0 instead of ^1.",
/// );
/// # Ok::<(), fusion_core::graph::resolve::ResolveError>(())
/// ```
pub fn resolve(catalog: &Catalog, request: &Request) -> Result<Resolution, ResolveError> {
    let index = Index::new(catalog);
    match search(&index, request) {
        Ok(chosen) => settle(&index, request, arrange(&index, &chosen)?),
        Err(Failure::NoSolution(tree)) => {
            Err(ResolveError::Unsolvable(Box::new(explain(&index, request, &tree))))
        }
        Err(Failure::Exhausted) => Err(ResolveError::TooHard { decisions: DECISIONS_MAX }),
    }
}

/// Leaves out what the solution itself makes needless, until a lock of it gives it again.
///
/// The rounds of a search may end on a provider that another chosen package makes superfluous. What the caller locked
/// stays in spite of that.
fn settle(
    index: &Index<'_>,
    request: &Request,
    mut found: Resolution,
) -> Result<Resolution, ResolveError> {
    if !request.locked.is_empty() {
        return Ok(found);
    }
    for _ in 0..ROUNDS_MAX {
        let locked = Request { requires: request.requires.clone(), locked: found.picks.clone() };
        let Ok(chosen) = search(index, &locked) else { break };
        let again = arrange(index, &chosen)?;
        if again.picks == found.picks {
            return Ok(again);
        }
        found = again;
    }
    Ok(found)
}

/// Solves the same catalog for a changed request; none when that fails too.
pub(super) fn attempt(index: &Index<'_>, request: &Request) -> Option<Resolution> {
    arrange(index, &search(index, request).ok()?).ok()
}

fn search<'a>(index: &'a Index<'a>, request: &'a Request) -> Result<Chosen<'a>, Failure<'a>> {
    let mut preferred = BTreeSet::new();
    let mut chosen = Solver::new(index, request, preferred.clone()).solve()?;
    // What is needed anyway is known only after a search, so it is fed back until nothing changes.
    for _ in 1..ROUNDS_MAX {
        if !chosen.keys().any(|node| matches!(node, Node::Offer(_))) {
            break;
        }
        let needed = needed_by_name(index, request, &chosen);
        if needed == preferred {
            break;
        }
        preferred = needed;
        chosen = Solver::new(index, request, preferred.clone()).solve()?;
    }
    Ok(chosen)
}

fn needed_by_name(index: &Index<'_>, request: &Request, chosen: &Chosen<'_>) -> BTreeSet<usize> {
    let packages = packages(chosen).filter_map(|(line, rank)| index.package(line, rank));
    let needs = request.requires.iter().chain(packages.flat_map(|package| &package.requires));
    let line = |(name, range): &(String, _)| match index.target(name, range).0 {
        Node::Package(line) => Some(line),
        _ => None,
    };
    needs.filter_map(line).collect()
}

fn packages<'c>(chosen: &'c Chosen<'_>) -> impl Iterator<Item = (usize, usize)> + 'c {
    chosen.iter().filter_map(|(node, rank)| match node {
        Node::Package(line) => Some((*line, *rank)),
        _ => None,
    })
}

fn arrange(index: &Index<'_>, chosen: &Chosen<'_>) -> Result<Resolution, ResolveError> {
    let picked: Vec<(usize, usize)> = packages(chosen).collect();
    let position = |line: usize| picked.binary_search_by_key(&line, |&(line, _)| line).ok();
    let provider = |offer: usize| {
        let choice = chosen.get(&Node::Offer(offer))?;
        index.choice(offer, *choice).map(|choice| choice.line)
    };
    let mut needs = Vec::new();
    for (from, &(line, rank)) in picked.iter().enumerate() {
        for (name, range) in index.package(line, rank).iter().flat_map(|p| &p.requires) {
            let satisfier = match index.target(name, range).0 {
                Node::Package(line) => Some(line),
                Node::Offer(offer) => provider(offer),
                _ => None,
            };
            // A package that satisfies its own need waits for nobody.
            let other = satisfier.filter(|&other| other != line).and_then(position);
            needs.extend(other.map(|to| (number(from), number(to))));
        }
    }
    let name = |line: usize| index.lines.get(line).map_or("", |line| line.name).to_owned();
    let name_at = |at: &u32| picked.get(*at as usize).map(|&(line, _)| name(line));
    let names = |path: &[u32]| path.iter().filter_map(name_at).collect::<Vec<String>>();
    let edges = Edges::new(picked.len(), &needs).unwrap_or_default();
    if let Some(cycle) = find_cycle(&edges) {
        return Err(ResolveError::Cycle { path: names(&cycle.path) });
    }
    let order = topological(&edges.reversed()).unwrap_or_default();
    let version = |&(line, rank): &(usize, usize)| {
        index.package(line, rank).map(|package| (name(line), package.version.clone()))
    };
    let via = index.offers.iter().enumerate().filter_map(|(at, offer)| {
        let by = name(provider(at)?);
        (by != offer.name).then(|| (offer.name.to_owned(), by))
    });
    Ok(Resolution {
        picks: picked.iter().filter_map(version).collect(),
        order: names(&order),
        via: via.collect(),
    })
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
