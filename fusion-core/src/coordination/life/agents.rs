//! Spawning, pausing, resuming, terminating: what anybody may do to agents, from any process.

use std::sync::Arc;

use serde_json::{Value, json};

use super::instance::Instance;
use super::{AgentSpec, AgentState, OwnWorkspace};
use crate::coordination::kept::{self, Past};
use crate::coordination::runs::Runs;
use crate::coordination::task::{TaskRow, TaskState, again, waiting};
use crate::coordination::{Card, Complexity};
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Document, Op, RunId};
use crate::run::engine::Shared;

/// How many agents one batch spawns.
const AT_ONCE: usize = 500;
/// The document that changes whenever agents come, go, or take tasks again: who gives out tasks looks at it.
pub(in crate::coordination) const ROSTER: (&str, &str) = ("roster", "agents");

/// The agents of a store. Nothing of an idle agent is in memory; what they are, and where they are in their lives, any
/// process can see and change. `Fusion::agents` gives it.
#[derive(Debug, Clone)]
pub struct Agents {
    pub(in crate::coordination) engine: Arc<Shared>,
    pub(in crate::coordination) runs: Arc<dyn Runs>,
}

impl Agents {
    pub(crate) fn new(engine: Arc<Shared>, runs: Arc<dyn Runs>) -> Self {
        Self { engine, runs }
    }

