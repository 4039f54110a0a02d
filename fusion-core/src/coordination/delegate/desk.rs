//! What those who give out tasks and those who work at them share in one process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Delegating;
use super::choose::{Candidate, Roster};
use super::lane::{Lane, Waits};
use crate::coordination::kept;
use crate::coordination::life::ROSTER;
use crate::coordination::runs::Runs;
use crate::coordination::task::waiting;
use crate::coordination::{AgentState, Agents, Instance, Resources, TaskRow, TaskState, Tasks};
use crate::error::{Code, Result};
use crate::model::{Batch, Op, Release};
use crate::run::engine::Shared;

/// The span of `tasks_per_minute`, in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// What is shared.
#[derive(Debug)]
pub(super) struct Desk {
    pub engine: Arc<Shared>,
    pub runs: Arc<dyn Runs>,
    pub agents: Agents,
    pub tasks: Tasks,
    pub options: Delegating,
    book: Mutex<Book>,
    /// Rings when a task has left its agent, or what was reserved is free.
    pub left: tokio::sync::Notify,
    stopped: AtomicBool,
}

/// What is known of the agents, and what this process has in work.
#[derive(Debug)]
pub(super) struct Book {
    pub roster: Roster,
    /// The version of the document that changes with the agents; none before the first look.
    pub seen: Option<u64>,
    pub lanes: BTreeMap<String, Lane>,
    /// How many tasks wait for each agent.
    pub waiting: BTreeMap<String, usize>,
    /// When each agent began its latest tasks, for those that may only begin so many in a minute.
    begun: BTreeMap<String, VecDeque<i64>>,
    /// How many tasks are worked at here.
    pub busy: usize,
    /// Those tasks.
    pub in_work: BTreeSet<String>,
    reserved: Resources,
    /// What is claimed here and to be given back: the store refused that, and is asked again.
    owed: Vec<Release>,
}

impl Desk {
    pub(super) fn new(engine: Arc<Shared>, runs: Arc<dyn Runs>, options: Delegating) -> Self {
        let book = Book {
            roster: Roster::new(Vec::new()),
            seen: None,
            lanes: BTreeMap::new(),
            waiting: BTreeMap::new(),
            begun: BTreeMap::new(),
            busy: 0,
            in_work: BTreeSet::new(),
            reserved: Resources::default(),
            owed: Vec::new(),
        };
        Self {
            agents: Agents::new(engine.clone(), runs.clone()),
            tasks: Tasks::new(engine.clone(), runs.clone()),
            engine,
            runs,
            options,
            book: Mutex::new(book),
            left: tokio::sync::Notify::new(),
            stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.left.notify_waiters();
    }

    pub(super) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Acquire) || !self.engine.takes_work()
    }

    /// Reads the agents anew when they have changed, or when asked to. Tells whether it did.
    pub(super) async fn refresh(&self, force: bool) -> Result<bool> {
        let store = self.engine.store.as_ref();
        let version = store.get(ROSTER.0, ROSTER.1).await?.map_or(0, |document| document.version);
        if !force && self.book().seen == Some(version) {
            return Ok(false);
        }
        let mut live = Vec::new();
        for state in AgentState::ALL {
            if state != AgentState::Terminated {
                live.extend(kept::list::<Instance>(store, Some(state.word())).await?);
            }
        }
        let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
        for row in kept::list::<TaskRow>(store, Some(TaskState::Assigned.word())).await? {
            *waiting.entry(row.agent.unwrap_or_default()).or_default() += 1;
        }
        let candidates = live.into_iter().map(|instance| {
            let waits = waiting.get(&instance.id).copied().unwrap_or(0);
            Candidate { open: instance.tasks.len() + waits, instance }
        });
        let roster = Roster::new(candidates.collect());
        let mut book = self.book();
        (book.roster, book.waiting, book.seen) = (roster, waiting, Some(version));
        Ok(true)
    }

    /// Gives an entry back, now or as soon as the store takes it: nobody else can, as long as this process lives.
    pub(super) async fn give_up(&self, release: Release) {
        let now = self.engine.env.now_ms();
        let ops = vec![Op::Release(release.clone())];
        if let Err(error) = self.engine.store.commit(Batch { now, ops }).await
            && error.code() != Code::Fenced
        {
            tracing::warn!(%error, "a task cannot be given back yet");
            self.book().owed.push(release);
        }
    }

    /// Tries again what could not be given back.
    pub(super) async fn give_up_the_rest(&self) {
        let owed = std::mem::take(&mut self.book().owed);
        for release in owed {
            self.give_up(release).await;
        }
    }

    /// Makes the order of an agent's tasks known, when it is not yet.
    pub(super) async fn open_lane(&self, agent: &str) -> Result<()> {
        if self.book().lanes.contains_key(agent) {
            return Ok(());
        }
        let entries = self.engine.store.entries(&waiting(agent), 0, 100_000).await?;
        let waits =
            entries.iter().filter_map(|entry| serde_json::from_slice::<Waits>(&entry.body).ok());
        let lane = Lane::found(waits);
        self.book().lanes.entry(agent.to_owned()).or_insert(lane);
        Ok(())
    }
}

