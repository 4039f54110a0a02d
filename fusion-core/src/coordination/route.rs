//! Which agent a task goes to, and why.

use serde::{Deserialize, Serialize};

use super::card::{Card, Complexity, Cost, Speed};
use super::text::Reader;
use super::words::Words;

/// How much what is wished for counts beside how well an agent fits.
const WISH: f64 = 0.5;
/// How much counts what an agent is also good at.
const REST: f64 = 0.4;
/// How many words an explanation names.
const NAMED: usize = 3;

/// What is wished for beside an agent that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// Nothing more.
    #[default]
    Fit,
    /// That it is done soon.
    Speed,
    /// That it costs little.
    Cost,
    /// That the agent takes hard tasks.
    Quality,
}

/// An agent and how well it fits: 1 is all that speaks for any agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// The agent.
    pub agent: String,
    /// From 0 to 1; all together 1.
    pub score: f64,
}

/// Where a task goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Routed {
    /// The agent; empty when there are no cards.
    pub agent: String,
    /// All agents, the best first.
    pub ranking: Vec<Ranked>,
    /// Why, in a sentence.
    pub reason: String,
}

/// Finds the agent for a task by its text. Pure: the same cards and text give the same agent. Of equals the card that comes first
/// is taken.
///
/// ```
/// use fusion_core::coordination::{Aim, Card, Router};
///
/// let router = Router::new(Card::known());
/// let routed = router.route("Write the installation guide", Aim::Fit);
/// assert_eq!(routed.agent, "@gemini");
/// assert_eq!(routed.reason, "@gemini: documentation (guide)");
/// ```
pub struct Router {
    cards: Vec<Card>,
    reader: Reader,
    words: Words,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("cards", &self.cards).finish_non_exhaustive()
    }
}

/// What speaks for an agent.
struct Case {
    score: f64,
    /// The capability that counts most, and its words.
    best: Option<(f64, String, Vec<String>)>,
}

impl Router {
    /// Makes one for these agents.
    pub fn new(cards: Vec<Card>) -> Self {
        let reader = Reader::new();
        let words = Words::new(&reader, &cards);
        Self { cards, reader, words }
    }

    /// Gives the cards.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// Finds the agent of a task.
    pub fn route(&self, text: &str, aim: Aim) -> Routed {
        let terms = self.reader.task(text);
        let case = |card: &Card| {
            let (mut case, mut rest) = (Case { score: 0.0, best: None }, 0.0);
            for (name, weight) in &card.capabilities {
                let (speaks, words) = self.words.speaks(name, &terms);
                let score = speaks * weight;
                rest += score;
                if score > case.best.as_ref().map_or(0.0, |best| best.0) {
                    let mut named: Vec<String> = Vec::new();
                    for (_, word) in words {
                        if named.len() < NAMED && !named.contains(&word) {
                            named.push(word);
                        }
                    }
                    case.best = Some((score, name.clone(), named));
                }
            }
            // Many small things that one agent can do are not as much as one that another is made for.
            let best = case.best.as_ref().map_or(0.0, |best| best.0);
            case.score = best + REST * (rest - best);
            case
        };
        let mut cases: Vec<(&Card, Case)> =
            self.cards.iter().map(|card| (card, case(card))).collect();
        let is_blind = cases.iter().all(|(_, case)| case.score <= 0.0);
        for (card, case) in &mut cases {
            // When nothing speaks for anybody, one who takes all kinds of tasks is right more often.
            if is_blind {
                case.score = if card.complexity == Complexity::All { 2.0 } else { 1.0 };
            }
            case.score *= 1.0 + WISH * wish(card, aim);
        }
        cases.sort_by(|(_, one), (_, other)| other.score.total_cmp(&one.score));
        let sum: f64 = cases.iter().map(|(_, case)| case.score).sum();
        let ranked = |(card, case): &(&Card, Case)| Ranked {
            agent: card.name.clone(),
            score: if sum > 0.0 { (case.score / sum * 1e4).round() / 1e4 } else { 0.0 },
        };
        let ranking: Vec<Ranked> = cases.iter().map(ranked).collect();
        let (agent, reason) = match cases.first() {
            Some((card, case)) => (card.name.clone(), explain(card, case, aim)),
            None => (String::new(), "there are no agents".to_owned()),
        };
        Routed { agent, ranking, reason }
    }
}

fn explain(card: &Card, case: &Case, aim: Aim) -> String {
    let why = match &case.best {
        Some((_, name, words)) => format!("{name} ({})", words.join(", ")),
        None => "nothing in the text speaks for anybody".to_owned(),
    };
    let wish = match aim {
        Aim::Fit => String::new(),
        Aim::Speed => format!("; speed: {}", card.speed.as_str()),
        Aim::Cost => format!("; cost: {}", card.cost.as_str()),
        Aim::Quality => format!("; takes tasks of complexity: {}", card.complexity.as_str()),
    };
    format!("{}: {why}{wish}", card.name)
}

/// How well a card grants a wish, from 0 to 1.
fn wish(card: &Card, aim: Aim) -> f64 {
    match aim {
        Aim::Fit => 0.0,
        Aim::Speed => match card.speed {
            Speed::Slow => 0.0,
            Speed::Medium => 0.33,
            Speed::Fast => 0.67,
            Speed::Fastest => 1.0,
        },
        Aim::Cost => match card.cost {
            Cost::Free => 1.0,
            Cost::Low => 0.67,
            Cost::Medium => 0.33,
            Cost::High => 0.0,
        },
        Aim::Quality => match card.complexity {
            Complexity::Low => 0.0,
            Complexity::Medium => 0.33,
            Complexity::All => 0.67,
            Complexity::High => 1.0,
        },
    }
}
