//! A driver without a world: bodies end in any order, owners die, people interfere.

use std::collections::{BTreeMap, BTreeSet};

use super::bed::Bed;
use super::noise::strangers;
use super::plan::{Body, Plan};
use crate::model::{
    Answer, Class, Command, Decided, Failure, Input, Key, Message, NodeIx, NodeStatus, OnUnknown,
    Payload, Record, RunId, Verdict, Wait,
};
use crate::schedule::state::Phase;

/// What may happen besides bodies that end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub crash: bool,
    pub pause: bool,
    pub cancel: bool,
}

/// A run with everything around it.
#[derive(Debug)]
pub(super) struct World {
    pub bed: Bed,
    pub plan: Plan,
    faults: Faults,
    rng: u64,
    running: BTreeSet<Key>,
    /// What was told to stop.
    stopping: BTreeSet<Key>,
    stopping_runs: BTreeSet<RunId>,
    /// How often at-most-once bodies were entered, by attempt.
    entered: BTreeMap<(Key, u16), u32>,
    /// What failed only because it was in doubt.
    pub doubtful: BTreeSet<(usize, Option<u32>)>,
    concluding: bool,
    last: Option<Input>,
}

impl World {
    pub(super) fn new(plan: Plan, faults: Faults) -> Self {
        let mut world = Self {
            bed: Bed::new(plan.graph()),
            rng: plan.seed,
            plan,
            faults,
            running: BTreeSet::new(),
            stopping: BTreeSet::new(),
            stopping_runs: BTreeSet::new(),
            entered: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            concluding: false,
            last: None,
        };
        world.tell(Input::Adopted);
        world
    }

    /// Goes on until the run has ended; panics when it is stuck.
    pub(super) fn finish(&mut self) {
        for _ in 0..20_000 {
            if self.bed.live.result().is_some() {
                assert!(self.running.is_empty(), "bodies outlive the run: {:?}", self.running);
                return;
            }
            self.interfere();
            let wishes = self.wishes();
            if self.bed.live.result().is_some() {
                continue;
            }
            assert!(!wishes.is_empty(), "stuck: {:?}", self.bed.live);
            let wish = wishes[self.below(wishes.len())].clone();
            if self.faults.crash && self.chance(12) {
                self.crash(Some(wish));
            } else {
                self.tell(wish);
            }
        }
        panic!("the run does not end: {:?}", self.bed.live);
    }

    /// What can happen now: one input for each thing that is under way.
    fn wishes(&mut self) -> Vec<Input> {
        let mut wishes: Vec<Input> =
            self.running.clone().into_iter().map(|key| self.answer(key)).collect();
        if self.concluding {
            wishes.push(Input::Concluded(Ok(Payload::NULL)));
        }
        let waits: Vec<(Key, Wait)> =
            self.bed.live.waits().map(|(key, wait)| (key, wait.clone())).collect();
        for (key, wait) in waits {
            wishes.extend(self.wake(key, wait));
        }
        let is_forward = self.bed.live.phase == Phase::Forward;
        let doubts = if is_forward { self.doubts() } else { Vec::new() };
        for key in doubts {
            let verdict = self.verdict(key);
            wishes.push(Input::Said(Message::Resolve(key, verdict, "ann".into(), u64::MAX)));
        }
        if self.bed.live.asked().0 && self.bed.live.cancel.is_none() {
            wishes.push(Input::Said(Message::Resume("ann".into())));
        }
        if let Some(rest) = self.bed.live.rest() {
            if let Some(due) = rest.due {
                self.bed.now = self.bed.now.max(due);
                wishes.push(Input::Tick);
            }
            if wishes.is_empty() && rest.missing.is_some() {
                self.crash(None);
                return self.wishes();
            }
        }
        wishes
    }

    /// Does something that nobody waits for.
    fn interfere(&mut self) {
        let count = u32::try_from(self.plan.specs.len()).expect("it is small");
        match self.below(24) {
            0 if self.bed.live.undos.is_empty() => {
                let all = strangers(count);
                let stranger = all[self.below(all.len())].clone();
                let is_resume = matches!(stranger, Input::Said(Message::Resume(_)));
                if !is_resume && !matches!(stranger, Input::Concluded(_)) {
                    let out = self.bed.decide(stranger.clone());
                    assert!(out.is_empty(), "{stranger:?}: {out:?}");
                }
            }
            1 => {
                // Twice the same, but nothing that a person may well say twice.
                if let Some(last) = self.last.clone() {
                    let seq = self.bed.live.seq();
                    let out = self.bed.decide(last.clone());
                    assert!(self.bed.live.seq() == seq && out.is_empty(), "{last:?}: {out:?}");
                }
            }
            2 => {
                self.bed.now += 30;
                self.tell(Input::Tick);
            }
            3 if self.faults.pause => self.tell(Input::Said(Message::Pause("ann".into()))),
            4 if self.faults.cancel && self.chance(3) => {
                self.tell(Input::Said(Message::Cancel("ann".into(), String::new())));
            }
            5 if self.faults.crash => self.crash(None),
            6 => {
                let at = self.below(self.plan.specs.len());
                let signal = Message::Signal(format!("s{at}"), Payload::NULL);
                if self.bed.live.result().is_none() {
                    self.tell(Input::Said(signal));
                }
            }
            _ => {}
        }
    }

