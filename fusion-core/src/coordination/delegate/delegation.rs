//! The loop of a process that gives out tasks and works at them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chance::Dice;
use super::choose::Choice;
use super::desk::Desk;
use super::moves::Moved;
use crate::coordination::kept;
use crate::coordination::life::turn_roster;
use crate::coordination::runs::Runs;
use crate::coordination::{AgentState, Aim, Instance, Resources, TaskRow, TaskState};
use crate::error::Result;
use crate::model::limits;
use crate::run::engine::Shared;
use crate::run::session;

/// Every so many looks, the agents and what waits for them are counted anew.
const RECOUNT: u64 = 5;

/// How a process takes part in the tasks of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delegating {
    /// How many tasks it works at together.
    pub concurrency: usize,
    /// Give out tasks to agents.
    pub assign: bool,
    /// Work at what agents were given.
    pub work: bool,
    /// What its tasks may take together; 0 for no limit.
    pub resources: Resources,
    /// What counts beside an agent that fits, for tasks that do not say it themselves.
    pub optimize_for: Aim,
}

/// Who would get a task now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The task.
    pub task: String,
    /// What is to be done.
    pub title: String,
    /// The agent; nobody when absent.
    pub agent: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
}

impl Default for Delegating {
    fn default() -> Self {
        Self {
            concurrency: 64,
            assign: true,
            work: true,
            resources: Resources::default(),
            optimize_for: Aim::Fit,
        }
    }
}

/// A process's part in the tasks of a store: `Fusion::delegate` begins it. Any number of processes may take part; each task
/// is given out and worked at once. It ends when this is dropped, or the engine closed; what is in work then comes to its end.
#[derive(Debug)]
pub struct Delegation(Arc<Desk>);

impl Drop for Delegation {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Delegation {
    pub(crate) async fn begin(
        engine: Arc<Shared>,
        runs: Arc<dyn Runs>,
        options: Delegating,
    ) -> Result<Self> {
        session::open(&engine).await?;
        let desk = Arc::new(Desk::new(engine, runs, options));
        desk.refresh(true).await?;
        let looped = desk.clone();
        desk.engine.env.spawn(Box::pin(async move { looped.run().await }));
        Ok(Self(desk))
    }

    /// Tells how many tasks are worked at here.
    pub fn busy(&self) -> usize {
        self.0.book().busy
    }
}

/// Gives out what is ready once, and levels what waits: for a program that does not stay.
pub(crate) async fn assign_once(
    engine: Arc<Shared>,
    runs: Arc<dyn Runs>,
    optimize_for: Aim,
) -> Result<usize> {
    session::open(&engine).await?;
    let desk = Desk::new(engine, runs, Delegating { optimize_for, ..Delegating::default() });
    desk.refresh(true).await?;
    let mut all = 0;
    if desk.book().roster.all.is_empty() {
        return Ok(0);
    }
    let mut parked = true;
    loop {
        let count = desk.assign(parked).await?;
        parked = false;
        if count == 0 {
            return Ok(all);
        }
        all += count;
    }
}

/// Says who would get the tasks that are ready, and gives out none.
pub(crate) async fn propose(
    engine: Arc<Shared>,
    runs: Arc<dyn Runs>,
    optimize_for: Aim,
) -> Result<Vec<Proposal>> {
    engine.check_open()?;
    let desk = Desk::new(engine, runs, Delegating { optimize_for, ..Delegating::default() });
    desk.refresh(true).await?;
    let mut ready = desk.tasks.list(Some(TaskState::Queued)).await?;
    let now = desk.engine.env.now_ms();
    let may_begin = |row: &TaskRow| row.spec.not_before.is_none_or(|time| time <= now);
    ready.retain(|row| row.waits_for.is_empty() && may_begin(row));
    ready.sort_by_key(|row| (-row.spec.priority, row.submitted));
    let mut proposals = Vec::with_capacity(ready.len());
    for row in ready {
        let mut dice = Dice::new(desk.engine.env.random());
        let (agent, reason) = match desk.choose(&row, &mut dice) {
            Choice::Agent(agent, reason, _) => (Some(agent), reason),
            Choice::Nobody(reason) => (None, reason),
        };
        if let Some(agent) = &agent {
            desk.book().wait(agent);
        }
        proposals.push(Proposal { task: row.id, title: row.spec.title, agent, reason });
    }
    Ok(proposals)
}

/// Levels what waits for equal agents.
pub(crate) async fn balance(engine: Arc<Shared>, runs: Arc<dyn Runs>) -> Result<Vec<Moved>> {
    engine.check_open()?;
    let desk = Desk::new(engine, runs, Delegating::default());
    desk.refresh(true).await?;
    desk.level(false).await
}

impl Desk {
    async fn run(self: Arc<Self>) {
        let bus = self.engine.store.bus();
        let mut bell = bus.listen(&["queue/tasks*", "stream/agent/*"]);
        let (mut next_look, mut look, mut looks) = (0, true, 0_u64);
        while !self.is_over() {
            let now = self.engine.env.monotonic_ns();
            if now >= next_look {
                next_look = now + limits::POLL_MS.unsigned_abs() * 1_000_000;
                (look, looks) = (true, looks + 1);
            }
            let recount = looks % RECOUNT == 0 && look;
            let moved = match self.turn(std::mem::take(&mut look), recount).await {
                Ok(count) => count,
                Err(error) => {
                    tracing::warn!(%error, "tasks could not be given out");
                    0
                }
            };
            if moved > 0 {
                continue;
            }
            let nap = self.nap().await;
            tokio::select! {
                biased;
                () = self.left.notified() => {}
                () = bell.heard() => {}
                () = self.engine.env.sleep_until(self.engine.env.monotonic_ns() + nap) => {}
            }
        }
    }

