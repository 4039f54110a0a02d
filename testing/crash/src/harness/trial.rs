//! A trial: some runs, some workers, some kills, and a judgement.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::acks::Acks;
use super::disk::Disk;
use super::judge::{self, Evidence};
use super::observe::{self, Stories};
use super::outcome::Report;
use super::random::Random;
use super::slot::{Look, Slot};
use super::{dump, orphans};
use crate::Fault;
use crate::ledger;
use crate::worker::Orders;

/// How long a trial may take before it counts as stuck.
const STUCK: Duration = Duration::from_mins(1);
/// How long a program may outlive its run.
const ORPHAN: Duration = Duration::from_secs(4);
/// The shortest life that random moments are drawn from.
const LEAST_LIFE: Duration = Duration::from_millis(3);
/// The most kills of one trial.
const KILLS: u64 = 14;

/// When workers are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kills {
    /// At random moments of their lives.
    Random,
    /// Right after lines of the ledger: every `stride`th, each trial one line later.
    Lines {
        /// How far two of the lines of one trial are apart.
        stride: u64,
    },
    /// At random moments too, but by a power cut: the store lies on a disk of its own, which loses what was not flushed.
    Power {
        /// What the workers ask of their store: nothing, or `?durability=relaxed`, which a power cut may rob.
        settings: &'static str,
    },
}

impl Kills {
    /// Tells whether the moments are drawn.
    fn at_random(self) -> bool {
        !matches!(self, Self::Lines { .. })
    }
}

/// A series of trials.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program that is the worker.
    pub program: PathBuf,
    /// How many kills there shall be in all; with `Lines` each line is one, however many these are.
    pub kills: u64,
    /// What all choices are drawn from; trial n of a series has this seed plus n.
    pub seed: u64,
    /// How many workers work at once, and on how many runs.
    pub processes: usize,
    /// When they are killed.
    pub when: Kills,
}

/// What an unkilled run has shown.
struct Reference {
    result: Value,
    lines: u64,
    life: Duration,
}

/// Kills until there were enough.
///
/// # Errors
/// The first trial that went wrong, with all that is needed to understand it and to do it again.
pub async fn trials(plan: &Plan) -> Result<Report, Fault> {
    let mut reference = reference(&plan.program).await?;
    let mut report = Report::default();
    for number in 0.. {
        let seed = plan.seed.wrapping_add(number);
        let (left, first) = match plan.when {
            Kills::Lines { stride } => {
                (if number < stride { u64::MAX } else { 0 }, 1 + seed % stride.max(1))
            }
            Kills::Random | Kills::Power { .. } => (plan.kills.saturating_sub(report.kills), 0),
        };
        if left == 0 {
            break;
        }
        let mut trial = Trial::new(plan, &reference, seed)?;
        trial.next_line = first;
        let one = match trial.run(left).await {
            Ok(one) => one,
            Err(fault) => return Err(trial.explain(plan, fault.as_ref()).await.into()),
        };
        if one.kills == 0 {
            // The machine was slower when the life was measured: moments drawn from it come after the end.
            reference.life = (reference.life / 2).max(LEAST_LIFE);
        }
        report.add(one);
    }
    Ok(report)
}

async fn reference(program: &Path) -> Result<Reference, Fault> {
    let plan =
        Plan { program: program.to_owned(), kills: 0, seed: 0, processes: 1, when: Kills::Random };
    let unknown = Reference { result: Value::Null, lines: 0, life: Duration::ZERO };
    let mut trial = Trial::new(&plan, &unknown, 0)?;
    let from = now();
    trial.finish().await?;
    let life = now() - from;
    let result = trial.acks.results.values().next().cloned().ok_or("no result")?;
    Ok(Reference { result, lines: ledger::read(&trial.at("ledger"))?.len() as u64, life })
}