    /// Spawns an agent, in all its instances. Those that are there already, as asked for, are left alone; one that was
    /// terminated makes room for the new one.
    ///
    /// # Errors
    /// `FU0102` and `FU0101` when what is asked for makes no sense, `FU0208` when one of that name is there and is another.
    pub async fn spawn(&self, spec: AgentSpec) -> Result<Vec<Instance>> {
        self.engine.check_open()?;
        spec.check()?;
        let card = card_of(&spec);
        let ids = spec.ids();
        let one = AgentSpec { instances: 1, ..spec };
        let mut spawned = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let (now, mut ops, mut born) = (self.engine.env.now_ms(), Vec::new(), Vec::new());
            for id in ids {
                let there = kept::find::<Instance>(self.engine.store.as_ref(), id).await?;
                let version = match there {
                    Some((there, version)) if there.state == AgentState::Terminated => {
                        Some((version, there))
                    }
                    Some((there, _)) if there.spec == one => {
                        spawned.push(there);
                        continue;
                    }
                    Some((there, _)) => return Err(taken(&there)),
                    None => None,
                };
                let mut new = Instance::new(id.clone(), one.clone(), card.clone(), now);
                let version = version.map_or(0, |(version, mut old)| {
                    *kept::Kept::seq(&mut new) = *kept::Kept::seq(&mut old);
                    version
                });
                let mut happened = vec![("agent.spawning", json!({"agent": one.worker()}))];
                happened.extend(new.become_(AgentState::Idle, now)?);
                ops.extend(kept::write(&mut new, version, happened)?);
                born.push(id.clone());
                spawned.push(new);
            }
            if !ops.is_empty() {
                ops.push(turn_roster());
                self.bear(&born, one.workspace, Batch { now, ops }).await?;
            }
        }
        Ok(spawned)
    }

    /// Writes agents that come to life, after their folders were made. What is made for nobody is removed.
    async fn bear(&self, ids: &[String], own: Option<OwnWorkspace>, batch: Batch) -> Result<()> {
        let new = match own {
            Some(own) => self.lodge(ids, own).await?,
            None => Vec::new(),
        };
        let born = self.engine.store.commit(batch).await;
        // After a failure of the store nobody knows whether they live.
        if born.as_ref().is_err_and(|error| error.code() != Code::StoreFailed) {
            self.unlodge(&new).await;
        }
        born.map(drop)
    }

    /// Finds an agent.
    ///
    /// # Errors
    /// `FU0205` when there is none.
    pub async fn get(&self, id: &str) -> Result<Instance> {
        match kept::find(self.engine.store.as_ref(), id).await? {
            Some((instance, _)) => Ok(instance),
            None => Err(kept::missing::<Instance>(self.engine.store.as_ref(), id).await),
        }
    }

    /// Lists all agents, those in one state if one is given, by id.
    pub async fn list(&self, state: Option<AgentState>) -> Result<Vec<Instance>> {
        let mut all: Vec<Instance> =
            kept::list(self.engine.store.as_ref(), state.map(AgentState::word)).await?;
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    /// Reads what happened to an agent, after a place in its stream.
    pub async fn past(&self, id: &str, after: u64, limit: usize) -> Result<Vec<Past>> {
        kept::past::<Instance>(self.engine.store.as_ref(), id, after, limit).await
    }

    /// Pauses an agent: it gets no new task; those that it works at stand still at their next memo, which is saved.
    ///
    /// # Errors
    /// `FU0205` when there is none, `FU0105` when it is terminated.
    pub async fn pause(&self, id: &str, by: &str) -> Result<Instance> {
        let paused = self.move_to(id, by, |_| AgentState::Paused).await?;
        for task in &paused.tasks {
            if let Some(run) = self.run_of(task).await? {
                self.runs.hold(run, true, by.to_owned()).await?;
            }
        }
        Ok(paused)
    }

    /// Lets a paused agent go on, or starts one again that is in the state `error`.
    ///
    /// # Errors
    /// As [`Agents::pause`].
    pub async fn resume(&self, id: &str, by: &str) -> Result<Instance> {
        // Before and after: whoever dies in between leaves an agent that is paused and can be resumed, and whoever paused it meanwhile
        // has held its tasks again.
        let paused = self.get(id).await?;
        if paused.state == AgentState::Paused {
            self.let_go_on(&paused, by).await?;
        }
        let resumed = self
            .move_to(id, by, |instance| match instance.state {
                AgentState::Paused | AgentState::Error => {
                    instance.faults.clear();
                    instance.at_work()
                }
                // Refused: nobody comes back from there.
                AgentState::Terminated => AgentState::Idle,
                other => other,
            })
            .await?;
        self.let_go_on(&resumed, by).await?;
        Ok(resumed)
    }

    async fn let_go_on(&self, instance: &Instance, by: &str) -> Result<()> {
        for task in &instance.tasks {
            if let Some(run) = self.run_of(task).await? {
                self.runs.hold(run, false, by.to_owned()).await?;
            }
        }
        Ok(())
    }

    /// Ends an agent. The tasks that it works at are asked to end, and killed when they don't; those, and the ones that waited
    /// for it, go to others.
    ///
    /// # Errors
    /// `FU0205` when there is none.
    pub async fn terminate(&self, id: &str, by: &str) -> Result<Instance> {
        let ended = self.move_to(id, by, |_| AgentState::Terminated).await?;
        for task in &ended.tasks {
            if let Some(run) = self.run_of(task).await? {
                let why = format!("agent {id} was terminated");
                self.runs.cancel(run, by.to_owned(), why).await?;
            }
        }
        self.hand_back(id).await?;
        self.leave_lodging(&ended).await?;
        Ok(ended)
    }

    /// Gives the tasks that wait for an agent back, so that others get them. Tells how many.
    pub(in crate::coordination) async fn hand_back(&self, id: &str) -> Result<usize> {
        let mut count = 0;
        let waiting = self.engine.store.entries(&waiting(id), 0, usize::MAX >> 1).await?;
        for entry in waiting {
            let Some(task) = entry.dedup.as_deref().and_then(|key| key.strip_prefix("task/"))
            else {
                continue;
            };
            let (ticket, now) = (entry.ticket(), self.engine.env.now_ms());
            let moved = kept::change::<TaskRow>(&self.engine, task, |row| {
                if row.state != TaskState::Assigned {
                    return Ok((Vec::new(), Vec::new()));
                }
                let happened = row.become_(TaskState::Queued, now, json!({"left": id}))?;
                Ok((happened, vec![Op::Complete(ticket), Op::Enqueue(again(row, now))]))
            })
            .await;
            match moved {
                Ok(_) => count += 1,
                // Somebody began it meanwhile.
                Err(error) if error.code() == Code::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    async fn move_to(
        &self,
        id: &str,
        by: &str,
        next: impl Fn(&mut Instance) -> AgentState + Send + Sync,
    ) -> Result<Instance> {
        self.engine.check_open()?;
        let engine = &self.engine;
        kept::change::<Instance>(engine, id, |instance| {
            let next = next(instance);
            let mut happened = instance.become_(next, engine.env.now_ms())?;
            for (_, data) in &mut happened {
                *data = json!({"by": by});
            }
            let more = if happened.is_empty() { Vec::new() } else { vec![turn_roster()] };
            Ok((happened, more))
        })
        .await
    }

    async fn run_of(&self, task: &str) -> Result<Option<RunId>> {
        let found = kept::find::<TaskRow>(self.engine.store.as_ref(), task).await?;
        Ok(found.and_then(|(row, _)| row.run))
    }
}

/// Makes the operation by which those who give out tasks learn that there is something new about agents.
pub(in crate::coordination) fn turn_roster() -> Op {
    let (kind, id) = ROSTER;
    let document = Document {
        kind: kind.into(),
        id: id.into(),
        version: 0,
        at: 0,
        tag: "".into(),
        body: b"null".as_slice().into(),
    };
    Op::Put(document, None)
}

fn taken(there: &Instance) -> Error {
    let text = format!("agent `{}` is there already, and is another one", there.id);
    Error::new(Code::Duplicate, text)
        .hint(format!("choose another name, or end it: fusion agents terminate {}", there.id))
}

/// Finds what an agent is good at: its own card, or the known one of its name; its focus speaks for it too.
fn card_of(spec: &AgentSpec) -> Card {
    let bare = |name: &str| name.trim_start_matches('@').to_ascii_lowercase();
    let worker = match &spec.agent {
        Value::String(agent) => bare(agent.rsplit(':').next().unwrap_or(agent)),
        _ => String::new(),
    };
    let known = || {
        let mut known = Card::known().into_iter();
        known.find(|card| bare(&card.name) == bare(&spec.name) || bare(&card.name) == worker)
    };
    let own = || {
        let mut own = Card::new(&spec.name);
        own.complexity = Complexity::All;
        own
    };
    let mut card = spec.card.clone().or_else(known).unwrap_or_else(own);
    if !spec.focus.is_empty() {
        // Words belong to a capability, whoever has it: this one is of nobody else.
        let focus = format!("focus of {}", spec.name);
        let words = spec.focus.iter().flat_map(|text| text.split_whitespace());
        card.words.insert(focus.clone(), words.map(str::to_lowercase).collect());
        card.capabilities.insert(focus, 1.0);
    }
    card
}
