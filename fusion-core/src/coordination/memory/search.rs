//! Which facts speak of a text: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) over stemmed words.

use std::collections::BTreeMap;

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How soon more of the same word counts no more.
const K1: f64 = 1.2;
/// How much long facts are held against.
const B: f64 = 0.75;
/// What a word counts that stands only inside of others: scripts that put no spaces between words are found by it.
const INSIDE: f64 = 0.3;

/// One thing that is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Under which key.
    pub key: String,
    /// What.
    pub value: Value,
    /// Since when, in milliseconds since 1970.
    pub at: i64,
}

/// A fact that a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recalled {
    /// The fact.
    #[serde(flatten)]
    pub fact: Fact,
    /// How much it speaks of what was looked for: comparable within one search, above 0.
    pub score: f64,
}

/// Finds the facts that speak of a text, the best first, at most `limit`; of equals the newest.
pub(super) fn search(facts: Vec<Fact>, text: &str, limit: usize) -> Vec<Recalled> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut asked = words(&stemmer, text);
    asked.sort_unstable();
    asked.dedup();
    let texts: Vec<(String, Vec<String>)> = facts
        .iter()
        .map(|fact| {
            let text = text_of(fact);
            let words = words(&stemmer, &text);
            (text.to_lowercase(), words)
        })
        .collect();
    let counts: Vec<BTreeMap<&str, f64>> = texts.iter().map(|(_, words)| count(words)).collect();
    let all = facts.len() as f64;
    let usual = texts.iter().map(|(_, words)| words.len() as f64).sum::<f64>() / all.max(1.0);
    let mut scores = vec![0.0; facts.len()];
    for word in &asked {
        let has = counts.iter().filter(|count| count.contains_key(word.as_str())).count() as f64;
        let rare = (1.0 + (all - has + 0.5) / (has + 0.5)).ln();
        for ((score, count), (text, words)) in scores.iter_mut().zip(&counts).zip(&texts) {
            *score += match count.get(word.as_str()) {
                Some(times) => {
                    let long = 1.0 - B + B * words.len() as f64 / usual.max(1.0);
                    rare * times * (K1 + 1.0) / (times + K1 * long)
                }
                None if has == 0.0 && text.contains(word.as_str()) => INSIDE,
                None => 0.0,
            };
        }
    }
    let found = facts.into_iter().zip(scores).filter(|(_, score)| *score > 0.0);
    let mut found: Vec<Recalled> = found.map(|(fact, score)| Recalled { fact, score }).collect();
    found.sort_by(|one, other| {
        let newest = || other.fact.at.cmp(&one.fact.at).then(one.fact.key.cmp(&other.fact.key));
        other.score.total_cmp(&one.score).then_with(newest)
    });
    found.truncate(limit);
    found
}

fn count(words: &[String]) -> BTreeMap<&str, f64> {
    words.iter().fold(BTreeMap::new(), |mut all, word| {
        *all.entry(word.as_str()).or_default() += 1.0;
        all
    })
}

fn words(stemmer: &Stemmer, text: &str) -> Vec<String> {
    text.split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| stemmer.stem(&word.to_lowercase()).into_owned())
        .collect()
}

/// Gives the words of a fact: its key, and every text and number in its value, names of fields included.
fn text_of(fact: &Fact) -> String {
    let mut text = fact.key.clone();
    let mut open = vec![&fact.value];
    while let Some(value) = open.pop() {
        text.push(' ');
        match value {
            Value::String(word) => text.push_str(word),
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(fields) => {
                for (name, value) in fields {
                    text.push_str(name);
                    text.push(' ');
                    open.push(value);
                }
            }
            Value::Null => {}
            other => text.push_str(&other.to_string()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn facts(all: &[(&str, Value)]) -> Vec<Fact> {
        let fact = |(at, (key, value)): (usize, &(&str, Value))| Fact {
            key: (*key).to_owned(),
            value: value.clone(),
            at: i64::try_from(at).unwrap(),
        };
        all.iter().enumerate().map(fact).collect()
    }

    fn keys(found: &[Recalled]) -> Vec<&str> {
        found.iter().map(|one| one.fact.key.as_str()).collect()
    }

    #[test]
    fn the_fact_that_speaks_most_of_it_comes_first() {
        let all = facts(&[
            ("customer/acme", json!({"name": "Acme", "prefers": "invoices by mail"})),
            ("customer/zeta", json!({"name": "Zeta", "prefers": "a call"})),
            ("style", json!("write short sentences about customers")),
        ]);
        assert_eq!(keys(&search(all.clone(), "who preferred invoicing?", 5))[0], "customer/acme");
        assert_eq!(keys(&search(all.clone(), "style", 5)), ["style"]);
        assert_eq!(search(all.clone(), "customer", 2).len(), 2);
        assert!(search(all, "nothing of this", 5).is_empty());
    }

    #[test]
    fn words_without_spaces_between_them_are_found() {
        let all = facts(&[("山", json!("東京都の天気")), ("b", json!("Straße und Öl"))]);
        assert_eq!(keys(&search(all.clone(), "天気", 5)), ["山"]);
        assert_eq!(keys(&search(all, "ÖL", 5)), ["b"]);
    }

    proptest! {
        #[test]
        fn a_search_gives_no_more_than_was_asked_for_in_order(
            texts in prop::collection::vec("[a-d ]{0,12}", 0..20), asked in "[a-d ]{0,6}", limit in 0usize..8,
        ) {
            let all: Vec<(&str, Value)> = texts.iter().map(|text| (text.as_str(), json!(text))).collect();
            let found = search(facts(&all), &asked, limit);
            prop_assert!(found.len() <= limit);
            prop_assert!(found.iter().all(|one| one.score.is_finite() && one.score > 0.0));
            prop_assert!(found.windows(2).all(|two| two[0].score >= two[1].score));
        }
    }
}
