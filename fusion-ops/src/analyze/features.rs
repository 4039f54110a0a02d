//! What speaks for each component, as numbers.

use std::collections::HashSet;

use super::cue::{Mood, before, mood};
use super::lexicon::{COMPONENTS, Hit, Known, Lexicon};
use super::text::{Word, words};
use super::unit::{CLASSES, Class, Unit};

/// The names of the numbers, in their order.
pub const NAMES: [&str; 22] = [
    "title",
    "requirement",
    "story",
    "task",
    "polish",
    "tech",
    "plan",
    "structure",
    "side",
    "out",
    "kept",
    "later",
    "share of requirements",
    "share of tasks",
    "terms",
    "strongest",
    "share of stories",
    "kinds",
    "mean",
    "short",
    "around",
    "rank",
];

/// A line that speaks for a component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Witness {
    /// The line, as an index.
    pub(crate) unit: usize,
    /// How much it speaks for it.
    pub(crate) weight: f64,
}

/// What speaks for one component.
#[derive(Debug, Clone, Default)]
pub(crate) struct Case {
    /// The numbers, as `NAMES` names them.
    pub(crate) numbers: [f64; NAMES.len()],
    /// The lines that speak for it most.
    pub(crate) witnesses: Vec<Witness>,
}

#[derive(Debug, Clone, Default)]
struct Sum {
    classes: [f64; CLASSES],
    out: f64,
    kept: f64,
    later: f64,
    shares: [f64; CLASSES],
    terms: HashSet<u32>,
    strongest: f64,
    witnesses: Vec<Witness>,
}

/// Weighs all lines for all components.
pub(crate) fn cases(units: &[Unit], lexicon: &Lexicon) -> Vec<Case> {
    let mut sums = vec![Sum::default(); COMPONENTS.len()];
    let mut counts = [0.0; CLASSES];
    let mut parts: Vec<Word<'_>> = Vec::new();
    let (mut known, mut hits): (Vec<Known>, Vec<Hit>) = (Vec::new(), Vec::new());
    for (at, unit) in units.iter().enumerate() {
        if let Some(count) = counts.get_mut(unit.class as usize) {
            *count += 1.0;
        }
        parts.clear();
        known.clear();
        hits.clear();
        words(&unit.text, &mut parts);
        lexicon.know(&parts, &mut known);
        lexicon.hits(&known, &mut hits);
        deny(unit, &known, &hits, &mut sums);
        if !hits.is_empty() {
            let mood = mood(&known);
            weigh(at, unit, mood, (&parts, &known, &mut hits), &mut sums);
        }
    }
    let mut cases: Vec<Case> = sums.into_iter().map(|sum| case(sum, &counts)).collect();
    around(&mut cases);
    rank(&mut cases);
    cases
}

/// A specification whose title says that something is looked after (a deployment, a documentation) names much that is there
/// already, and makes none of it.
fn around(cases: &mut [Case]) {
    let place = |name: &str| NAMES.iter().position(|one| *one == name).unwrap_or(0);
    let (title, own) = (place("title"), place("around"));
    let is_looked = |at: usize| COMPONENTS.get(at).is_some_and(|id| LOOKED.contains(id));
    let of = |case: &Case| case.numbers.get(title).copied().unwrap_or(0.0);
    let looked = cases.iter().enumerate().filter(|(at, _)| is_looked(*at));
    let most = looked.map(|(_, case)| of(case)).fold(0.0, f64::max);
    for (at, case) in cases.iter_mut().enumerate() {
        let more = (most - of(case)).max(0.0);
        if let Some(number) = case.numbers.get_mut(own).filter(|_| !is_looked(at)) {
            *number = more;
        }
    }
}

/// Compares each component with the one that most is said about.
fn rank(cases: &mut [Case]) {
    let mean = NAMES.iter().position(|name| *name == "mean").unwrap_or(0);
    let of = |case: &Case| case.numbers.get(mean).copied().unwrap_or(0.0);
    let most = cases.iter().map(of).fold(0.1, f64::max);
    for case in cases {
        let own = of(case) / most;
        if let Some(rank) = case.numbers.last_mut() {
            *rank = own;
        }
    }
}

/// How much a field of a plan counts that says no: `Storage: N/A`, `Testing: manual`.
const DENIED: f64 = 4.0;

/// Reads fields of a plan that say that there is nothing of a kind.
fn deny(unit: &Unit, known: &[Known], hits: &[Hit], sums: &mut [Sum]) {
    let Some(label) = unit.label.as_deref().filter(|_| unit.class == Class::Tech) else { return };
    let (field, id, words): (&str, &str, &[&str]) = match label {
        "storage" => (
            "storage",
            "database",
            &[
                "n/a",
                "none",
                "no database",
                "in-memory",
                "in memory",
                "file",
                "json",
                "yaml",
                "not applicable",
                "stateless",
            ],
        ),
        "testing" => ("testing", "testing", &["n/a", "none", "manual", "not applicable"]),
        _ => return,
    };
    let value = unit.text.get(field.len()..).unwrap_or_default().to_lowercase();
    let of = COMPONENTS.iter().position(|one| *one == id).unwrap_or(0);
    // An engine that is named beside it is an engine.
    let engine = hits.iter().any(|hit| {
        hit.of == of && hit.weight >= 1.6 && !matches!(before_hit(known, hit), Mood::Out)
    });
    if !engine
        && words.iter().any(|word| value.contains(word))
        && let Some(sum) = sums.get_mut(of)
    {
        sum.out += DENIED;
    }
}

