//! Reading the policy of a node, with what the file's `defaults` add to it.

use super::tree::{Body, Tree};
use crate::graph::check::{learns, unfit};
use crate::graph::duration::parse_ms;
use crate::model::graph::Kind;
use crate::model::{Backoff, Cache, Class, Concurrency, OnUnknown, Policy, Timeout};

/// A map, and another one that fills its gaps.
#[derive(Clone, Copy)]
pub(super) struct Layered<'t> {
    pub(super) own: Option<&'t Tree>,
    pub(super) below: Option<&'t Tree>,
}

impl<'t> Layered<'t> {
    /// Finds the value of a key: the map's own, or else the one below.
    pub(super) fn get(self, key: &str) -> Option<&'t Tree> {
        let own = self.own.and_then(|tree| tree.get(key));
        own.or_else(|| self.below.and_then(|tree| tree.get(key)))
    }

    /// Goes into both maps.
    pub(super) fn into(self, key: &str) -> Self {
        Self {
            own: self.own.and_then(|tree| tree.get(key)),
            below: self.below.and_then(|tree| tree.get(key)),
        }
    }
}

/// Reads the policy of a node of a kind; what does not fit was reported before and counts as absent. A default that nodes of
/// the kind cannot have is not meant for it.
pub(super) fn policy(all: Layered<'_>, kind: &Kind, expand: bool) -> Policy {
    let own = Layered { below: None, ..all };
    let node = Fitting { all, own, kind };
    let at_most_once = own.get("at_most_once").and_then(Tree::bool);
    let at_most_once = at_most_once.unwrap_or(false);
    let mut retry = all.into("retry");
    if at_most_once {
        // A default that the node's own wish contradicts is not meant for it.
        retry.below = None;
    }
    let concurrency = node.get("concurrency").and_then(|tree| {
        let key = tree.get("key").and_then(Tree::text)?.to_owned();
        Some(Concurrency { key, limit: whole(tree.get("limit")).unwrap_or(1) })
    });
    Policy {
        retry: backoff(retry),
        timeout: limit(all, learns(kind, expand)),
        heartbeat_ms: ms(node.get("heartbeat")),
        cache: node.get("cache").and_then(cache),
        concurrency,
        priority: whole(node.get("priority")).unwrap_or(0),
        at_most_once,
        on_unknown: match node.get("on_unknown").and_then(Tree::text) {
            Some("wait_human") => OnUnknown::WaitHuman,
            _ => OnUnknown::Fail,
        },
    }
}

/// Finds keys among those of a node and the defaults that nodes of its kind can have.
struct Fitting<'t, 'k> {
    all: Layered<'t>,
    own: Layered<'t>,
    kind: &'k Kind,
}

impl<'t> Fitting<'t, '_> {
    fn get(&self, key: &str) -> Option<&'t Tree> {
        if unfit(self.kind, key).is_some() { self.own.get(key) } else { self.all.get(key) }
    }
}

/// Reads the limit of an attempt: a learned default is not meant for nodes that cannot learn.
fn limit(node: Layered<'_>, learns: bool) -> Option<Timeout> {
    let own = node.own.and_then(|own| own.get("timeout"));
    if own.is_some() {
        return own.and_then(timeout);
    }
    let below = node.get("timeout").and_then(timeout);
    below.filter(|limit| learns || matches!(limit, Timeout::Fixed(_)))
}

fn backoff(retry: Layered<'_>) -> Backoff {
    let plain = Backoff::ONCE;
    let number =
        |key: &str| retry.get(key).and_then(Tree::number).and_then(serde_json::Number::as_f64);
    let classes = |key: &str| match retry.get(key) {
        Some(tree) => texts(tree).iter().map(|text| Class::from(text.as_str())).collect(),
        None => Vec::new(),
    };
    Backoff {
        attempts: whole(retry.get("attempts")).unwrap_or(plain.attempts),
        initial_ms: ms(retry.get("initial")).unwrap_or(plain.initial_ms),
        factor: number("factor").unwrap_or(plain.factor),
        max_ms: ms(retry.get("max")).unwrap_or(plain.max_ms),
        jitter: number("jitter").unwrap_or(plain.jitter),
        on: classes("on"),
        not_on: classes("not_on"),
    }
}

fn timeout(tree: &Tree) -> Option<Timeout> {
    if !matches!(tree.body, Body::Map(_)) {
        return ms(Some(tree)).map(Timeout::Fixed);
    }
    let learned = tree.get("learned")?;
    let factor = learned.get("factor").and_then(Tree::number).and_then(serde_json::Number::as_f64);
    let ceiling_ms = ms(learned.get("ceiling"))?;
    Some(Timeout::Learned {
        factor: factor.unwrap_or(3.0),
        floor_ms: ms(learned.get("floor")).unwrap_or_else(|| ceiling_ms.min(1_000)),
        ceiling_ms,
    })
}

fn cache(tree: &Tree) -> Option<Cache> {
    match &tree.body {
        Body::Bool(wanted) => wanted.then(Cache::default),
        Body::Map(_) => Some(Cache {
            ttl_ms: ms(tree.get("ttl")),
            version: tree.get("version").and_then(Tree::word).unwrap_or_default(),
        }),
        _ => None,
    }
}

/// Reads a length of time in milliseconds.
pub(super) fn ms(tree: Option<&Tree>) -> Option<u64> {
    tree.and_then(Tree::word).and_then(|text| parse_ms(&text).ok())
}

/// Reads a whole number.
pub(super) fn whole<N: TryFrom<i64>>(tree: Option<&Tree>) -> Option<N> {
    let number = tree.and_then(Tree::number).and_then(serde_json::Number::as_i64)?;
    N::try_from(number).ok()
}

/// Reads a list of texts; one text alone is a list too.
pub(super) fn texts(tree: &Tree) -> Vec<String> {
    match tree.text() {
        Some(text) => vec![text.to_owned()],
        None => tree.items().iter().filter_map(Tree::word).collect(),
    }
}
