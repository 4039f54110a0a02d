//! The words of tasks, by capability.

use std::collections::BTreeMap;

use super::card::Card;
use super::text::{Reader, Terms};

/// How soon more of the same words count less (k1 of BM25; Robertson and Zaragoza, 2009).
const SATURATION: f64 = 2.5;

/// How much each term speaks for each capability.
pub(super) struct Words {
    /// By capability, then by term.
    all: BTreeMap<String, BTreeMap<String, f64>>,
    /// How rare a term is among the capabilities: one that speaks for few of them says more.
    rarity: BTreeMap<String, f64>,
}

impl Words {
    /// Takes the words that are known, those of cards, and the names of capabilities themselves.
    pub(super) fn new(reader: &Reader, cards: &[Card]) -> Self {
        // The file is part of the program; a test reads it.
        let known: BTreeMap<String, BTreeMap<String, f64>> =
            serde_json::from_str(include_str!("words.json")).unwrap_or_default();
        let mut all: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        for (capability, words) in known {
            let terms = words.iter().map(|(word, weight)| (reader.term(word), *weight));
            all.insert(capability, terms.collect());
        }
        for card in cards {
            for name in card.capabilities.keys() {
                let own = all.entry(name.clone()).or_default();
                own.entry(reader.term(name)).or_insert(2.0);
                for word in card.words.get(name).into_iter().flatten() {
                    own.entry(reader.term(word)).or_insert(2.0);
                }
            }
        }
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for term in all.values().flat_map(BTreeMap::keys) {
            *counts.entry(term.clone()).or_default() += 1.0;
        }
        let of = all.len() as f64;
        let rarity = |count: f64| (1.0 + (of - count + 0.5) / (count + 0.5)).ln();
        let most = rarity(1.0);
        let rarity = counts.into_iter().map(|(term, count)| (term, rarity(count) / most)).collect();
        Self { all, rarity }
    }

    /// Tells how much a text speaks for a capability, and the words that do, the strongest first.
    pub(super) fn speaks(&self, capability: &str, text: &Terms) -> (f64, Vec<(f64, String)>) {
        let Some(words) = self.all.get(capability) else { return (0.0, Vec::new()) };
        let mut found: Vec<(f64, String)> = text
            .iter()
            .filter_map(|(stem, term)| {
                let rarity = self.rarity.get(stem)?;
                Some((words.get(stem)? * term.weight * rarity, term.shown.clone()))
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let sum: f64 = found.iter().map(|(weight, _)| weight).sum();
        (sum * (SATURATION + 1.0) / (sum + SATURATION) * SCALE, found)
    }
}

/// Brings the sum of one capability into the order of its words' weights.
const SCALE: f64 = 2.0;