/// Measures how long it takes from a worker's death until another one, that lives, goes on with its run.
///
/// # Errors
/// When no trial shows it.
pub async fn takeover(program: &Path) -> Result<Duration, Fault> {
    let plan =
        Plan { program: program.to_owned(), kills: 0, seed: 0, processes: 2, when: Kills::Random };
    let unknown = Reference { result: Value::Null, lines: 0, life: Duration::ZERO };
    for _ in 0..20 {
        let mut trial = Trial::new(&plan, &unknown, 0)?;
        trial.runs.truncate(1);
        trial.next_line = 40;
        let mut victim = trial.start(None)?;
        trial.next_line = 0;
        let mut other = trial.start(None)?;
        while victim.look()? == Look::Alive {
            pause().await;
        }
        let (from, lines) = (now(), ledger::read(&trial.at("ledger"))?.len());
        if victim.look()? != Look::Dead || other.look()? != Look::Alive {
            continue;
        }
        while ledger::read(&trial.at("ledger"))?.len() == lines {
            if now() - from > STUCK {
                return Err("nobody took the run over".into());
            }
            pause().await;
        }
        return Ok(now() - from);
    }
    Err("the run never was with the worker that dies".into())
}

struct Trial<'a> {
    plan: &'a Plan,
    reference: &'a Reference,
    folder: tempfile::TempDir,
    /// What holds the store instead of the folder, when power is cut.
    disk: Option<Arc<Disk>>,
    seed: u64,
    random: Random,
    runs: Vec<String>,
    acks: Acks,
    /// What was seen last from outside.
    seen: Stories,
    /// The ledger's line after which the next worker dies; 0 for none.
    next_line: u64,
    lives: u64,
    report: Report,
}

