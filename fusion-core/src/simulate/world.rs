//! A world: processes on one disk, people who want something, and everything that goes wrong, until all has ended.

mod events;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fusion_crashfs::{Disk, Faults};

use super::check;
use super::env::Graves;
use super::machine::{Machine, Owner, Stepped};
use super::options::Sabotage;
use super::plan::{Blow, Control, Plan};
use super::process::{Ground, Process};
use super::rng::Rng;
use super::team;
use super::verify;
use super::witness::{Counts, Witness};
use crate::model::{Payload, RunId, RunStatus};
use crate::record::sqlite::Sqlite;

/// When nothing more goes wrong, in milliseconds.
const CALM_MS: u64 = 26_000;
/// How long a world may take then, in milliseconds.
const PATIENCE_MS: u64 = 400_000;
/// How many steps a world may take, calls of its stores included: more is a loop that never waits.
pub(super) const POLLS_MOST: u64 = 250_000;

/// What became of a world.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// The first thing that must never be.
    pub(super) wrong: Option<String>,
    pub(super) trace: Vec<String>,
    pub(super) counts: Counts,
    pub(super) virtual_ms: u64,
    pub(super) fingerprint: u64,
    /// How the runs ended.
    pub(super) ends: BTreeMap<RunId, (RunStatus, Payload)>,
    /// Runs in which something was in doubt.
    pub(super) doubtful: BTreeSet<RunId>,
}

/// Something that happens at a time.
#[derive(Debug, Clone)]
enum Event {
    Start(usize),
    Control(usize, Control),
    Blow(usize),
    Restart(usize),
    Look(usize),
    Space,
    Care,
    Calm,
}

/// A place for a process; the process in it changes.
#[derive(Default)]
struct Seat {
    process: Option<Process>,
    /// A restart is on its way.
    waiting: bool,
    /// A look at what others wrote is on its way.
    looking: bool,
}

/// A running world.
pub(super) struct Sim {
    pub(super) ground: Ground,
    seats: Vec<Seat>,
    events: BTreeMap<(u64, u64), Event>,
    last_event: u64,
    next_owner: Owner,
    chance: Rng,
    calm: bool,
    /// Controls that were asked for and not done.
    controls_left: usize,
    /// A crash that follows soon after the next restart, in disk operations.
    again: Option<(fusion_crashfs::Crash, u64)>,
    /// Held open after a crash until a process is up, so that closing it does not tidy the file.
    verifier: Option<Arc<Sqlite>>,
}

impl Sim {
    /// Makes a world; `disk` may have a file already.
    pub(super) fn new(
        plan: Plan,
        disk: Disk,
        (sabotage, memory, verbose): (Option<Sabotage>, bool, bool),
    ) -> Self {
        let machine = Machine::new(plan.seed);
        let witness = Witness::new(machine.clone(), verbose);
        if sabotage == Some(Sabotage::LyingSync) {
            disk.set_faults(Faults { lying_sync: true, ..Faults::default() });
        }
        let seats = (0..plan.processes).map(|_| Seat::default()).collect();
        let chance = Rng::new(plan.seed, "world");
        let ground =
            Ground { plan, machine, witness, disk, graves: Graves::default(), sabotage, memory };
        Self {
            ground,
            seats,
            events: BTreeMap::new(),
            last_event: 0,
            next_owner: 1,
            chance,
            calm: false,
            controls_left: 0,
            again: None,
            verifier: None,
        }
    }

    fn at(&mut self, ms: u64, event: Event) {
        self.last_event += 1;
        self.events.insert((ms, self.last_event), event);
    }

    fn after(&mut self, ms: u64, event: Event) {
        let now = self.ground.machine.elapsed_ms();
        self.at(now.saturating_add(ms), event);
    }

