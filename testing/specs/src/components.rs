//! Components and stacks against labels; how weights of the model are found, and what they are worth on other repositories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fusion_ops::analyze::{Analyzer, COMPONENTS, Model, NAMES, Stack};
use fusion_ops::spec::Folder;

use crate::labels::{self, Labels, texts};
use crate::plans::Tally;

/// One decision: a component of a specification.
#[derive(Debug, Clone)]
pub struct Row {
    /// The specification, as an index.
    pub spec: usize,
    /// The component, as an index.
    pub component: usize,
    /// What the model weighs.
    pub numbers: Vec<f64>,
    /// Whether it is required; none where both answers are right.
    pub right: Option<bool>,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// All decisions.
    pub rows: Vec<Row>,
    /// The stacks that were found, by specification.
    pub stacks: Vec<Stack>,
}

/// Reads all specifications.
///
/// # Errors
/// A sentence on what cannot be read.
pub fn read(folder: &Path, labels: &Labels) -> Result<Read, String> {
    let analyzer = Analyzer::new();
    let mut read = Read { rows: Vec::new(), stacks: Vec::new() };
    for (spec, label) in labels.specs.iter().enumerate() {
        let folder = Folder::open(&texts(folder, label)).map_err(|error| error.to_string())?;
        read.stacks.push(analyzer.analyze(&folder).stack);
        for (component, numbers) in analyzer.numbers(&folder).into_iter().enumerate() {
            let id = COMPONENTS.get(component).copied().unwrap_or_default().to_owned();
            let right = match (
                label.components.required.contains(&id),
                label.components.optional.contains(&id),
            ) {
                (true, _) => Some(true),
                (false, true) => None,
                (false, false) => Some(false),
            };
            read.rows.push(Row { spec, component, numbers, right });
        }
    }
    Ok(read)
}

/// How strongly weights are held back: of numbers, and of single components.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// Of numbers.
    pub numbers: f64,
    /// Of single components.
    pub components: f64,
}

/// What has been found to be worth most on repositories that were held out.
pub const HOLD: Hold = Hold { numbers: 3.0, components: 5.0 };
/// How much it counts that a specification looks after what others have made.
const AROUND: f64 = -2.0;
/// Numbers that speak against a component.
const AGAINST: [&str; 3] = ["out", "kept", "later"];
/// Steps of the search, enough that more change nothing.
const STEPS: usize = 3_000;
/// The length of a step.
const STEP: f64 = 0.4;

/// Finds the weights that fit decisions best: logistic regression with weights held back, by gradient descent. The same rows give
/// the same weights.
pub fn train(rows: &[&Row], hold: Hold) -> Model {
    let judged: Vec<(&Row, f64)> =
        rows.iter().filter_map(|row| Some((*row, f64::from(u8::from(row.right?))))).collect();
    let count = judged.len().max(1) as f64;
    let (mut base, mut weights, mut own) =
        (-2.0, vec![0.0; NAMES.len()], vec![0.0; COMPONENTS.len()]);
    let scales = scales(&judged);
    for _ in 0..STEPS {
        let mut slope = (0.0, vec![0.0; NAMES.len()], vec![0.0; COMPONENTS.len()]);
        for (row, right) in &judged {
            let weighed: f64 = row
                .numbers
                .iter()
                .zip(&weights)
                .zip(&scales)
                .map(|((number, weight), scale)| number / scale * weight)
                .sum();
            let sum = base + own.get(row.component).copied().unwrap_or(0.0) + weighed;
            let error = 1.0 / (1.0 + (-sum).exp()) - right;
            slope.0 += error;
            for ((slope, number), scale) in slope.1.iter_mut().zip(&row.numbers).zip(&scales) {
                *slope += error * number / scale;
            }
            if let Some(slope) = slope.2.get_mut(row.component) {
                *slope += error;
            }
        }
        base -= STEP * slope.0 / count;
        for (weight, slope) in weights.iter_mut().zip(&slope.1) {
            *weight -= STEP * (slope + hold.numbers * *weight) / count;
        }
        // What speaks for a component never speaks against it, whatever a few texts say.
        for ((weight, name), scale) in weights.iter_mut().zip(NAMES).zip(&scales) {
            *weight = match name {
                // Too few texts are of this kind to learn it from: it is known.
                "around" => AROUND * scale,
                // What is only polished is there already, or optional.
                "polish" => 0.0,
                name if AGAINST.contains(&name) => weight.min(0.0),
                _ => weight.max(0.0),
            };
        }
        for (weight, slope) in own.iter_mut().zip(&slope.2) {
            // A step per decision on this component, of which there are few.
            *weight -= STEP * (slope + hold.components * *weight) / count * 4.0;
        }
    }
    let round = |number: f64| (number * 1e4).round() / 1e4;
    let mut model = Model { base: round(base), threshold: 0.5, ..Model::default() };
    for ((name, weight), scale) in NAMES.iter().zip(weights).zip(scales) {
        model.weights.insert((*name).to_owned(), round(weight / scale));
    }
    for (id, weight) in COMPONENTS.iter().zip(own) {
        model.components.insert((*id).to_owned(), round(weight));
    }
    model.threshold = threshold(&judged, &model);
    model
}

