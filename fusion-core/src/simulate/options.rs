//! What to simulate.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use crate::model::Graph;

/// Something that can go wrong in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The machine loses power in some disk operation: what was not synced is lost, kept or torn.
    Power,
    /// All processes are killed in some disk operation.
    Crash,
    /// One process is killed right before or right after a commit.
    Kill,
    /// One process stands still, perhaps longer than its lease: then the run has two owners.
    Stall,
    /// The wall clock jumps.
    Clock,
    /// Wake-ups are lost.
    LostWake,
    /// Wake-ups come twice.
    DoubleWake,
    /// The disk is full for a while.
    Full,
    /// An operation, a sync or a read of the disk fails.
    Disk,
    /// Calls of the store take time, and others come in between.
    Slow,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 10] = [
        Self::Power,
        Self::Crash,
        Self::Kill,
        Self::Stall,
        Self::Clock,
        Self::LostWake,
        Self::DoubleWake,
        Self::Full,
        Self::Disk,
        Self::Slow,
    ];

    /// Gives the word that the command line uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Crash => "crash",
            Self::Kill => "kill",
            Self::Stall => "stall",
            Self::Clock => "clock",
            Self::LostWake => "lost-wake",
            Self::DoubleWake => "double-wake",
            Self::Full => "full",
            Self::Disk => "disk",
            Self::Slow => "slow",
        }
    }

    /// Reads the word that the command line uses.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }
}

/// A mistake built into the store of a world, which the world must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Appends are acknowledged before they are written.
    AckBeforeCommit,
    /// A writer with an old fence number is let through.
    FenceRemoved,
    /// The intent of an at-most-once body is written after the body was entered.
    IntentAfterCall,
    /// A sync reports success and does nothing.
    LyingSync,
}

/// A workflow of the user's own. Its steps, commands, agents and models are played: nothing of the user's is executed.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The workflow.
    pub graph: Graph,
    /// Its inputs.
    pub inputs: Value,
    /// The workflows that it starts by name; those that are not here are played too.
    pub others: Vec<Graph>,
}

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The workflow; without one the seeds draw workflows of their own.
    pub subject: Option<Subject>,
    /// Let agents work in the worlds too: they write to each other, ask durable objects, and are given tasks.
    pub team: bool,
    /// What the command that does a seed again names: a file, `--self`, or `--agents`.
    pub name: String,
    /// How many seeds are simulated at once. Byte-exact repetition needs 1; the order of operations repeats always.
    pub jobs: usize,
    /// The seeds.
    pub seeds: Range<u64>,
    /// The faults that are left out.
    pub without: BTreeSet<Fault>,
    /// A mistake to build in.
    pub sabotage: Option<Sabotage>,
    /// Leave out faults one by one while a failing seed still fails.
    pub shrink: bool,
}

impl Options {
    /// Simulates these seeds with everything that can go wrong.
    pub fn new(seeds: Range<u64>) -> Self {
        Self {
            subject: None,
            team: false,
            name: "--self".to_owned(),
            jobs: 1,
            seeds,
            without: BTreeSet::new(),
            sabotage: None,
            shrink: true,
        }
    }
}