    /// The owner dies, perhaps between a decision and its commit.
    fn crash(&mut self, lost: Option<Input>) {
        if let Some(lost) = lost {
            self.bed.live.decide(lost, self.bed.now, &mut Decided::default());
        }
        self.running.clear();
        self.stopping.clear();
        self.concluding = false;
        self.last = None;
        self.bed.fold_again();
        self.tell(Input::Adopted);
    }

    /// Decides and does what follows.
    fn tell(&mut self, input: Input) {
        let is_end = match &input {
            Input::Done(key, ..)
            | Input::Cached(key, ..)
            | Input::Unwanted(key)
            | Input::Wanted(key, _)
            | Input::Waits(key, _)
            | Input::Rests(key, ..)
            | Input::Missing(key, _) => Some(*key),
            Input::Expanded(node, _) | Input::Again(node, ..) => Some(Key::node(*node)),
            _ => None,
        };
        if let Some(key) = is_end {
            self.running.remove(&key);
            self.stopping.remove(&key);
        }
        if let Input::Missing(key, _) | Input::Said(Message::Resolve(key, Verdict::NotDone, ..)) =
            &input
        {
            let attempt = self.bed.live.attempts(*key) + 1;
            self.entered.remove(&(*key, attempt));
        }
        if matches!(input, Input::Concluded(_)) {
            self.concluding = false;
        }
        self.last = is_end.map(|_| input.clone());
        let out = self.bed.decide(input);
        for record in out.records {
            self.note(&record);
        }
        for command in out.commands {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(key, attempt) => self.start(key, attempt),
            Command::Stop(key) => {
                assert!(self.running.contains(&key), "{key:?} does not run");
                self.stopping.insert(key);
            }
            Command::StopChild(run) => {
                self.stopping_runs.insert(run);
            }
            Command::Conclude => self.concluding = true,
            Command::HoldChild(..) | Command::Finish => {}
        }
    }

    fn note(&mut self, record: &Record) {
        if let Record::InDoubt(key) = record
            && self.plan.specs[self.plan.at(key.node)].once == Some(OnUnknown::Fail)
        {
            self.doubtful.insert((self.plan.at(key.node), key.index()));
        }
    }

    fn start(&mut self, key: Key, attempt: u16) {
        let live = &self.bed.live;
        assert!(self.running.insert(key), "{key:?} runs already");
        assert_eq!(attempt, live.attempts(key) + 1);
        let at = self.plan.at(key.node);
        let spec = &self.plan.specs[at];
        if key.is_undo() {
            return;
        }
        assert!(live.cancel.is_none() && live.ending.is_none(), "{key:?} starts after the end");
        for need in self.plan.needs(at) {
            let need = self.bed.key(&format!("n{need}"));
            assert!(live.node_status(need).is_final(), "{key:?} starts before {need:?}");
        }
        if let Body::Map(_, width, ..) = spec.body {
            let items = self.running.iter().filter(|other| other.node == key.node);
            assert!(items.count() <= width as usize, "{key:?} is one item too many");
        }
        let has_body = !matches!(spec.body, Body::Timer | Body::Signal | Body::Approval)
            && (key.index().is_some() || !matches!(spec.body, Body::Map(..)));
        if spec.once.is_some() && has_body && !live.is_asked_first(key) {
            let times = self.entered.entry((key, attempt)).or_default();
            *times += 1;
            assert_eq!(*times, 1, "{key:?} was entered twice");
            let intent = Record::NodeStarted(key, attempt);
            assert!(self.bed.journal.contains(&intent), "{key:?} starts without its intent");
        }
    }

