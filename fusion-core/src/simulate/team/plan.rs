//! Who does what: drawn from the seed, once.

use super::super::rng::{Rng, hash};
use crate::coordination::TaskSpec;

/// The one whose mailbox everybody writes to.
pub(super) const READER: &str = "reader";
/// The agents that do tasks.
pub(super) const WORKERS: [&str; 2] = ["worker-a", "worker-b"];
/// The kind of the objects.
pub(super) const KIND: &str = "list";

/// What agents do in a world.
#[derive(Debug, Clone)]
pub(in crate::simulate) struct Team {
    pub(super) writers: Vec<Writer>,
    /// In which place the only reader is; in every place one when absent.
    pub(super) reader: Option<usize>,
    /// Whether processes see each other die, on which the order of messages after a death rests.
    pub(super) in_order: bool,
    pub(super) callers: Vec<Caller>,
    pub(super) idle_ms: u64,
    pub(super) tasks: Vec<TaskSpec>,
    pub(super) orders: Vec<Order>,
}

/// Something that a person wants once, and does not ask for again.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) name: String,
    pub(super) place: usize,
    pub(super) at_ms: u64,
    pub(super) what: What,
}

/// What a person wants of agents and tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Pause(&'static str),
    Resume(&'static str),
    Terminate(&'static str),
    Cancel(String),
}

/// Somebody who sends numbered messages, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) name: String,
    pub(super) place: usize,
    pub(super) messages: u32,
}

/// Somebody who asks an object, one time after the other.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) place: usize,
    pub(super) object: String,
    pub(super) times: u32,
}

impl Team {
    /// Draws what they do in a world of so many processes.
    pub(in crate::simulate) fn draw(seed: u64, processes: usize, one_host: bool) -> Self {
        let mut rng = Rng::new(seed, "team");
        let count = |rng: &mut Rng, most: u64| u32::try_from(rng.between(1, most)).unwrap_or(1);
        let writers = (0..rng.between(1, 3)).map(|number| Writer {
            name: format!("writer-{number}"),
            place: rng.index(processes),
            messages: count(&mut rng, 12),
        });
        let writers = writers.collect();
        let reader = rng.chance(60).then(|| rng.index(processes));
        let callers = (0..rng.between(1, 4)).map(|number| Caller {
            name: format!("caller-{number}"),
            place: rng.index(processes),
            object: format!("o{}", rng.below(2)),
            times: count(&mut rng, 10),
        });
        let callers = callers.collect();
        let idle_ms = rng.between(50, 4_000);
        let tasks = tasks(&mut rng);
        let orders = orders(&mut Rng::new(seed, "orders"), &tasks, processes);
        Self { writers, reader, in_order: one_host, callers, idle_ms, tasks, orders }
    }
}

fn orders(rng: &mut Rng, tasks: &[TaskSpec], processes: usize) -> Vec<Order> {
    let mut all = Vec::new();
    let mut add = |rng: &mut Rng, at_ms: u64, what: What| {
        let name = format!("order-{}", all.len());
        all.push(Order { name, place: rng.index(processes), at_ms, what });
        at_ms
    };
    for name in WORKERS {
        // Nobody else may do what is asked of this one by its name.
        let is_wanted = tasks.iter().any(|task| task.agent.as_deref() == Some(name));
        if rng.chance(40) {
            let at_ms = rng.below(9_000);
            add(rng, at_ms, What::Pause(name));
            let later_ms = at_ms + rng.below(6_000);
            add(rng, later_ms, What::Resume(name));
        }
        if name != WORKERS[0] && !is_wanted && rng.chance(40) {
            let at_ms = rng.below(15_000);
            add(rng, at_ms, What::Terminate(name));
        }
    }
    let needed = |id: &String| tasks.iter().any(|task| task.needs.contains(id));
    for id in tasks.iter().filter_map(|task| task.id.clone()).filter(|id| !needed(id)) {
        if rng.chance(15) {
            let at_ms = rng.below(12_000);
            add(rng, at_ms, What::Cancel(id));
        }
    }
    all
}

fn tasks(rng: &mut Rng) -> Vec<TaskSpec> {
    let count = rng.below(6);
    (0..count)
        .map(|number| {
            let mut task = TaskSpec::new(format!("task number {number}"));
            task.id = Some(format!("task-{number}"));
            task.retry_policy.backoff.initial_ms = rng.below(2_000);
            if number > 0 && rng.chance(40) {
                task.needs.push(format!("task-{}", rng.below(number)));
            }
            if rng.chance(30) {
                task.agent = rng.pick(&WORKERS).map(|name| (*name).to_owned());
            }
            task
        })
        .collect()
}

/// Says what an agent answers to a prompt.
pub(super) fn answer(prompt: &str) -> String {
    format!("answer {}", hash(&[prompt.as_bytes()]) % 100_000)
}

/// Names one call, or one message: no two are the same.
pub(super) fn token(name: &str, number: u32) -> String {
    format!("{name}.{number}")
}

/// What becomes of a token, drawn from its name: one in so many has a trait.
pub(super) fn has(token: &str, what: &str, one_in: u64) -> bool {
    hash(&[token.as_bytes(), what.as_bytes()]).is_multiple_of(one_in)
}
