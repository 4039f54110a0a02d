//! The world as one simulated process sees it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::ledger::Role;
use super::machine::{Machine, Owner, Sleep, lock};
use super::rng::{Rng, hash};
use super::script::Visit;
use super::witness::Witness;
use crate::contract::{About, BoxFuture, Env, Exec, Exit, Job, Peers, Stop, Task};
use crate::model::{Class, Failure, RunId};

/// Who is known to have ended on the host.
#[derive(Debug, Clone, Default)]
pub(super) struct Graves(Arc<Mutex<BTreeSet<String>>>);

impl Graves {
    pub(super) fn add(&self, owner: Owner) {
        lock(&self.0).insert(name_of(owner));
    }
}

/// Gives the identity of a process.
pub(super) fn name_of(owner: Owner) -> String {
    format!("sim/{owner}")
}

/// The world of one process.
pub(super) struct World {
    pub(super) machine: Arc<Machine>,
    pub(super) owner: Owner,
    witness: Arc<Witness>,
    random: Mutex<Rng>,
    graves: Graves,
    /// Whether a dead process is known to be dead at once, as on one host, or only by its lease.
    sees_graves: bool,
}

impl World {
    pub(super) fn new(
        witness: &Arc<Witness>,
        owner: Owner,
        seed: u64,
        (graves, sees_graves): (&Graves, bool),
    ) -> Arc<Self> {
        let random = Mutex::new(Rng::new(seed ^ u64::from(owner).rotate_left(32), "process"));
        Arc::new(Self {
            machine: witness.machine.clone(),
            owner,
            witness: witness.clone(),
            random,
            graves: graves.clone(),
            sees_graves,
        })
    }

    /// Waits so many milliseconds.
    pub(super) fn sleep_ms(&self, ms: u64) -> BoxFuture<'static, ()> {
        sleep_ms(&self.machine, ms)
    }
}

/// Waits so many milliseconds.
pub(super) fn sleep_ms(machine: &Arc<Machine>, ms: u64) -> BoxFuture<'static, ()> {
    let until = machine.now_ns().saturating_add(ms.saturating_mul(1_000_000));
    Box::pin(Sleep::new(machine.clone(), until))
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_of(self.owner))
    }
}

impl Peers for World {
    fn identity(&self) -> String {
        name_of(self.owner)
    }

    fn is_dead(&self, identity: &str) -> bool {
        self.sees_graves && lock(&self.graves.0).contains(identity)
    }
}

impl Env for World {
    fn now_ms(&self) -> i64 {
        self.machine.wall_ms()
    }

    fn monotonic_ns(&self) -> u64 {
        self.machine.now_ns()
    }

    fn random(&self) -> u64 {
        lock(&self.random).next()
    }

    fn sleep_until(&self, monotonic_ns: u64) -> BoxFuture<'static, ()> {
        Box::pin(Sleep::new(self.machine.clone(), monotonic_ns))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task {
        let task = self.machine.spawn(self.owner, future);
        let machine = self.machine.clone();
        Task::new(move || machine.abort(task))
    }

    fn blocking(&self, job: Job) {
        job();
    }

    fn in_place(&self, job: &mut dyn FnMut()) -> bool {
        job();
        true
    }

    fn dedicated(&self, _name: &str, job: Job) {
        job();
    }

    fn exec(&self, exec: Exec, stop: Stop) -> BoxFuture<'static, Result<Exit, Failure>> {
        let machine = self.machine.clone();
        let about = about(&exec);
        let (witness, owner) = (self.witness.clone(), self.owner);
        Box::pin(async move {
            if stop.is_set() {
                return Err(Failure::new(Class::CANCELLED, "stopped before it began"));
            }
            let _visit = about.map(|about| Visit::new(&witness, owner, about, &Role::default()));
            let mut exit = outcome(&exec);
            tokio::select! {
                biased;
                () = stop.wait() => {
                    exit = Exit { code: None, signal: Some(15), ..Exit::default() };
                }
                () = sleep_ms(&machine, exit.duration_ms) => {}
            }
            Ok(exit)
        })
    }
}

/// Reads from a program's environment whose attempt it is.
fn about(exec: &Exec) -> Option<About> {
    let text = |name: &str| exec.env.get(name).map(String::as_str);
    Some(About {
        run: RunId::new(text("FUSION_RUN_ID")?).ok()?,
        node: text("FUSION_STEP_KEY")?.to_owned(),
        attempt: text("FUSION_ATTEMPT")?.parse().ok()?,
        epoch: text("FUSION_EPOCH")?.parse().ok()?,
        idempotency_key: text("FUSION_IDEMPOTENCY_KEY")?.to_owned(),
        feedback: None,
    })
}

/// What a scripted program does: by its arguments and the attempt, so that a world without faults gives the same.
fn outcome(exec: &Exec) -> Exit {
    let attempt = exec.env.get("FUSION_ATTEMPT").map_or("1", String::as_str);
    let words: Vec<&[u8]> = exec.argv.iter().map(String::as_bytes).collect();
    let drawn = hash(&words);
    let first = attempt == "1";
    let code = i32::from(first && drawn.is_multiple_of(4));
    let stdout = format!("{{\"said\": {}}}\n", drawn % 1000);
    Exit {
        code: Some(code),
        signal: None,
        stdout_bytes: stdout.len() as u64,
        stdout: stdout.into(),
        duration_ms: drawn / 7 % 400,
        ..Exit::default()
    }
}