    /// How a running body ends.
    fn answer(&mut self, key: Key) -> Input {
        let attempt = self.bed.live.attempts(key) + 1;
        let is_fallback = self.bed.live.is_fallback(key);
        let spec = self.plan.specs[self.plan.at(key.node)].clone();
        let failed = |class| Input::Done(key, attempt, 1, Err(Failure::new(class, "no")));
        if key.is_undo() {
            return if self.chance(4) { failed(Class::ERROR) } else { self.done(key, attempt) };
        }
        if key.index().is_none() && !spec.when {
            return Input::Unwanted(key);
        }
        if self.bed.live.is_asked_first(key) {
            return Input::Wanted(key, attempt);
        }
        if self.faults.crash && self.chance(10) {
            return Input::Missing(key, "s".into());
        }
        if self.stopping.contains(&key) && self.chance(2) {
            return failed(Class::CANCELLED);
        }
        let is_good = spec.succeeds(key.index(), attempt, is_fallback);
        match spec.body {
            _ if is_fallback && is_good => self.done(key, attempt),
            Body::Map(count, ..) if key.index().is_none() => Input::Expanded(key.node, count),
            Body::Timer => Input::Waits(key, Wait::Timer(self.bed.now + 50)),
            Body::Signal => Input::Waits(key, Wait::Signal(format!("s{}", key.node.0), None)),
            Body::Approval => Input::Waits(key, Wait::Approval("r".into(), "ok?".into(), None)),
            Body::Child if !is_fallback => {
                Input::Waits(key, Wait::Child(RunId::new(&format!("c{}", key.node.0)).expect("id")))
            }
            _ if !is_good => failed(Class::ERROR),
            Body::Repeat(needed, _) if self.bed.live.rounds(key.node).0 + 1 < needed => {
                Input::Again(key.node, attempt, 1, Payload::NULL)
            }
            _ if self.chance(6) => Input::Cached(key, attempt, Payload::NULL),
            _ => self.done(key, attempt),
        }
    }

    fn done(&mut self, key: Key, attempt: u16) -> Input {
        if self.chance(8) && self.last.is_some() {
            return Input::Memo(key, "m".into(), Payload::NULL);
        }
        let is_once = self.bed.live.program().policy(key.node).at_most_once;
        if !is_once && !key.is_undo() && self.chance(8) {
            return Input::Rests(key, "r".into(), Wait::Timer(self.bed.now + 50));
        }
        Input::Done(key, attempt, 1, Ok(Payload::from_json_bytes("7")))
    }

    /// What ends a wait; timers end by themselves.
    fn wake(&mut self, key: Key, wait: Wait) -> Option<Input> {
        let message = match wait {
            Wait::Timer(_) => return None,
            Wait::Signal(name, _) => Message::Signal(name, Payload::NULL),
            Wait::Approval(..) => {
                let answer = Answer { approved: true, by: "ann".into(), comment: String::new() };
                Message::Answer(key.node, answer)
            }
            Wait::Child(run) | Wait::ChildUntil(run, _) => {
                let attempt = self.bed.live.attempts(key) + 1;
                let spec = &self.plan.specs[self.plan.at(key.node)];
                let result = if self.stopping_runs.contains(&run) && attempt.is_multiple_of(2) {
                    Err(Failure::new(Class::CANCELLED, "stopped"))
                } else if spec.succeeds(key.index(), attempt, false) {
                    Ok(Payload::NULL)
                } else {
                    Err(Failure::new(Class::EXIT, "no"))
                };
                Message::ChildDone(key, run, result)
            }
        };
        // While a run ends, only its children are awaited.
        let is_heard = self.bed.live.ending.is_none() || matches!(message, Message::ChildDone(..));
        is_heard.then_some(Input::Said(message))
    }

    fn doubts(&self) -> Vec<Key> {
        let count = u32::try_from(self.plan.specs.len()).expect("it is small");
        let keys = (0..count).map(NodeIx).flat_map(|node| {
            let items = self.bed.live.items(node).map_or(0, |(count, _)| count);
            (0..items).map(move |item| Key::item(node, item)).chain([Key::node(node)])
        });
        keys.filter(|key| self.bed.live.node_status(*key) == NodeStatus::InDoubt).collect()
    }

    /// What somebody finds out about a body in doubt.
    fn verdict(&mut self, key: Key) -> Verdict {
        let spec = &self.plan.specs[self.plan.at(key.node)];
        let attempt = self.bed.live.attempts(key) + 1;
        let is_good = spec.succeeds(key.index(), attempt, self.bed.live.is_fallback(key));
        let has_rest = matches!(spec.body, Body::Repeat(..) | Body::Child) || !spec.when;
        if has_rest || self.chance(3) {
            Verdict::NotDone
        } else if is_good {
            Verdict::Done(Payload::NULL)
        } else {
            Verdict::Failed("no".into())
        }
    }

    pub(super) fn retry(&mut self, faults: Faults) {
        self.faults = faults;
        let node = NodeIx(u32::try_from(self.below(self.plan.specs.len())).expect("it is small"));
        // Whoever names a node wants it to run again, once or not.
        self.entered.clear();
        self.running.clear();
        self.tell(Input::Retry(vec![node], "ann".into()));
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    /// Draws a number: splitmix64.
    fn below(&mut self, end: usize) -> usize {
        self.rng = self.rng.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.rng;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("it is below a usize")
    }
}
