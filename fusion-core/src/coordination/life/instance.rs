//! One agent as the store has it, and the moves of its life: pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AgentSpec, AgentState};
use crate::coordination::Card;
use crate::coordination::kept::{Happened, Kept};
use crate::error::{Code, Error, Result};
use crate::model::Digest;
use crate::model::agent::Reply;
use crate::model::chat::Usd;

/// One agent as the store has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// What it is called.
    pub id: String,
    /// What was asked for.
    pub spec: AgentSpec,
    /// What it is good at, its focus included.
    pub card: Card,
    /// Where it is in its life.
    pub state: AgentState,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// The tasks that it works at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// What it did, by kind of task.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub record: BTreeMap<String, Tally>,
    /// What all its tasks took.
    #[serde(default)]
    pub usage: Usage,
    /// When it crashed or did not answer, lately, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<i64>,
    /// Why it is in the state `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It has a folder of its own that was made for it and not removed yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lodged: bool,
    /// When it is started again, in milliseconds since 1970; nobody does when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<i64>,
    seq: u64,
}

/// How many tasks ended well, and how many did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Those that ended well.
    pub done: u64,
    /// Attempts that failed.
    pub failed: u64,
}

/// What tasks took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// How long it worked, in milliseconds; tasks at the same time count each.
    pub busy_ms: u64,
    /// How often models were asked.
    pub calls: u64,
    /// The tokens that models read.
    pub input_tokens: u64,
    /// The tokens that models wrote.
    pub output_tokens: u64,
    /// What that cost, as far as prices are known.
    pub cost: Usd,
}

impl Usage {
    /// Adds what a reply took.
    pub(in crate::coordination) fn add(&mut self, reply: &Reply, busy_ms: u64) {
        self.busy_ms = self.busy_ms.saturating_add(busy_ms);
        self.calls = self.calls.saturating_add(reply.turns.into());
        self.input_tokens = self.input_tokens.saturating_add(reply.usage.input);
        self.output_tokens = self.output_tokens.saturating_add(reply.usage.output);
        self.cost = self.cost.plus(reply.cost);
    }
}

impl Kept for Instance {
    const KIND: &'static str = "agent";
    const WORD: &'static str = "agent";

    fn id(&self) -> &str {
        &self.id
    }

    fn tag(&self) -> &str {
        self.state.word()
    }

    fn seq(&mut self) -> &mut u64 {
        &mut self.seq
    }
}

impl Instance {
    pub(super) fn new(id: String, spec: AgentSpec, card: Card, now: i64) -> Self {
        Self {
            id,
            lodged: spec.workspace.is_some(),
            spec,
            card,
            state: AgentState::Spawning,
            since: now,
            tasks: Vec::new(),
            record: BTreeMap::new(),
            usage: Usage::default(),
            faults: Vec::new(),
            error: None,
            restart_at: None,
            seq: 0,
        }
    }

    /// Counts all its tasks that ended.
    pub fn tally(&self) -> Tally {
        self.record.values().fold(Tally::default(), |sum, one| Tally {
            done: sum.done + one.done,
            failed: sum.failed + one.failed,
        })
    }

    /// Tells how many tasks it may begin now.
    pub(in crate::coordination) fn room(&self) -> usize {
        if self.state.takes_tasks() {
            (self.spec.slots as usize).saturating_sub(self.tasks.len())
        } else {
            0
        }
    }

    /// Moves to a state; nothing happens when it is there already.
    ///
    /// # Errors
    /// `FU0105` when the table does not allow it.
    pub(in crate::coordination) fn become_(
        &mut self,
        next: AgentState,
        now: i64,
    ) -> Result<Vec<Happened>> {
        if self.state == next {
            return Ok(Vec::new());
        }
        if !self.state.may_become(next) {
            let text = format!("agent `{}` is {}: it cannot become {next}", self.id, self.state);
            let error = Error::new(Code::NotApplicable, text);
            return Err(if self.state == AgentState::Terminated {
                error.hint("spawn a new one")
            } else {
                error
            });
        }
        let name = match (self.state, next) {
            (_, AgentState::Spawning) => "agent.spawning",
            (AgentState::Spawning, AgentState::Idle) => "agent.spawned",
            (AgentState::Paused, AgentState::Idle | AgentState::Working) => "agent.resumed",
            (AgentState::Error, AgentState::Idle | AgentState::Working) => "agent.restarted",
            (_, AgentState::Idle) => "agent.rested",
            (_, AgentState::Working) => "agent.worked",
            (_, AgentState::Paused) => "agent.paused",
            (_, AgentState::Error) => "agent.failed",
            (_, AgentState::Terminated) => "agent.terminated",
        };
        (self.state, self.since) = (next, now);
        if next != AgentState::Error {
            (self.error, self.restart_at) = (None, None);
        }
        Ok(vec![(name, Value::Null)])
    }

    /// Gives the state of one that neither is paused nor in trouble.
    pub(in crate::coordination) fn at_work(&self) -> AgentState {
        if self.tasks.is_empty() { AgentState::Idle } else { AgentState::Working }
    }

    /// Begins a task; again, after a crash, is no change.
    pub(in crate::coordination) fn begin(&mut self, task: &str, now: i64) -> Result<Vec<Happened>> {
        if !self.tasks.iter().any(|other| other == task) {
            self.tasks.push(task.to_owned());
        }
        if self.state == AgentState::Idle {
            self.become_(AgentState::Working, now)
        } else {
            Ok(Vec::new())
        }
    }

    /// Lets go of a task.
    pub(in crate::coordination) fn leave(&mut self, task: &str, now: i64) -> Result<Vec<Happened>> {
        self.tasks.retain(|other| other != task);
        if self.state == AgentState::Working {
            self.become_(self.at_work(), now)
        } else {
            Ok(Vec::new())
        }
    }

    /// Notes that it crashed or did not answer: it is started again after a pause, as long as that may help.
    pub(in crate::coordination) fn fault(&mut self, why: &str, now: i64) -> Result<Vec<Happened>> {
        if matches!(self.state, AgentState::Terminated | AgentState::Paused) {
            return Ok(Vec::new());
        }
        let restart = &self.spec.restart;
        let memory = restart.max_ms.saturating_mul(restart.attempts.into());
        let memory = i64::try_from(memory).unwrap_or(i64::MAX);
        self.faults.retain(|at| now.saturating_sub(*at) <= memory);
        self.faults.push(now);
        let faults = u32::try_from(self.faults.len()).unwrap_or(u32::MAX);
        let pause = restart.pause_ms(faults, Digest::of(self.id.as_bytes()));
        let again = faults < restart.attempts;
        let mut happened = self.become_(AgentState::Error, now)?;
        self.error = Some(why.to_owned());
        self.restart_at =
            again.then(|| now.saturating_add(i64::try_from(pause).unwrap_or(i64::MAX)));
        for (_, data) in &mut happened {
            *data = json!({"error": why, "restart_at": self.restart_at});
        }
        Ok(happened)
    }
}
