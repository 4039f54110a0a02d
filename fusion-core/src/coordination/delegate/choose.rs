//! Which agent gets a task: pure. The same agents, task and dice give the same choice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::chance::{self, Dice};
use crate::coordination::{Aim, Instance, Router, Tally, TaskRow};

/// Agents that come this near to the best are as good as it: the one with the least to do gets the task.
const AS_GOOD: f64 = 0.9;
/// How much a task that waits for an agent already speaks against it.
const WAITING: f64 = 0.1;
/// How many outcomes must be known among the candidates before chance has a say.
const ENOUGH: u64 = 10;
/// How many agents a decision names.
const NAMED: usize = 3;

/// One agent to whom tasks may go, and how many it has.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub instance: Instance,
    /// Those that it works at and those that wait for it.
    pub open: usize,
}

/// The agents among whom tasks are given out.
#[derive(Debug)]
pub(super) struct Roster {
    pub all: BTreeMap<String, Candidate>,
    router: Router,
    /// What agents of one name did, by kind of task.
    known: BTreeMap<(String, String), Tally>,
}

/// Who gets a task, or why nobody.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    /// The agent, why, and what the decision knew.
    Agent(String, String, Value),
    /// In a sentence.
    Nobody(String),
}

impl Roster {
    pub(super) fn new(candidates: Vec<Candidate>) -> Self {
        let mut known: BTreeMap<(String, String), Tally> = BTreeMap::new();
        let mut cards = BTreeMap::new();
        for one in &candidates {
            cards
                .entry(one.instance.card.name.clone())
                .or_insert_with(|| one.instance.card.clone());
            for (kind, tally) in &one.instance.record {
                let sum = known.entry((one.instance.card.name.clone(), kind.clone())).or_default();
                sum.done += tally.done;
                sum.failed += tally.failed;
            }
        }
        let all = candidates.into_iter().map(|one| (one.instance.id.clone(), one)).collect();
        Self { all, router: Router::new(cards.into_values().collect()), known }
    }

    /// Notes how an attempt ended.
    pub(super) fn learn(&mut self, agent: &str, kind: &str, is_done: bool) {
        let Some(one) = self.all.get(agent) else { return };
        let tally =
            self.known.entry((one.instance.card.name.clone(), kind.to_owned())).or_default();
        if is_done { tally.done += 1 } else { tally.failed += 1 }
    }

    /// Chooses.
    pub(super) fn choose(&self, row: &TaskRow, aim: Aim, dice: &mut Dice) -> Choice {
        let mut possible: Vec<&Candidate> = self.all.values().filter(|one| can(one, row)).collect();
        if possible.is_empty() {
            return Choice::Nobody(self.nobody(row));
        }
        // Who failed too often is asked again only when there is nobody else.
        let fresh = |one: &&Candidate| {
            let failed = row.failed_by.get(&one.instance.id).copied().unwrap_or(0);
            failed < row.spec.retry_policy.per_agent.max(1)
        };
        if possible.iter().any(fresh) {
            possible.retain(fresh);
        }
        let routed = self.router.route(&row.spec.text(), aim);
        let best = routed.ranking.first().map_or(1.0, |ranked| ranked.score).max(f64::MIN_POSITIVE);
        let fits: BTreeMap<&str, f64> = routed
            .ranking
            .iter()
            .map(|ranked| (ranked.agent.as_str(), ranked.score / best))
            .collect();
        let names: BTreeSet<&str> =
            possible.iter().map(|one| one.instance.card.name.as_str()).collect();
        let chances = self.chances(&names, &row.spec.kind, dice);
        let least = possible.iter().map(|one| load(one)).fold(f64::INFINITY, f64::min);
        let score = |one: &Candidate| {
            let name = one.instance.card.name.as_str();
            let fit = fits.get(name).copied().unwrap_or(0.0).max(0.01);
            fit * chances.get(name).copied().unwrap_or(1.0) / (1.0 + WAITING * (load(one) - least))
        };
        let mut scored: Vec<(f64, &Candidate)> =
            possible.into_iter().map(|one| (score(one), one)).collect();
        let top = scored.iter().map(|(score, _)| *score).fold(0.0, f64::max);
        scored.sort_by(|(one, a), (other, b)| {
            let good = |score: f64| score >= top * AS_GOOD;
            let by_load = if good(*one) && good(*other) {
                load(a).total_cmp(&load(b))
            } else {
                other.total_cmp(one)
            };
            by_load.then_with(|| a.instance.id.cmp(&b.instance.id))
        });
        let Some((_, chosen)) = scored.first() else { return Choice::Nobody(self.nobody(row)) };
        let reason = self.reason(chosen, row, &routed.reason);
        let data = scored.iter().take(NAMED).map(|(score, one)| {
            json!({"agent": one.instance.id, "score": (score * 1e3).round() / 1e3, "open": one.open})
        });
        let data = json!({"agent": chosen.instance.id, "reason": reason, "ranking": data.collect::<Vec<_>>()});
        Choice::Agent(chosen.instance.id.clone(), reason, data)
    }