impl Book {
    /// Tells how many tasks an agent may begin now.
    pub(super) fn room(&mut self, agent: &str, now: i64) -> usize {
        let Some(one) = self.roster.all.get(agent) else { return 0 };
        let rate = one.instance.spec.tasks_per_minute as usize;
        let room = one.instance.room();
        if rate == 0 {
            return room;
        }
        let begun = self.begun.entry(agent.to_owned()).or_default();
        while begun.front().is_some_and(|at| now.saturating_sub(*at) >= MINUTE_MS) {
            begun.pop_front();
        }
        room.min(rate.saturating_sub(begun.len()))
    }

    /// Notes that an agent begins a task that waited for it.
    pub(super) fn begin(&mut self, agent: &str, task: &str, waits: Option<&Waits>, now: i64) {
        self.busy += 1;
        self.in_work.insert(task.to_owned());
        if let (Some(lane), Some(waits)) = (self.lanes.get_mut(agent), waits) {
            lane.begun(waits);
        }
        if let Some(waiting) = self.waiting.get_mut(agent) {
            *waiting = waiting.saturating_sub(1);
        }
        if let Some(one) = self.roster.all.get_mut(agent) {
            if !one.instance.tasks.iter().any(|other| other == task) {
                one.instance.tasks.push(task.to_owned());
            }
            if one.instance.spec.tasks_per_minute > 0 {
                self.begun.entry(agent.to_owned()).or_default().push_back(now);
            }
        }
    }

    /// Notes that a task has left the agent, and what is known of the agent now.
    pub(super) fn leave(&mut self, agent: &str, task: &str, now_is: Option<Instance>) {
        self.busy = self.busy.saturating_sub(1);
        self.in_work.remove(task);
        if let Some(one) = self.roster.all.get_mut(agent) {
            one.open = one.open.saturating_sub(1);
            match now_is {
                Some(instance) => one.instance = instance,
                None => one.instance.tasks.retain(|other| other != task),
            }
        }
    }

    /// Takes note of what an agent is now.
    pub(super) fn know(&mut self, instance: Instance) {
        if let Some(one) = self.roster.all.get_mut(&instance.id) {
            one.instance = instance;
        }
    }

    /// Notes that a task waits for an agent from now on.
    pub(super) fn wait(&mut self, agent: &str) {
        *self.waiting.entry(agent.to_owned()).or_default() += 1;
        if let Some(one) = self.roster.all.get_mut(agent) {
            one.open += 1;
        }
    }

    /// Notes that a task that waited for an agent went to another.
    pub(super) fn unwait(&mut self, agent: &str) {
        if let Some(waiting) = self.waiting.get_mut(agent) {
            *waiting = waiting.saturating_sub(1);
        }
        if let Some(one) = self.roster.all.get_mut(agent) {
            one.open = one.open.saturating_sub(1);
        }
    }

    /// Takes what a task needs, when it is free.
    pub(super) fn reserve(&mut self, needs: Resources, have: Resources) -> bool {
        let cpu = self.reserved.cpu + needs.cpu;
        let memory = self.reserved.memory_mb.saturating_add(needs.memory_mb);
        let fits = (have.cpu <= 0.0 || cpu <= have.cpu + 1e-9)
            && (have.memory_mb == 0 || memory <= have.memory_mb);
        if fits {
            self.reserved = Resources { cpu, memory_mb: memory };
        }
        fits
    }

    /// Gives it back.
    pub(super) fn free(&mut self, needs: Resources) {
        self.reserved.cpu = (self.reserved.cpu - needs.cpu).max(0.0);
        self.reserved.memory_mb = self.reserved.memory_mb.saturating_sub(needs.memory_mb);
    }
}