fn before_hit(known: &[Known], hit: &Hit) -> Mood {
    use super::cue::Cue;
    let from = hit.at.saturating_sub(3);
    let no = known
        .get(from..hit.at)
        .unwrap_or_default()
        .iter()
        .any(|one| matches!(one.cue, Cue::No | Cue::Not));
    if no { Mood::Out } else { Mood::Plain }
}

/// What remains of a task that only looks after something.
const LOOK: f64 = 0.35;
/// Components whose tasks are to look after something.
const LOOKED: [&str; 3] = ["testing", "documentation", "deployment-ci"];

/// What remains of a word beside much clearer ones.
const ALONG: f64 = 0.35;

type Line<'a, 'l> = (&'a [Word<'l>], &'a [Known], &'a mut Vec<Hit>);

fn weigh(at: usize, unit: &Unit, mood: Mood, (parts, known, hits): Line<'_, '_>, sums: &mut [Sum]) {
    hits.sort_by(|one, other| {
        (one.of, other.weight)
            .partial_cmp(&(other.of, one.weight))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    // `Dockerfile for the frontend` is about containers: what is said more clearly takes from what is said along with it.
    let masks: Vec<(usize, usize)> =
        hits.iter().filter(|hit| hit.weight == 0.0).map(|hit| (hit.of, hit.at)).collect();
    let masked =
        |hit: &Hit| masks.iter().any(|(of, at)| *of == hit.of && (*at..=at + 1).contains(&hit.at));
    hits.retain(|hit| hit.weight > 0.0 && !masked(hit));
    let clearest = hits.iter().map(|hit| hit.weight).fold(0.1, f64::max);
    for own in hits.chunk_by(|one, other| one.of == other.of) {
        let Some(sum) = own.first().and_then(|hit| sums.get_mut(hit.of)) else { continue };
        let (mut best, mut rest, mut out, mut kept) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
        for hit in own {
            match before(parts, known, hit.at) {
                Mood::Out => out = out.max(hit.weight),
                Mood::Kept => kept = kept.max(hit.weight),
                _ => {
                    rest += hit.weight;
                    if hit.weight > best {
                        best = hit.weight;
                    }
                    if unit.class != Class::Out && mood == Mood::Plain {
                        sum.terms.insert(hit.term);
                    }
                }
            }
        }
        sum.out += out;
        sum.kept += kept;
        let value = (best + 0.25 * (rest - best)).min(4.0)
            * (ALONG + (1.0 - ALONG) * (best / clearest).min(1.0));
        let looked = !unit.made
            && !LOOKED.contains(
                &COMPONENTS.get(own.first().map_or(0, |hit| hit.of)).copied().unwrap_or_default(),
            );
        let value = if looked { value * LOOK } else { value };
        match (unit.class, mood) {
            (Class::Out, _) | (_, Mood::Out) => sum.out += value,
            (_, Mood::Kept) => sum.kept += value,
            (_, Mood::Later) => sum.later += value,
            (class, Mood::Plain) => {
                let class = class as usize;
                if let (Some(all), Some(share)) =
                    (sum.classes.get_mut(class), sum.shares.get_mut(class))
                {
                    *all += value;
                    *share += f64::from(u8::from(value >= 1.0));
                }
                sum.strongest = sum.strongest.max(best);
                if value > 0.3 {
                    sum.witnesses.push(Witness { unit: at, weight: value });
                }
            }
        }
    }
}

fn case(mut sum: Sum, counts: &[f64; CLASSES]) -> Case {
    let class = |class: Class| sum.classes.get(class as usize).copied().unwrap_or(0.0).ln_1p();
    let share = |class: Class| {
        let all = counts.get(class as usize).copied().unwrap_or(0.0);
        let own = sum.shares.get(class as usize).copied().unwrap_or(0.0);
        // Of few lines one says less than of many.
        (own / (all + 3.0)).sqrt()
    };
    let all = sum.classes.iter().sum::<f64>();
    // What is taken back counts against what is not.
    let against = |what: f64| what / (what + all + 1.0);
    let kinds = [Class::Title, Class::Requirement, Class::Story, Class::Task, Class::Tech];
    let there = |class: &Class| counts.get(*class as usize).is_some_and(|count| *count > 0.0);
    let present = kinds.iter().filter(|class| there(class)).count().max(1) as f64;
    let named = kinds
        .iter()
        .filter(|kind| sum.classes.get(**kind as usize).is_some_and(|sum| *sum >= 1.0))
        .count() as f64;
    let mean = kinds.iter().map(|kind| class(*kind)).sum::<f64>() / present;
    let numbers = [
        class(Class::Title),
        class(Class::Requirement),
        class(Class::Story),
        class(Class::Task),
        class(Class::Polish),
        class(Class::Tech),
        class(Class::Plan),
        class(Class::Structure),
        class(Class::Side),
        against(sum.out),
        against(sum.kept),
        against(sum.later),
        share(Class::Requirement),
        share(Class::Task),
        (sum.terms.len() as f64).ln_1p(),
        sum.strongest,
        share(Class::Story),
        named / present,
        mean,
        // Of a short text every line says more.
        sum.strongest.min(2.0) * (-counts.iter().sum::<f64>() / 40.0).exp(),
        0.0,
        0.0,
    ];
    sum.witnesses
        .sort_by(|one, other| other.weight.total_cmp(&one.weight).then(one.unit.cmp(&other.unit)));
    Case { numbers, witnesses: sum.witnesses }
}
