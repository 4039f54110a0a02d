//! Random graphs, and how their bodies behave.

use proptest::prelude::*;

use super::words::{attempts, map, other, step, wait};
use crate::model::graph::{Node, OnItemFailure};
use crate::model::{Graph, NodeIx, OnUnknown, Policy};

/// What a node does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    Step,
    Child,
    /// Items, how many at once, what a failure does, which items fail (bits).
    Map(u32, u32, OnItemFailure, u32),
    /// Rounds that it needs, rounds that it may take.
    Repeat(u32, u32),
    Timer,
    Signal,
    Approval,
}

/// One node.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// Numbers that become earlier nodes by a modulus.
    pub needs: Vec<usize>,
    pub body: Body,
    /// How many attempts of the main task fail before one succeeds.
    pub fails: u16,
    pub attempts: u32,
    /// Whether there is a fallback, and whether it succeeds.
    pub fallback: Option<bool>,
    pub compensates: bool,
    pub when: bool,
    pub once: Option<OnUnknown>,
    pub priority: i32,
}

/// A graph with its bodies; the seed decides in which order things happen.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub specs: Vec<Spec>,
    pub finish: bool,
    /// Whether needs come after their users in the graph.
    pub backwards: bool,
    pub seed: u64,
}

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    (prop::collection::vec(specs(), 1..30), any::<bool>(), any::<bool>(), any::<u64>())
        .prop_map(|(specs, finish, backwards, seed)| Plan { specs, finish, backwards, seed })
}

fn specs() -> impl Strategy<Value = Spec> {
    let shape = (prop::collection::vec(0..1_000_usize, 0..4), bodies(), prop::bool::weighted(0.9));
    let fails = prop_oneof![6 => Just(0_u16), 2 => Just(1), 1 => Just(9)];
    let fallback = prop_oneof![6 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    let once = prop_oneof![
        6 => Just(None),
        1 => Just(Some(OnUnknown::Fail)),
        1 => Just(Some(OnUnknown::WaitHuman)),
    ];
    let policy = (fails, 1..4_u32, fallback, prop::bool::weighted(0.2), once, -1..2_i32);
    (shape, policy).prop_map(
        |((needs, body, when), (fails, attempts, fallback, compensates, once, priority))| Spec {
            needs,
            body,
            fails,
            attempts,
            fallback,
            compensates,
            when,
            once,
            priority,
        },
    )
}

fn bodies() -> impl Strategy<Value = Body> {
    let failure = prop_oneof![
        Just(OnItemFailure::Stop),
        Just(OnItemFailure::Finish),
        Just(OnItemFailure::Collect)
    ];
    prop_oneof![
        6 => Just(Body::Step),
        1 => Just(Body::Child),
        2 => (0..6_u32, 1..4_u32, failure, 0..64_u32).prop_map(|(n, w, f, bad)| Body::Map(n, w, f, bad & (bad >> 1))),
        1 => (1..5_u32, 1..5_u32).prop_map(|(needed, max)| Body::Repeat(needed, max)),
        1 => Just(Body::Timer),
        1 => Just(Body::Signal),
        1 => Just(Body::Approval),
    ]
}

impl Spec {
    /// Tells whether an attempt of the main task, or one of the fallback, succeeds.
    pub(super) fn succeeds(&self, item: Option<u32>, attempt: u16, is_fallback: bool) -> bool {
        if is_fallback {
            return self.fallback == Some(true);
        }
        attempt > self.failures(item)
    }

    pub(super) fn failures(&self, item: Option<u32>) -> u16 {
        match (self.body, item) {
            (Body::Timer | Body::Signal | Body::Approval, _) | (Body::Map(..), None) => 0,
            (Body::Map(_, _, _, bad), Some(item)) if bad >> item & 1 == 0 => 0,
            _ => self.fails,
        }
    }
}

impl Plan {
    /// Gives the place of a node's spec.
    pub(super) fn at(&self, node: NodeIx) -> usize {
        if self.backwards { self.specs.len() - 1 - node.at() } else { node.at() }
    }

    pub(super) fn needs(&self, at: usize) -> Vec<usize> {
        let wishes = if at == 0 { &[][..] } else { &self.specs[at].needs };
        wishes.iter().map(|need| need % at).collect()
    }

    pub(super) fn graph(&self) -> Graph {
        let mut nodes: Vec<Node> = (0..self.specs.len()).map(|at| self.node(at)).collect();
        if self.backwards {
            nodes.reverse();
        }
        let mut graph = Graph::new("g");
        graph.nodes = nodes;
        if self.finish { graph.finish_branches() } else { graph }
    }

    fn node(&self, at: usize) -> Node {
        let spec = &self.specs[at];
        let needs: Vec<String> = self.needs(at).iter().map(|need| format!("n{need}")).collect();
        let (id, needs) = (format!("n{at}"), needs.join(" "));
        let mut node = match spec.body {
            Body::Step => step(&id, &needs),
            Body::Child => {
                Node::workflow(&id, "w").after(needs.split_whitespace().collect::<Vec<_>>())
            }
            Body::Map(_, width, failure, _) => map(&id, &needs, width, failure),
            Body::Repeat(_, max) => step(&id, &needs).until("output", max),
            Body::Timer | Body::Signal | Body::Approval => wait(&id, &needs),
        };
        let retry = attempts(spec.attempts).retry;
        let policy = Policy {
            retry,
            priority: spec.priority,
            at_most_once: spec.once.is_some(),
            on_unknown: spec.once.unwrap_or_default(),
            ..Policy::default()
        };
        if policy != Policy::default() {
            node = node.policy(policy);
        }
        if spec.fallback.is_some() {
            node = node.fallback(other());
        }
        if spec.compensates {
            node = node.compensate(other());
        }
        match spec.when {
            true if at.is_multiple_of(2) => node.when("true"),
            true => node,
            false => node.when("false"),
        }
    }
}