    /// Does what can be done now. Tells how much that was.
    async fn turn(self: &Arc<Self>, look: bool, recount: bool) -> Result<usize> {
        if look {
            self.give_up_the_rest().await;
            self.restart().await?;
            if self.options.work {
                self.take_up().await?;
                self.tell_for_the_dead().await?;
            }
        }
        // What others give out and finish is not told to this process: now and then it looks.
        let has_new = self.refresh(recount).await?;
        if recount {
            self.agents.sweep_lodgings().await?;
            self.hand_back().await?;
            self.free_agents().await?;
        }
        let mut count = 0;
        if self.options.assign && !self.book().roster.all.is_empty() {
            count += self.assign(has_new || look).await?;
        }
        if self.options.work {
            count += self.begin().await?;
            if self.options.assign && self.has_idle() {
                count += self.level(true).await?.len();
            }
        }
        Ok(count)
    }

    /// Gives back what waits for agents that are gone: whoever terminated them may have died before he did.
    async fn hand_back(&self) -> Result<()> {
        let gone: Vec<String> = {
            let book = self.book();
            let all = &book.roster.all;
            book.waiting.keys().filter(|agent| !all.contains_key(*agent)).cloned().collect()
        };
        for agent in gone {
            self.agents.hand_back(&agent).await?;
        }
        Ok(())
    }

    /// Tells whether somebody has nothing to do while tasks wait for others.
    fn has_idle(&self) -> bool {
        let book = self.book();
        let waits = book.waiting.values().any(|count| *count > 0);
        waits
            && book.roster.all.values().any(|one| one.open == 0 && one.instance.state.takes_tasks())
    }

    /// Starts agents again whose pause after a fault is over.
    async fn restart(&self) -> Result<()> {
        let store = self.engine.store.as_ref();
        let failed = kept::list::<Instance>(store, Some(AgentState::Error.word())).await?;
        for instance in failed {
            kept::change::<Instance>(&self.engine, &instance.id, |instance| {
                let now = self.engine.env.now_ms();
                let due = instance.restart_at.is_some_and(|due| due <= now);
                if instance.state != AgentState::Error || !due {
                    return Ok((Vec::new(), Vec::new()));
                }
                Ok((instance.become_(instance.at_work(), now)?, vec![turn_roster()]))
            })
            .await?;
        }
        Ok(())
    }

    /// Tells how long nothing has to be done unless a bell rings, in nanoseconds.
    async fn nap(&self) -> u64 {
        let poll = limits::POLL_MS;
        let due = match self.engine.store.next_due(&["tasks".into()]).await {
            Ok(Some(due)) if self.options.assign => due.saturating_sub(self.engine.env.now_ms()),
            _ => poll,
        };
        due.clamp(1, poll).unsigned_abs() * 1_000_000
    }
}
