//! What a seed means: how many processes, which runs, which faults and when. Pure data, drawn once.

use std::collections::BTreeSet;

use fusion_crashfs::{Crash, Moment};
use serde_json::{Value, json};

use super::options::Fault;
use super::rng::Rng;
use super::script;
use super::store::Fall;
use super::team::Team;
use super::workload;
use crate::model::{Graph, RunId};

/// One run that is started.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) id: RunId,
    pub(super) graph: Graph,
    pub(super) input: Value,
    pub(super) at_ms: u64,
    pub(super) controls: Vec<(u64, Control)>,
    /// Whether its result is the same whatever happens on the way.
    pub(super) determinate: bool,
}

/// Something that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    Cancel,
    Pause,
    Resume,
    /// Takes the run up again when it has failed.
    Retry,
    /// Starts it again under the same id.
    Again,
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blow {
    /// The machine stops in the n-th disk operation from now, at that moment of it or at any, and perhaps again soon after
    /// the restart.
    Crash { crash: Crash, ops: u64, moment: Option<Moment>, again: Option<u64> },
    /// One process dies at its n-th commit from now.
    Kill { process: usize, fall: Fall },
    /// One process stands still.
    Stall { process: usize, ms: u64 },
    /// The wall clock is set so far from the right time.
    Jump { ms: i64 },
    /// The disk has only so many bytes left, for a while.
    Full { spare_bytes: u64, ms: u64 },
    /// An operation, a sync or a read of the disk fails.
    Broken { what: u64, after: u64 },
}

impl Blow {
    fn fault(&self) -> Fault {
        match self {
            Self::Crash { crash: Crash::Power, .. } => Fault::Power,
            Self::Crash { crash: Crash::Process, .. } => Fault::Crash,
            Self::Kill { .. } => Fault::Kill,
            Self::Stall { .. } => Fault::Stall,
            Self::Jump { .. } => Fault::Clock,
            Self::Full { .. } => Fault::Full,
            Self::Broken { .. } => Fault::Disk,
        }
    }
}

/// What a seed means.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) processes: usize,
    pub(super) work: Vec<Work>,
    /// What agents do, in a world that has some.
    pub(super) team: Option<Team>,
    pub(super) workflows: Vec<Graph>,
    /// The names of the bodies that every process has.
    pub(super) bodies: Vec<String>,
    pub(super) blows: Vec<(u64, Blow)>,
    pub(super) lease_ms: i64,
    pub(super) hibernate: bool,
    /// Whether the processes see each other die.
    pub(super) one_host: bool,
    /// Whether the file is created by the world itself, instead of taken as it is after its creation.
    pub(super) from_scratch: bool,
    pub(super) slow: bool,
    pub(super) lost_percent: u64,
    pub(super) doubled_percent: u64,
    /// The faults that this seed has.
    pub(super) faults: BTreeSet<Fault>,
}

impl Plan {
    /// Draws the plan of a seed, without some faults.
    pub(super) fn draw(seed: u64, without: &BTreeSet<Fault>) -> Self {
        let mut rng = Rng::new(seed, "plan");
        let mut faults = BTreeSet::new();
        for fault in Fault::ALL {
            // Drawn for all, so that leaving one out does not change another.
            if rng.chance(55) && !without.contains(&fault) {
                faults.insert(fault);
            }
        }
        let processes = 1 + rng.index(3);
        let workflows = workload::workflows(&mut Rng::new(seed, "workflows"));
        let work = work(seed, &workflows);
        let mut blows = blows(seed, processes);
        blows.retain(|(_, blow)| faults.contains(&blow.fault()));
        let percent =
            |fault: Fault, percent: u64| if faults.contains(&fault) { percent } else { 0 };
        let (lost, doubled) = (rng.between(1, 60), rng.between(1, 30));
        Self {
            seed,
            processes,
            work,
            team: None,
            workflows,
            bodies: script::ALL.iter().map(|name| (*name).to_owned()).collect(),
            blows,
            lease_ms: i64::try_from(rng.between(1_500, 15_000)).unwrap_or(15_000),
            hibernate: rng.chance(60),
            one_host: rng.chance(60),
            from_scratch: rng.chance(12),
            slow: faults.contains(&Fault::Slow),
            lost_percent: percent(Fault::LostWake, lost),
            doubled_percent: percent(Fault::DoubleWake, doubled),
            faults,
        }
    }