/// The spread of each number, so that all are held back alike.
fn scales(judged: &[(&Row, f64)]) -> Vec<f64> {
    let count = judged.len().max(1) as f64;
    let of = |at: usize| {
        let numbers = || judged.iter().filter_map(|(row, _)| row.numbers.get(at).copied());
        let mean = numbers().sum::<f64>() / count;
        (numbers().map(|number| (number - mean).powi(2)).sum::<f64>() / count).sqrt().max(0.05)
    };
    (0..NAMES.len()).map(of).collect()
}

/// The confidence from which it is best to say yes, near the middle.
fn threshold(judged: &[(&Row, f64)], model: &Model) -> f64 {
    let at = |threshold: f64| {
        let mut tally = Tally::default();
        for (row, right) in judged {
            let id = COMPONENTS.get(row.component).copied().unwrap_or_default();
            note(model.confidence(id, &row.numbers) >= threshold, *right > 0.5, &mut tally);
        }
        tally.f1()
    };
    let mut best = (0.5, at(0.5));
    for step in 0..=20 {
        let threshold = 0.40 + 0.01 * f64::from(step);
        if at(threshold) > best.1 + 0.004 {
            best = (threshold, at(threshold));
        }
    }
    // Half the way only: the best one here is a little luck.
    (f64::midpoint(best.0, 0.5) * 1e3).round() / 1e3
}

fn note(found: bool, right: bool, tally: &mut Tally) {
    match (found, right) {
        (true, true) => tally.right += 1,
        (true, false) => tally.wrong += 1,
        (false, true) => tally.missed += 1,
        (false, false) => {}
    }
}

/// What a model is worth, by component, and what it gets wrong.
#[derive(Debug, Default)]
pub struct Worth {
    /// By component.
    pub by_component: BTreeMap<&'static str, Tally>,
    /// All together.
    pub all: Tally,
    /// What is wrong, in sentences.
    pub wrong: Vec<String>,
}

impl Worth {
    /// Adds the decisions of a model.
    pub fn add(&mut self, model: &Model, rows: &[&Row], labels: &Labels) {
        for row in rows {
            let Some(right) = row.right else { continue };
            let id = COMPONENTS.get(row.component).copied().unwrap_or_default();
            let confidence = model.confidence(id, &row.numbers);
            let found = confidence >= model.threshold;
            note(found, right, self.by_component.entry(id).or_default());
            note(found, right, &mut self.all);
            if found != right {
                let spec = labels.specs.get(row.spec).map_or("", |spec| spec.id.as_str());
                let what = if right { "missed" } else { "wrong" };
                let numbers: Vec<String> = NAMES
                    .iter()
                    .zip(&row.numbers)
                    .filter(|(_, number)| **number > 0.0)
                    .map(|(name, number)| format!("{name} {number:.2}"))
                    .collect();
                self.wrong
                    .push(format!("{spec}: {what} {id} ({confidence:.2}): {}", numbers.join(", ")));
            }
        }
    }
}

/// Judges each repository by a model of the others.
pub fn held_out(read: &Read, labels: &Labels, hold: Hold) -> Worth {
    let repos: BTreeSet<&str> = labels.specs.iter().map(|spec| spec.repo.as_str()).collect();
    let mut worth = Worth::default();
    for repo in repos {
        let own = |row: &&Row| labels.specs.get(row.spec).is_some_and(|spec| spec.repo == repo);
        let (out, rest): (Vec<&Row>, Vec<&Row>) = read.rows.iter().partition(own);
        worth.add(&train(&rest, hold), &out, labels);
    }
    worth
}

/// Compares stacks.
pub fn stacks(read: &Read, labels: &Labels) -> (BTreeMap<&'static str, Tally>, Vec<String>) {
    let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (label, found) in labels.specs.iter().zip(&read.stacks) {
        let Some(right) = &label.stack else { continue };
        let all = |lists: [&Vec<String>; 2]| -> BTreeSet<String> {
            lists.into_iter().flatten().cloned().collect()
        };
        let kinds = [
            (
                "languages",
                all([&found.languages, &Vec::new()]),
                &right.languages,
                &right.languages_opt,
            ),
            (
                "frameworks",
                all([&found.frameworks, &Vec::new()]),
                &right.frameworks,
                &right.frameworks_opt,
            ),
            ("database", all([&found.database, &Vec::new()]), &right.database, &right.database_opt),
        ];
        for (name, found, right, fine) in kinds {
            let (right, fine) = (right.iter().cloned().collect(), fine.iter().cloned().collect());
            let tally = Tally::of(&found, &right, &fine);
            tallies.entry(name).or_default().add(tally);
            tallies.entry("stack").or_default().add(tally);
            if tally.wrong + tally.missed > 0 {
                let vain: Vec<&String> = found
                    .iter()
                    .filter(|one| !right.contains(*one) && !fine.contains(*one))
                    .collect();
                let missed: Vec<&String> = right.difference(&found).collect();
                wrong.push(format!("{}: {name}: wrong {vain:?}, missed {missed:?}", label.id));
            }
        }
    }
    (tallies, wrong)
}

/// Reads the labelled texts, when they are there.
///
/// # Errors
/// A sentence on what cannot be read.
pub fn open() -> Result<Option<(Labels, Read)>, String> {
    let Some(folder) = labels::folder() else { return Ok(None) };
    let labels = labels::labels(&folder)?;
    let read = read(&folder, &labels)?;
    Ok(Some((labels, read)))
}