impl<'a> Trial<'a> {
    fn new(plan: &'a Plan, reference: &'a Reference, seed: u64) -> Result<Self, Fault> {
        let disk = match plan.when {
            Kills::Power { .. } => Some(Arc::new(Disk::new()?)),
            Kills::Random | Kills::Lines { .. } => None,
        };
        Ok(Self {
            plan,
            reference,
            folder: tempfile::tempdir()?,
            disk,
            seed,
            random: Random::new(seed),
            runs: (0..plan.processes).map(|n| format!("t{seed}-{n}")).collect(),
            acks: Acks::default(),
            seen: Stories::new(),
            next_line: 0,
            lives: 0,
            report: Report::default(),
        })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> PathBuf {
        let folder =
            self.disk.as_ref().map_or_else(|| self.folder.path().to_owned(), |disk| disk.path());
        folder.join("store.db")
    }

    fn mark(&self) -> String {
        self.folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn start(&mut self, delay: Option<Duration>) -> Result<Slot, Fault> {
        self.lives += 1;
        let mut store = self.store().into_os_string();
        if let Kills::Power { settings } = self.plan.when {
            store.push(settings);
        }
        let orders = Orders {
            store: store.into(),
            ledger: self.at("ledger"),
            runs: self.runs.clone(),
            die_at: self.next_line,
            mark: self.mark(),
        };
        let output = self.at(&format!("{}.out", self.lives));
        let slot = Slot::start(&self.plan.program, &orders, output, delay)?;
        Ok(slot.on(self.disk.clone()))
    }

    /// Kills at most so many times, lets the runs end, and judges.
    async fn run(&mut self, most: u64) -> Result<Report, Fault> {
        let budget = match self.plan.when {
            Kills::Lines { .. } => u64::MAX,
            Kills::Random | Kills::Power { .. } => (1 + self.random.below(KILLS)).min(most),
        };
        let from = now();
        let mut slots = Vec::new();
        while slots.len() < self.plan.processes {
            slots.push(self.next_life(budget)?);
        }
        while !slots.is_empty() {
            if now() - from > STUCK {
                return Err("the runs do not end".into());
            }
            for at in (0..slots.len()).rev() {
                let Some(slot) = slots.get_mut(at) else { continue };
                let look = slot.look()?;
                if look == Look::Alive {
                    continue;
                }
                let slot = slots.swap_remove(at);
                slot.check_complaints()?;
                self.acks.read(&slot.output)?;
                if look == Look::Dead {
                    self.report.kills += 1;
                    if let Some(disk) = &self.disk {
                        disk.restore()?;
                    }
                    self.after_kill(slots.is_empty()).await?;
                    slots.push(self.next_life(budget)?);
                }
            }
            pause().await;
        }
        self.judge_end().await?;
        Ok(std::mem::take(&mut self.report))
    }

    /// Lets the runs end without any kill.
    async fn finish(&mut self) -> Result<(), Fault> {
        let mut slot = self.start(None)?;
        while slot.look()? == Look::Alive {
            pause().await;
        }
        self.acks.read(&slot.output)
    }

    /// Starts the next worker, which will be killed if there are kills left.
    fn next_life(&mut self, budget: u64) -> Result<Slot, Fault> {
        let delay = match self.plan.when {
            Kills::Lines { stride } => {
                let lines = ledger::read(&self.at("ledger"))?.len() as u64;
                while self.next_line != 0 && self.next_line <= lines {
                    self.next_line += stride;
                }
                if self.next_line > self.reference.lines {
                    self.next_line = 0;
                }
                None
            }
            when if when.at_random() && self.report.kills < budget => {
                let life_us = u64::try_from(self.reference.life.as_micros())?;
                Some(Duration::from_micros(self.random.below(life_us * 2 / 3)))
            }
            _ => None,
        };
        self.start(delay)
    }

    /// Looks from outside, but not always: the next worker shall also meet a file that nobody has touched.
    async fn after_kill(&mut self, all_dead: bool) -> Result<(), Fault> {
        if self.random.below(2) == 0 && self.store().exists() {
            self.look().await?;
            // While others work, the ledger is ahead of what was just read.
            if all_dead {
                self.judge()?;
            }
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Fault> {
        let now = observe::look(&self.store(), &self.runs).await?;
        observe::same_past(&self.seen, &now)?;
        self.seen = now;
        self.report.looks += 1;
        Ok(())
    }

    fn judge(&self) -> Result<judge::Counts, Fault> {
        let lines = ledger::read(&self.at("ledger"))?;
        let (stories, kills) = (&self.seen, self.report.kills);
        judge::always(&Evidence { stories, lines: &lines, acks: &self.acks, kills })
    }

    async fn judge_end(&mut self) -> Result<(), Fault> {
        let from = now();
        loop {
            let living = orphans::living(&self.mark());
            if living.is_empty() {
                break;
            }
            if now() - from > ORPHAN {
                return Err(format!("programs outlive their run: {living:?}").into());
            }
            pause().await;
        }
        self.report.orphans_ms = u64::try_from((now() - from).as_millis())?;
        self.look().await?;
        observe::integrity(&self.store())?;
        let counts = self.judge()?;
        (self.report.doubts, self.report.overlaps) = (counts.doubts, counts.overlaps);
        let lines = ledger::read(&self.at("ledger"))?;
        let evidence = Evidence {
            stories: &self.seen,
            lines: &lines,
            acks: &self.acks,
            kills: self.report.kills,
        };
        judge::ended(&evidence, &self.runs, &self.reference.result)?;
        self.report.trials = 1;
        self.report.runs = self.runs.len() as u64;
        self.report.lines = lines.len() as u64;
        self.report.recover_us =
            self.acks.taken.iter().filter(|(count, _)| *count > 0).map(|(_, us)| *us).collect();
        Ok(())
    }

    /// Writes down a failed trial.
    async fn explain(
        &mut self,
        plan: &Plan,
        fault: &(dyn std::error::Error + Send + Sync),
    ) -> String {
        let kills = self.report.kills.max(1);
        let when = match plan.when {
            Kills::Random => format!("kill --kills {kills}"),
            Kills::Lines { stride } => format!("kill --lines {stride}"),
            Kills::Power { .. } => format!("power --kills {kills}"),
        };
        let (seed, processes) = (self.seed, plan.processes);
        // The store may be what is broken: then what was seen last has to do.
        if let Ok(now) = observe::look(&self.store(), &self.runs).await {
            self.seen = now;
        }
        let story = dump::text(&self.at("ledger"), &self.seen);
        format!(
            "{fault}\nafter {kills} kills; again: fusion-crash {when} --seed {seed} --processes {processes}\n{story}"
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "the harness measures real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the harness waits in real time")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
