//! Seeds in a row: each a world, compared with the same work in a world without trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use fusion_crashfs::Disk;
use serde_json::Value;

use super::options::{Fault, Options, Sabotage};
use super::plan::Plan;
use super::process::FILE;
use super::script::forget_times;
use super::team::Team;
use super::witness::Counts;
use super::world::{Outcome, Sim};
use crate::model::{Payload, RunStatus};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many seeds were simulated.
    pub seeds: u64,
    /// How much virtual time went by in them, in milliseconds.
    pub virtual_ms: u64,
    /// How often things happened, by name.
    pub counts: Counts,
    /// The first seed that failed.
    pub failure: Option<Found>,
}

impl Report {
    /// Adds what another job found.
    fn plus(mut self, other: Self) -> Self {
        self.seeds += other.seeds;
        self.virtual_ms += other.virtual_ms;
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.failure = self.failure.or(other.failure);
        self
    }
}

/// A seed that failed.
#[derive(Debug, Clone)]
pub struct Found {
    /// What was simulated: a file, or `--self`.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
    /// What the seed means.
    pub plan: String,
    /// The faults without which it still fails.
    pub without: BTreeSet<Fault>,
    /// What happened last, a line each.
    pub trace: Vec<String>,
}

impl Found {
    /// Gives the arguments of `fusion` that do it again.
    pub fn replay(&self) -> String {
        let words = format!("simulate {} --seed {}", self.name, self.seed);
        if self.without.is_empty() {
            return words;
        }
        let names: Vec<&str> = self.without.iter().map(|fault| fault.word()).collect();
        format!("{words} --without {}", names.join(","))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "seed {} failed: {}", self.seed, self.what)?;
        writeln!(f, "  {}", self.plan)?;
        write!(f, "  again: fusion {}", self.replay())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} seeds, {} s of virtual time", self.seeds, self.virtual_ms / 1_000)?;
        for (what, count) in &self.counts {
            writeln!(f, "  {count:>9} {what}")?;
        }
        match &self.failure {
            Some(found) => write!(f, "{found}"),
            None => write!(f, "nothing is wrong"),
        }
    }
}

/// Simulates seeds until one fails, or `go_on` says no.
pub fn simulate(options: &Options, go_on: &(dyn Fn() -> bool + Sync)) -> Report {
    let jobs = u64::try_from(options.jobs.max(1)).unwrap_or(1);
    let stop = AtomicBool::new(false);
    let part = |job: u64| some(options, (job, jobs), &stop, go_on);
    if jobs == 1 {
        return part(0);
    }
    std::thread::scope(|scope| {
        let part = &part;
        let parts: Vec<_> = (0..jobs).map(|job| scope.spawn(move || part(job))).collect();
        let done = parts.into_iter().filter_map(|part| part.join().ok());
        done.reduce(Report::plus).unwrap_or_default()
    })
}

/// Simulates every so-manieth seed.
fn some(
    options: &Options,
    (job, jobs): (u64, u64),
    stop: &AtomicBool,
    go_on: &dyn Fn() -> bool,
) -> Report {
    let mut report = Report::default();
    for seed in options.seeds.clone().filter(|seed| seed % jobs == job) {
        if stop.load(Ordering::Relaxed) || !go_on() {
            break;
        }
        let (_, outcome) = one(seed, options, false);
        report.seeds += 1;
        report.virtual_ms += outcome.virtual_ms;
        for (what, count) in &outcome.counts {
            *report.counts.entry(what).or_default() += count;
        }
        if outcome.wrong.is_some() {
            stop.store(true, Ordering::Relaxed);
            report.failure = found(seed, options);
            break;
        }
    }
    report
}

