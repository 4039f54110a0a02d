//! Plans against labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fusion_ops::tasks::{Plan, State, Why, plan};

use crate::labels::{Labels, Spec, Tasks, texts};

/// Right, found in vain, and missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Found and right.
    pub right: usize,
    /// Found and wrong.
    pub wrong: usize,
    /// Right and not found.
    pub missed: usize,
}

impl Tally {
    /// Compares what was found with what is right; what is in `fine` counts neither way.
    pub fn of<T: Ord>(found: &BTreeSet<T>, right: &BTreeSet<T>, fine: &BTreeSet<T>) -> Self {
        Self {
            right: found.intersection(right).count(),
            wrong: found.iter().filter(|one| !right.contains(one) && !fine.contains(one)).count(),
            missed: right.difference(found).count(),
        }
    }

    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }

    /// What was found that is right, from 0 to 1.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// What is right that was found, from 0 to 1.
    pub fn recall(&self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    /// The harmonic mean of the two, from 0 to 1.
    pub fn f1(&self) -> f64 {
        ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// What was measured, by subject; and what is wrong, in sentences.
#[derive(Debug, Default)]
pub struct Measured {
    /// By subject.
    pub tallies: BTreeMap<&'static str, Tally>,
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// Reads all plans and compares them.
///
/// # Errors
/// A sentence on what cannot be read.
pub fn measure(folder: &Path, labels: &Labels) -> Result<Measured, String> {
    let mut measured = Measured::default();
    for spec in &labels.specs {
        let Some(right) = &spec.tasks else { continue };
        let path = texts(folder, spec).join("tasks.md");
        let text = std::fs::read_to_string(&path)
            .map_err(|why| format!("read {}: {why}", path.display()))?;
        compare(spec, right, &plan(&text), &mut measured);
    }
    Ok(measured)
}

fn compare(spec: &Spec, right: &Tasks, plan: &Plan, measured: &mut Measured) {
    let none = BTreeSet::new();
    let ids: Vec<String> = plan.tasks.iter().map(|task| task.id.clone()).collect();
    let count = [ids.len()].into();
    let counts: BTreeSet<usize> = right.accept_counts.iter().copied().collect();
    note(measured, spec, "count", (&count, &[right.count].into(), &counts));
    let found: BTreeSet<String> = ids.iter().cloned().collect();
    let wanted: BTreeSet<String> = right.ids.iter().cloned().collect();
    note(measured, spec, "ids", (&found, &wanted, &none));
    let in_order = [ids == right.ids].into();
    note(measured, spec, "order", (&in_order, &[true].into(), &BTreeSet::new()));
    let found =
        plan.tasks.iter().filter(|task| task.parallel).map(|task| task.id.clone()).collect();
    note(measured, spec, "parallel", (&found, &right.parallel.iter().cloned().collect(), &none));
    states(spec, right, plan, measured);
    let found =
        plan.tasks.iter().filter_map(|task| Some(format!("{} {}", task.id, task.agent.as_ref()?)));
    let wanted = right.agents.iter().map(|(id, agent)| format!("{id} {agent}")).collect();
    note(measured, spec, "agents", (&found.collect(), &wanted, &none));
    let size = |key: &Option<String>| plan.tasks.iter().filter(|task| &task.phase == key).count();
    let found = plan.phases.iter().map(|phase| format!("{:?} {}", phase.key, size(&phase.key)));
    let wanted = right.phases.iter().map(|phase| format!("{:?} {}", phase.key, phase.n)).collect();
    note(measured, spec, "phases", (&found.collect(), &wanted, &none));
    edges(spec, right, plan, measured);
}

fn states(spec: &Spec, right: &Tasks, plan: &Plan, measured: &mut Measured) {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &plan.tasks {
        let name = match task.state {
            State::Open => "open",
            State::Done => "done",
            State::Deferred => "deferred",
            State::Cancelled => "cancelled",
        };
        *sums.entry(name).or_default() += 1;
    }
    let found = sums.iter().map(|(name, sum)| format!("{name} {sum}")).collect();
    let sum = |value: &serde_json::Value| {
        value.as_array().map_or_else(|| value.as_u64().unwrap_or(0), |list| list.len() as u64)
    };
    let wanted: BTreeSet<String> =
        right.states.iter().map(|(name, value)| format!("{name} {}", sum(value))).collect();
    if !wanted.is_empty() {
        note(measured, spec, "states", (&found, &wanted, &BTreeSet::new()));
    }
}

fn edges(spec: &Spec, right: &Tasks, plan: &Plan, measured: &mut Measured) {
    let mut found = BTreeSet::new();
    for task in &plan.tasks {
        let said = task.needs.iter().filter(|need| need.why == Why::Stated);
        found.extend(said.map(|need| (need.id.clone(), task.id.clone())));
    }
    let wanted = right.task_edges.iter().cloned().collect();
    // What is only recommended or drawn is in words; whoever labels says so per specification.
    let soft = right.soft.as_deref().unwrap_or_default();
    let fine = found
        .iter()
        .filter(|(one, other)| is_soft(soft, one, other, &right.ids))
        .cloned()
        .collect();
    note(measured, spec, "task_edges", (&found, &wanted, &fine));
    let phases = plan.phases.iter().filter_map(|phase| Some((phase.key.clone()?, &phase.needs)));
    let found =
        phases.flat_map(|(key, needs)| needs.iter().map(move |need| (need.clone(), key.clone())));
    let wanted = right.phase_edges.iter();
    let wanted =
        wanted.flat_map(|(key, needs)| needs.iter().map(move |need| (need.clone(), key.clone())));
    let soft: BTreeSet<(String, String)> = soft
        .split(';')
        .filter_map(|one| one.trim().split_once(':'))
        .map(|(key, need)| (need.to_owned(), key.to_owned()))
        .collect();
    note(measured, spec, "phase_edges", (&found.collect(), &wanted.collect(), &soft));
}

/// Whether `A,B>C,D` or `A-B>C-D` in a list allows a pair.
fn is_soft(soft: &str, one: &str, other: &str, ids: &[String]) -> bool {
    let place = |id: &str| ids.iter().position(|known| known == id);
    let holds = |list: &str, id: &str| {
        list.split(',').map(str::trim).any(|part| {
            let range =
                part.split_once('-').and_then(|(from, to)| Some((place(from)?, place(to)?)));
            part == id
                || range
                    .is_some_and(|(from, to)| place(id).is_some_and(|at| (from..=to).contains(&at)))
        })
    };
    soft.split(';')
        .filter_map(|part| part.split_once('>'))
        .any(|(from, to)| holds(from, one) && holds(to, other))
}

type Sets<'s, T> = (&'s BTreeSet<T>, &'s BTreeSet<T>, &'s BTreeSet<T>);

fn note<T: Ord + std::fmt::Debug>(
    measured: &mut Measured,
    spec: &Spec,
    name: &'static str,
    (found, right, fine): Sets<'_, T>,
) {
    let tally = Tally::of(found, right, fine);
    measured.tallies.entry(name).or_default().add(tally);
    if tally.wrong + tally.missed > 0 {
        let wrong: Vec<&T> = found
            .iter()
            .filter(|one| !right.contains(one) && !fine.contains(one))
            .take(8)
            .collect();
        let missed: Vec<&T> = right.difference(found).take(8).collect();
        measured.wrong.push(format!(
            "{}: {name}: {} wrong {wrong:?}, {} missed {missed:?}",
            spec.id, tally.wrong, tally.missed
        ));
    }
}