    /// Gives the same work in a world without any trouble.
    pub(super) fn calm(&self) -> Self {
        let mut calm = self.clone();
        calm.processes = 1;
        calm.blows.clear();
        calm.team = None;
        calm.slow = false;
        calm.lost_percent = 0;
        calm.doubled_percent = 0;
        for work in &mut calm.work {
            work.controls.clear();
        }
        calm
    }

    /// Says in a line what the seed means.
    pub(super) fn words(&self) -> String {
        let faults: Vec<&str> = self.faults.iter().map(|fault| fault.word()).collect();
        let nodes: usize = self.work.iter().map(|work| work.graph.nodes.len()).sum();
        format!(
            "{} processes, {} runs with {nodes} nodes, {} blows, lease {} ms, hibernate {}, one host {}, new file {}, \
             faults: {}",
            self.processes,
            self.work.len(),
            self.blows.len(),
            self.lease_ms,
            self.hibernate,
            self.one_host,
            self.from_scratch,
            if faults.is_empty() { "none".to_owned() } else { faults.join(",") },
        )
    }
}

fn work(seed: u64, workflows: &[Graph]) -> Vec<Work> {
    let mut rng = Rng::new(seed, "work");
    let count = rng.between(1, 4);
    (0..count)
        .filter_map(|number| {
            let (graph, mut determinate) = workload::graph(&mut rng, workflows, "main");
            let id = RunId::new(&format!("run-{number}")).ok()?;
            let at_ms = rng.below(6_000);
            let mut controls = Vec::new();
            match rng.below(100) {
                0..12 => {
                    controls.push((at_ms + rng.below(8_000), Control::Cancel));
                    determinate = false;
                }
                12..24 => {
                    let pause = at_ms + rng.below(6_000);
                    controls.push((pause, Control::Pause));
                    controls.push((pause + rng.below(9_000), Control::Resume));
                }
                24..34 => {
                    controls.push((at_ms + 2_000 + rng.below(20_000), Control::Retry));
                    determinate = false;
                }
                34..50 => controls.push((at_ms + rng.below(20_000), Control::Again)),
                _ => {}
            }
            let input = json!({"flag": rng.chance(50), "n": rng.below(10)});
            Some(Work { id, graph, input, at_ms, controls, determinate })
        })
        .collect()
}

fn blows(seed: u64, processes: usize) -> Vec<(u64, Blow)> {
    let mut rng = Rng::new(seed, "blows");
    let count = rng.between(4, 12);
    let mut blows: Vec<(u64, Blow)> = (0..count)
        .map(|_| {
            let at = rng.below(20_000);
            (at, blow(&mut rng, processes))
        })
        .collect();
    blows.sort_by_key(|(at, _)| *at);
    blows
}

fn blow(rng: &mut Rng, processes: usize) -> Blow {
    let process = rng.index(processes);
    let few = |rng: &mut Rng| if rng.chance(50) { rng.between(1, 12) } else { rng.between(1, 120) };
    match rng.below(100) {
        0..22 => Blow::Crash {
            crash: Crash::Power,
            ops: few(rng),
            moment: None,
            again: rng.chance(30).then(|| rng.between(1, 40)),
        },
        22..36 => Blow::Crash {
            crash: Crash::Process,
            ops: few(rng),
            moment: None,
            again: rng.chance(30).then(|| rng.between(1, 40)),
        },
        36..54 => {
            let fall = Fall { commits: rng.between(1, 12), before: rng.chance(40) };
            Blow::Kill { process, fall }
        }
        54..70 => Blow::Stall { process, ms: rng.between(100, 30_000) },
        70..80 => {
            let most = if rng.chance(80) { 30_000 } else { 3_600_000 };
            let ms = i64::try_from(rng.below(most)).unwrap_or(0);
            Blow::Jump { ms: if rng.chance(50) { ms } else { -ms } }
        }
        80..90 => Blow::Full { spare_bytes: rng.below(60_000), ms: rng.between(100, 8_000) },
        _ => Blow::Broken { what: rng.below(3), after: rng.between(0, 30) },
    }
}
