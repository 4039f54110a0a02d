//! The test bed: a live state, its shadow folded from the journal, and a clock.

use std::sync::Arc;

use super::coverage;
use super::durable::{check_timers, durable};
use super::words::words;
use crate::graph::Program;
use crate::model::{Class, Decided, Failure, Graph, Input, Key, Message, Payload, Record, Start};
use crate::schedule::State;

/// A run under test.
#[derive(Debug)]
pub(super) struct Bed {
    pub live: State,
    pub shadow: State,
    pub journal: Vec<Record>,
    pub now: i64,
}

impl Bed {
    /// Makes a run that nobody owns yet.
    pub(super) fn new(graph: Graph) -> Self {
        let program = Arc::new(Program::compile(graph).expect("the test's graph compiles"));
        let fresh = || State::new(program.clone(), start());
        Self { live: fresh(), shadow: fresh(), journal: Vec::new(), now: 1_000 }
    }

    /// Makes a run and says what follows from its adoption.
    pub(super) fn begin(graph: Graph) -> (Self, String) {
        let mut bed = Self::new(graph);
        let said = bed.say(Input::Adopted);
        (bed, said)
    }

    /// Decides, commits and compares.
    pub(super) fn decide(&mut self, input: Input) -> Decided {
        let mut out = Decided::default();
        let before = self.live.status();
        let ticked = matches!(input, Input::Tick);
        self.live.decide(input, self.now, &mut out);
        coverage::took_run(before, self.live.status());
        for record in &out.records {
            self.shadow.fold(record);
            self.journal.push(record.clone());
        }
        assert_eq!(durable(&self.live), durable(&self.shadow), "the fold differs");
        check_timers(&self.live, &self.shadow, self.now);
        // Else a driver would tick for ever without anything that happens.
        let late = self.live.due().filter(|due| ticked && *due <= self.now);
        assert_eq!(late, None, "a tick leaves nothing that is due");
        out
    }

    /// Decides, and writes what follows as words.
    pub(super) fn say(&mut self, input: Input) -> String {
        let out = self.decide(input);
        words(self.live.program(), &out).join(", ")
    }

    /// Throws the state away and folds the journal again.
    pub(super) fn fold_again(&mut self) {
        let mut state = State::new(self.live.program().clone(), start());
        self.journal.iter().for_each(|record| state.fold(record));
        self.live = state;
    }

    /// Another owner takes the run over.
    pub(super) fn crash(&mut self) -> String {
        self.fold_again();
        self.say(Input::Adopted)
    }

    pub(super) fn key(&self, text: &str) -> Key {
        self.live.program().find_key(text).expect("the test names a node of its graph")
    }

    fn attempt(&self, key: Key) -> u16 {
        self.live.attempts(key) + 1
    }

    /// A body ends well.
    pub(super) fn ok(&mut self, key: &str) -> String {
        let key = self.key(key);
        self.say(Input::Done(key, self.attempt(key), 1, Ok(Payload::NULL)))
    }

    /// A body fails.
    pub(super) fn fail(&mut self, key: &str) -> String {
        self.fail_as(key, Failure::error("no"))
    }

    pub(super) fn fail_as(&mut self, key: &str, failure: Failure) -> String {
        let key = self.key(key);
        self.say(Input::Done(key, self.attempt(key), 1, Err(failure)))
    }

    /// A body obeys the word to stop.
    pub(super) fn stopped(&mut self, key: &str) -> String {
        self.fail_as(key, Failure::new(Class::CANCELLED, "stopped"))
    }

    pub(super) fn hear(&mut self, message: Message) -> String {
        self.say(Input::Said(message))
    }

    pub(super) fn cancel(&mut self) -> String {
        self.hear(Message::Cancel("ann".into(), "why".into()))
    }

    pub(super) fn pause(&mut self) -> String {
        self.hear(Message::Pause("ann".into()))
    }

    pub(super) fn resume(&mut self) -> String {
        self.hear(Message::Resume("ann".into()))
    }

    /// Time passes.
    pub(super) fn at(&mut self, now: i64) -> String {
        self.now = now;
        self.say(Input::Tick)
    }

    /// The driver has evaluated the outputs.
    pub(super) fn concluded(&mut self) -> String {
        self.say(Input::Concluded(Ok(Payload::NULL)))
    }

    /// Somebody wants the ended run to go on, with these nodes run again.
    pub(super) fn retry(&mut self, named: &[&str]) -> String {
        let nodes = named.iter().map(|name| self.key(name).node).collect();
        self.say(Input::Retry(nodes, "ann".into()))
    }

    /// Writes the statuses of some keys.
    pub(super) fn statuses(&self, keys: &[&str]) -> String {
        let words: Vec<&str> =
            keys.iter().map(|key| self.live.node_status(self.key(key)).word()).collect();
        words.join(" ")
    }
}

fn start() -> Start {
    Start {
        workflow: "w".into(),
        version: 1,
        definition: Payload::NULL,
        input: Payload::NULL,
        origin: None,
    }
}