    /// Draws how likely agents of each name are to do this kind of task well, once enough is known.
    fn chances<'a>(
        &self,
        names: &BTreeSet<&'a str>,
        kind: &str,
        dice: &mut Dice,
    ) -> BTreeMap<&'a str, f64> {
        let known = |name: &str| {
            self.known.get(&(name.to_owned(), kind.to_owned())).copied().unwrap_or_default()
        };
        let outcomes: u64 = names.iter().map(|name| known(name).done + known(name).failed).sum();
        if outcomes < ENOUGH || names.len() < 2 {
            return BTreeMap::new();
        }
        names.iter().map(|name| (*name, chance::draw(known(name), dice))).collect()
    }

    fn nobody(&self, row: &TaskRow) -> String {
        if let Some(name) = &row.spec.agent {
            let called: Vec<&Candidate> =
                self.all.values().filter(|one| is_called(&one.instance, name)).collect();
            return match called.first() {
                None => format!("waits for the agent `{name}`: nobody is called so"),
                Some(one) => {
                    format!("waits for the agent `{name}`, which is {}", one.instance.state)
                }
            };
        }
        let lacks = |need: &&String| !self.all.values().any(|one| has(&one.instance, need));
        if let Some(need) = row.spec.capabilities.iter().find(lacks) {
            return format!("waits for an agent that can do `{need}`: there is none");
        }
        if self.all.is_empty() {
            return "waits for an agent: there is none (fusion agents spawn NAME)".to_owned();
        }
        "waits for an agent: all that could do it are paused, in trouble, or of other projects"
            .to_owned()
    }

    fn reason(&self, one: &Candidate, row: &TaskRow, routed: &str) -> String {
        let agent = &one.instance;
        let mut reason = if let Some(name) = &row.spec.agent {
            format!("{}: asked for as `{name}`", agent.id)
        } else {
            let why = routed.split_once(": ").filter(|(name, _)| *name == agent.card.name);
            let why = why.map_or("as good as the best, or the best that is free", |(_, why)| why);
            format!("{}: {why}", agent.id)
        };
        let key = (agent.card.name.clone(), row.spec.kind.clone());
        if let Some(known) = self.known.get(&key) {
            let percent = (chance::mean(*known) * 100.0).round();
            let all = known.done + known.failed;
            reason = format!("{reason}; about {percent} % of such tasks succeed ({all} known)");
        }
        match one.open {
            0 => format!("{reason}; free"),
            open => format!("{reason}; {open} open"),
        }
    }
}

/// Tells whether an agent may get a task at all.
fn can(one: &Candidate, row: &TaskRow) -> bool {
    let (spec, agent) = (&row.spec, &one.instance);
    if !agent.state.takes_tasks() {
        return false;
    }
    let ours = agent.spec.project.is_empty() || agent.spec.project == spec.project;
    let named = spec.agent.as_deref().is_none_or(|name| is_called(agent, name));
    ours && named && spec.capabilities.iter().all(|need| has(agent, need))
}

/// Tells how much an agent has to do, by slot.
pub(super) fn load(one: &Candidate) -> f64 {
    one.open as f64 / f64::from(one.instance.spec.slots.max(1))
}

fn is_called(agent: &Instance, name: &str) -> bool {
    let bare = |name: &str| name.trim_start_matches('@').to_owned();
    let name = bare(name);
    bare(&agent.id) == name || bare(&agent.spec.name) == name || bare(&agent.card.name) == name
}

fn has(agent: &Instance, need: &str) -> bool {
    agent.card.capabilities.get(need).is_some_and(|weight| *weight > 0.0)
}