/// Does a failing seed again with a trace, and without the faults that do not matter.
fn found(seed: u64, options: &Options) -> Option<Found> {
    let mut fewer = options.clone();
    if options.shrink {
        for fault in Fault::ALL {
            let fresh = fewer.without.insert(fault);
            if fresh && one(seed, &fewer, false).1.wrong.is_none() {
                fewer.without.remove(&fault);
            }
        }
    }
    let (plan, outcome) = one(seed, &fewer, true);
    let what = outcome.wrong?;
    Some(Found {
        name: options.name.clone(),
        seed,
        what,
        plan: plan.words(),
        without: fewer.without,
        trace: outcome.trace,
    })
}

/// Gives a hash over everything that happens in the world of a seed: the same in every process on every machine.
pub fn fingerprint(seed: u64) -> u64 {
    one(seed, &Options::new(seed..seed), false).1.fingerprint
}

/// Simulates one seed.
pub(super) fn one(seed: u64, options: &Options, verbose: bool) -> (Plan, Outcome) {
    let mut plan = Plan::draw(seed, &options.without);
    if let Some(subject) = &options.subject {
        plan.take(subject);
    }
    if options.team {
        plan.work.truncate(1);
        plan.team = Some(Team::draw(seed, plan.processes, plan.one_host));
    }
    let mut outcome = world(&plan, options.sabotage, verbose, options.jobs <= 1);
    if outcome.wrong.is_none() {
        outcome.wrong = differs(&plan, &outcome);
    }
    (plan, outcome)
}

/// Simulates one plan on a disk.
pub(super) fn world(
    plan: &Plan,
    sabotage: Option<Sabotage>,
    verbose: bool,
    alone: bool,
) -> Outcome {
    if alone {
        // For byte-exact repetition: the salts of the WAL come from a generator of the whole process.
        fusion_crashfs::seed_sqlite(u32::try_from(plan.seed % 0xffff_fffe).unwrap_or(0) + 1);
    }
    let disk = Disk::new(plan.seed);
    if !plan.from_scratch {
        for (name, bytes) in new_file() {
            disk.load(name, bytes);
        }
    }
    Sim::new(plan.clone(), disk, (sabotage, false, verbose)).run()
}

/// Gives the file as it is after its creation: making it takes longer than a small world.
fn new_file() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut plan = Plan::draw(0, &BTreeSet::new()).calm();
        plan.work.clear();
        let disk = Disk::new(0);
        let outcome = Sim::new(plan, disk.clone(), (None, false, false)).run();
        debug_assert!(outcome.wrong.is_none(), "{:?}", outcome.wrong);
        disk.files().into_iter().filter(|(name, _)| name == FILE).collect()
    })
}

/// Compares with the same work in a world without trouble.
pub(super) fn differs(plan: &Plan, outcome: &Outcome) -> Option<String> {
    let calm = plan.calm();
    let expected = Sim::new(calm, Disk::new(0), (None, true, false)).run();
    if let Some(wrong) = expected.wrong {
        return Some(format!("without any trouble: {wrong}"));
    }
    plan.work.iter().filter(|work| work.determinate).find_map(|work| {
        if outcome.doubtful.contains(&work.id) {
            return None;
        }
        let (ours, theirs) = (outcome.ends.get(&work.id)?, expected.ends.get(&work.id)?);
        (!alike(ours, theirs)).then(|| {
            format!(
                "result: {} {} with {:?}; without trouble it {} with {:?}",
                work.id, ours.0, ours.1, theirs.0, theirs.1
            )
        })
    })
}

/// Tells whether two ends are the same. What a failed run leaves behind may depend on what failed first.
fn alike(ours: &(RunStatus, Payload), theirs: &(RunStatus, Payload)) -> bool {
    ours.0 == theirs.0
        && (ours.0 != RunStatus::Succeeded || timeless(&ours.1) == timeless(&theirs.1))
}

/// Takes out when things happened, which approvals tell.
fn timeless(outputs: &Payload) -> Value {
    let mut outputs: Value = outputs.decode().unwrap_or_default();
    forget_times(&mut outputs);
    outputs
}
