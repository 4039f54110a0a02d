//! A specification in, what it needs out.

use fusion_core::coordination::{Aim, Card, Router};
use serde::Serialize;

use super::features::{Case, Witness, cases};
use super::lexicon::{COMPONENTS, Lexicon, components};
use super::model::Model;
use super::stack::{Reader, Stack};
use super::unit::{Class, Unit, units};
use crate::spec::Folder;

/// The most lines that are shown for a component.
const SHOWN: usize = 5;
/// The most lines of work that are routed to agents.
const ROUTED: usize = 20;
/// The longest text of one, in characters.
const LENGTH: usize = 200;
/// From which confidence a component is worth a mention.
const POSSIBLE: f64 = 0.2;

/// A line that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The file, within the folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What stands there, without control characters, 200 characters at most.
    pub text: String,
}

/// A component that is needed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Component {
    /// Which one.
    pub id: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// The lines that say so, the clearest first.
    pub evidence: Vec<Evidence>,
}

/// An agent that fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agent {
    /// Its name.
    pub agent: String,
    /// Its part of the work, from 0 to 1; all together 1.
    pub score: f64,
    /// Why, with an example.
    pub reason: String,
}

/// What a specification needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// What it is built with.
    pub stack: Stack,
    /// The components that are required.
    pub components: Vec<Component>,
    /// Components that are hinted at, and probably not required.
    pub possible: Vec<Component>,
    /// Who does the work, the most fitting first.
    pub agents: Vec<Agent>,
}

/// Reads specifications. One can read many; it keeps the words that it has met.
///
/// ```
/// use fusion_ops::analyze::Analyzer;
/// use fusion_ops::spec::Folder;
///
/// # fn main() -> fusion_core::error::Result<()> {
/// let text = "# Shop\n## Requirements\n- **FR-001**: Users MUST be able to sign in with a password.\n- **FR-002**: Users MUST be able to pay by credit card with Stripe.\n";
/// let analysis = Analyzer::new().analyze(&Folder::of("shop", &[("spec.md", text)]));
/// let ids: Vec<&str> = analysis.components.iter().map(|one| one.id).collect();
/// assert!(ids.contains(&"auth") && ids.contains(&"payments"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Analyzer {
    lexicon: Lexicon,
    stack: Reader,
    model: Model,
    router: Router,
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl Analyzer {
    /// Makes one with the model that is built in.
    pub fn new() -> Self {
        Self::with(Model::built_in())
    }

    /// Makes one with another model.
    pub fn with(model: Model) -> Self {
        let router = Router::new(Card::known());
        Self { lexicon: components(), stack: Reader::new(), model, router }
    }

    /// Says what a specification needs. Pure: the same texts give the same answer.
    pub fn analyze(&self, folder: &Folder) -> Analysis {
        let units = units(&folder.documents);
        let cases = cases(&units, &self.lexicon);
        let (mut required, mut possible) = (Vec::new(), Vec::new());
        for (id, case) in COMPONENTS.iter().zip(&cases) {
            let confidence = self.model.confidence(id, &case.numbers);
            let is_required = confidence >= self.model.threshold && !case.witnesses.is_empty();
            let component = Component {
                id,
                required: is_required,
                confidence: (confidence * 1e3).round() / 1e3,
                evidence: evidence(case, &units, folder),
            };
            if is_required {
                required.push(component);
            } else if confidence >= POSSIBLE && !component.evidence.is_empty() {
                possible.push(component);
            }
        }
        let by_confidence =
            |one: &Component, other: &Component| other.confidence.total_cmp(&one.confidence);
        required.sort_by(by_confidence);
        possible.sort_by(by_confidence);
        let stack = self.stack.read(&units);
        let agents = self.agents(&units);
        Analysis { stack, components: required, possible, agents }
    }

    /// Gives the numbers that the model weighs, for each of [`COMPONENTS`](super::COMPONENTS), named by [`NAMES`](super::NAMES).
    pub fn numbers(&self, folder: &Folder) -> Vec<Vec<f64>> {
        let units = units(&folder.documents);
        cases(&units, &self.lexicon).into_iter().map(|case| case.numbers.to_vec()).collect()
    }

    /// Who does the tasks; where there are none, who does what is required.
    fn agents(&self, units: &[Unit]) -> Vec<Agent> {
        let of = |wanted: &[Class]| -> Vec<&Unit> {
            units.iter().filter(|unit| wanted.contains(&unit.class)).collect()
        };
        let mut work = of(&[Class::Task, Class::Polish]);
        if work.is_empty() {
            work = of(&[Class::Requirement]);
        }
        // Routing a line costs more than all else that is done with it: some, evenly spread, say enough.
        let step = work.len().div_ceil(ROUTED).max(1);
        let work: Vec<&Unit> = work.into_iter().step_by(step).collect();
        let mut shares: Vec<(String, usize, String)> = Vec::new();
        for unit in &work {
            let routed = self.router.route(&unit.text, Aim::Fit);
            match shares.iter_mut().find(|(agent, _, _)| *agent == routed.agent) {
                Some((_, count, _)) => *count += 1,
                None => shares.push((routed.agent, 1, routed.reason)),
            }
        }
        shares.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let all = work.len().max(1) as f64;
        let agent = |(agent, count, example): (String, usize, String)| Agent {
            agent,
            score: (count as f64 / all * 1e3).round() / 1e3,
            reason: format!(
                "{count} of {} lines of work that were looked at, such as {}",
                work.len(),
                shown(&example)
            ),
        };
        shares.into_iter().map(agent).collect()
    }
}

fn evidence(case: &Case, units: &[Unit], folder: &Folder) -> Vec<Evidence> {
    let one = |witness: &Witness| {
        let unit = units.get(witness.unit)?;
        let file = folder.documents.get(unit.file)?.name.clone();
        Some(Evidence { file, line: unit.line, text: shown(&unit.text) })
    };
    case.witnesses.iter().filter_map(one).take(SHOWN).collect()
}

fn shown(text: &str) -> String {
    let mut text: String = text.chars().filter(|sign| !sign.is_control()).collect();
    if let Some((at, _)) = text.char_indices().nth(LENGTH - 1) {
        text.truncate(at);
        text.push('…');
    }
    text
}