    /// Lets the world go on until everything has ended, or something is wrong.
    pub(super) fn run(mut self) -> Outcome {
        self.schedule();
        loop {
            if self.ground.witness.first_wrong().is_some() {
                break;
            }
            self.look_at_processes();
            let now = self.ground.machine.elapsed_ms();
            if self.events.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
                if let Some((_, event)) = self.events.pop_first() {
                    self.happen(&event);
                }
                continue;
            }
            if self.has_ended() {
                check::end(&self.ground);
                break;
            }
            if now > self.deadline_ms() || self.ground.machine.polls() > POLLS_MOST {
                check::stuck(&self.ground);
                break;
            }
            match self.ground.machine.step() {
                Stepped::Ran => {}
                Stepped::Panicked(owner, text) => {
                    let what = format!("panic: a task of process {owner} panicked: {text}");
                    self.ground.witness.accuse([what]);
                }
                Stepped::Idle(next) => self.pass_time(next),
            }
        }
        self.close()
    }

    fn schedule(&mut self) {
        let work = self.ground.plan.work.clone();
        for (number, work) in work.into_iter().enumerate() {
            self.at(work.at_ms, Event::Start(number));
            for (at, control) in work.controls {
                self.controls_left += 1;
                self.at(at, Event::Control(number, control));
            }
        }
        let times: Vec<u64> = self.ground.plan.blows.iter().map(|(at, _)| *at).collect();
        let calm_ms = if times.is_empty() { 0 } else { CALM_MS };
        for (number, at) in times.into_iter().enumerate() {
            self.at(at, Event::Blow(number));
        }
        for seat in 0..self.seats.len() {
            self.at(0, Event::Restart(seat));
        }
        self.at(calm_ms, Event::Calm);
        self.at(500, Event::Care);
    }

    /// Clock jumps may hold up timers for as long as they were wide.
    fn deadline_ms(&self) -> u64 {
        let jumps = self.ground.plan.blows.iter().map(|(_, blow)| match blow {
            Blow::Jump { ms } => ms.unsigned_abs(),
            _ => 0,
        });
        CALM_MS + PATIENCE_MS + jumps.max().unwrap_or(0)
    }

    fn pass_time(&mut self, timer_ns: Option<u64>) {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let now = self.ground.machine.now_ns();
        let start_ns = now - self.ground.machine.elapsed_ms() * 1_000_000;
        let event_ns = event.map(|ms| start_ns + ms * 1_000_000);
        match timer_ns.into_iter().chain(event_ns).min() {
            Some(next) => self.ground.machine.advance(next),
            None => self.after(1_000, Event::Care),
        }
    }

    /// Ends processes that have to end, and sees to it that what they wrote is looked at.
    fn look_at_processes(&mut self) {
        if self.ground.disk.crashed() {
            self.machine_stopped();
            return;
        }
        let mut wrote = None;
        for number in 0..self.seats.len() {
            let Some(process) = self.seats.get(number).and_then(|seat| seat.process.as_ref())
            else {
                continue;
            };
            if process.tap.has_fallen() {
                self.ground.witness.count("processes killed");
                self.end(number);
            } else if process.tap.has_failed() {
                self.ground.witness.count("processes that ended themselves");
                self.failed(number);
                return;
            } else if process.tap.wrote() {
                wrote = Some(number);
            }
        }
        if let Some(writer) = wrote {
            for number in 0..self.seats.len() {
                let Some(seat) = self.seats.get_mut(number) else { continue };
                if number != writer && seat.process.is_some() && !seat.looking {
                    seat.looking = true;
                    let delay = self.chance.between(1, 20);
                    self.after(delay, Event::Look(number));
                }
            }
        }
    }

    /// A process found its store failed: so do all others on that disk, sooner or later.
    fn failed(&mut self, number: usize) {
        let unknown = !self.ground.witness.notes().mirror.unknown.is_empty();
        self.end(number);
        if unknown {
            for number in 0..self.seats.len() {
                self.end(number);
            }
            self.ground.disk.set_faults(self.usual_faults());
            self.verify();
        }
    }

    fn usual_faults(&self) -> Faults {
        let lying_sync = self.ground.sabotage == Some(Sabotage::LyingSync);
        Faults { lying_sync, ..Faults::default() }
    }

    /// Ends a process and starts another in its place, after a while.
    fn end(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        if let Some(process) = seat.process.take() {
            self.ground.witness.say(process.owner, || "ends".to_owned());
            self.ground.witness.notes().ledger.killed.insert(process.owner);
            self.ground.graves.add(process.owner);
            self.ground.machine.kill(process.owner);
        }
        let Some(seat) = self.seats.get_mut(number) else { return };
        if !seat.waiting {
            seat.waiting = true;
            let most = if self.chance.chance(70) { 300 } else { 9_000 };
            let delay = self.chance.between(1, most);
            self.after(delay, Event::Restart(number));
        }
    }

    /// The machine stopped: everything on it ends, and the disk is as the crash left it.
    fn machine_stopped(&mut self) {
        self.ground.witness.count("machine crashes");
        for number in 0..self.seats.len() {
            self.end(number);
        }
        self.verifier = None;
        self.ground.disk.set_faults(self.usual_faults());
        self.ground.disk.restart();
        self.ground.witness.say(0, || "the machine restarts".to_owned());
        if let Some((crash, ops)) = self.again.take() {
            self.ground.disk.crash_at(self.ground.disk.ops() + ops, crash);
        }
        self.verify();
    }

    fn verify(&mut self) {
        let Ok((_, store)) = self.ground.open(0) else { return };
        if verify::after_crash(&*store, &self.ground.witness).is_ok() {
            self.ground.witness.count("recoveries checked");
        }
        self.verifier = Some(store);
    }

    fn has_ended(&self) -> bool {
        if !self.calm || self.controls_left > 0 {
            return false;
        }
        let notes = self.ground.witness.notes();
        let started: BTreeSet<&RunId> = notes.ledger.started.keys().collect();
        self.ground.plan.work.iter().all(|work| started.contains(&work.id))
            && notes.mirror.states().all(|(_, state)| state.result().is_some())
            && self.ground.plan.team.as_ref().is_none_or(|team| team::is_done(team, &notes))
    }

    fn close(mut self) -> Outcome {
        let (ends, doubtful) = (check::ends(&self.ground), check::doubtful(&self.ground));
        let counts = self.ground.witness.notes().counts.clone();
        for number in 0..self.seats.len() {
            if let Some(process) = self.seats.get_mut(number).and_then(|seat| seat.process.take()) {
                self.ground.machine.kill(process.owner);
            }
        }
        let witness = &self.ground.witness;
        Outcome {
            wrong: witness.first_wrong(),
            trace: witness.trace(),
            counts,
            virtual_ms: self.ground.machine.elapsed_ms(),
            fingerprint: self.ground.machine.fingerprint() ^ self.ground.disk.fingerprint(),
            ends,
            doubtful,
        }
    }
}
