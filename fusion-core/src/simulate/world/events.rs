//! What happens in a world at its times: processes start, people do errands, things go wrong.

use fusion_crashfs::{Crash, Faults};

use super::super::check;
use super::super::person::{self, Errand};
use super::super::plan::{Blow, Control};
use super::super::process::Process;
use super::super::rng::hash;
use super::{Event, Sim};

impl Sim {
    /// Lets an event happen.
    pub(super) fn happen(&mut self, event: &Event) {
        let what = hash(&[format!("{event:?}").as_bytes()]);
        self.ground.machine.note(what);
        match *event {
            Event::Start(number) => self.start(number),
            Event::Control(number, control) => self.control(number, control),
            Event::Blow(number) => self.blow(number),
            Event::Restart(number) => self.restart(number),
            Event::Look(number) => {
                let Some(seat) = self.seats.get_mut(number) else { return };
                seat.looking = false;
                if let Some(process) = &seat.process
                    && !self.ground.machine.is_stalled(process.owner)
                {
                    process.look();
                }
            }
            Event::Space => self.ground.disk.set_faults(self.usual_faults()),
            Event::Care => self.care(),
            Event::Calm => {
                self.calm = true;
                self.again = None;
                self.ground.disk.crash_at(u64::MAX, Crash::Process);
                self.ground.disk.set_faults(self.usual_faults());
                self.ground.machine.set_jump(0);
                self.ground.machine.resume_all();
                self.ground.witness.say(0, || "nothing more goes wrong".to_owned());
            }
        }
    }

    fn restart(&mut self, number: usize) {
        let owner = self.next_owner;
        self.next_owner += 1;
        let Some(seat) = self.seats.get_mut(number) else { return };
        seat.waiting = false;
        self.ground.witness.say(owner, || format!("starts in place {number}"));
        match self.ground.start(owner, number) {
            Ok(process) => {
                seat.process = Some(process);
                self.verifier = None;
            }
            Err(error) => {
                self.ground.witness.say(owner, || format!("does not come up: {error}"));
                check::start_refused(&self.ground, &error, self.calm);
                self.ground.graves.add(owner);
                self.end(number);
            }
        }
    }

    fn start(&mut self, number: usize) {
        let Some(work) = self.ground.plan.work.get(number).cloned() else { return };
        if self.ground.witness.notes().ledger.started.contains_key(&work.id) {
            return;
        }
        self.send(Errand::Start(Box::new(work)));
        self.after(1_500, Event::Start(number));
    }

    fn control(&mut self, number: usize, control: Control) {
        self.controls_left = self.controls_left.saturating_sub(1);
        let Some(work) = self.ground.plan.work.get(number).cloned() else { return };
        if control == Control::Again {
            self.send(Errand::Start(Box::new(work)));
        } else {
            self.send(Errand::Control(work.id, control));
        }
    }

    /// Hands an errand to one of the processes that are up.
    fn send(&mut self, errand: Errand) {
        let up: Vec<usize> = (0..self.seats.len())
            .filter(|number| {
                let seat = self.seats.get(*number).and_then(|seat| seat.process.as_ref());
                seat.is_some_and(|process| process.fusion().is_some())
            })
            .collect();
        let Some(number) = self.chance.pick(&up).copied() else { return };
        self.send_to(number, errand);
    }

    fn send_to(&mut self, number: usize, errand: Errand) {
        let Some(process) = self.seats.get(number).and_then(|seat| seat.process.as_ref()) else {
            return;
        };
        let Some(fusion) = process.fusion() else { return };
        let witness = self.ground.witness.clone();
        let work = person::run(fusion, errand, witness, process.tap.clone());
        self.ground.machine.spawn(process.owner, Box::pin(work));
    }

    fn care(&mut self) {
        let pause = self.chance.between(700, 3_000);
        self.after(pause, Event::Care);
        for number in 0..self.seats.len() {
            self.send_to(number, Errand::Look);
        }
        if !self.calm && self.chance.chance(30) {
            return;
        }
        for errand in person::wanted(&self.ground.witness, self.calm) {
            self.send(errand);
        }
    }

    fn blow(&mut self, number: usize) {
        let Some((_, blow)) = self.ground.plan.blows.get(number).cloned() else { return };
        self.ground.witness.say(0, || format!("{blow:?}"));
        let disk = &self.ground.disk;
        match blow {
            Blow::Crash { crash, ops, moment, again } => {
                let operation = disk.ops() + ops;
                match moment {
                    Some(moment) => disk.crash_exactly_at(operation, crash, moment),
                    None => disk.crash_at(operation, crash),
                }
                self.again = again.map(|ops| (crash, ops));
            }
            Blow::Kill { process, fall } => {
                if let Some(process) = self.process(process) {
                    process.tap.arm(fall);
                }
            }
            Blow::Stall { process, ms } => {
                if let Some(process) = self.process(process) {
                    let until = self.ground.machine.now_ns() + ms * 1_000_000;
                    self.ground.witness.count("stalls");
                    self.ground.machine.stall(process.owner, until);
                }
            }
            Blow::Jump { ms } => {
                self.ground.witness.count("clock jumps");
                self.ground.machine.set_jump(ms);
            }
            Blow::Full { spare_bytes, ms } => {
                self.ground.witness.count("full disks");
                let capacity_bytes = Some(disk.used_bytes() + spare_bytes);
                disk.set_faults(Faults { capacity_bytes, ..self.usual_faults() });
                self.after(ms, Event::Space);
            }
            Blow::Broken { what, after } => {
                self.ground.witness.count("failing disks");
                let one = |from: u64| Some(from + after + 1..from + after + 2);
                let usual = self.usual_faults();
                disk.set_faults(match what {
                    0 => Faults { failing_ops: one(disk.ops()), ..usual },
                    1 => Faults { failing_syncs: one(disk.syncs()), ..usual },
                    _ => Faults { failing_reads: one(disk.reads()), ..usual },
                });
            }
        }
    }

    fn process(&self, number: usize) -> Option<&Process> {
        self.seats.get(number)?.process.as_ref()
    }
}
