//! Agents and tasks: what coordination decides is carried out as runs.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Fusion, Run, Starting};
use crate::contract::BoxFuture;
use crate::coordination::runs::{Ending, Runs, Work};
use crate::coordination::{
    Agents, Aim, Delegating, Delegation, Moved, OwnWorkspace, Proposal, Tasks, delegate,
};
use crate::error::{Code, Result};
use crate::model::agent::Reply;
use crate::model::graph::{Action, InputType, Kind, Node, Task};
use crate::model::{
    Class, Failure, Graph, Key, NodeIx, Op, Payload, Policy, RunId, RunStatus, Timeout,
};
use crate::run::engine::{Fate, Shared};

impl Fusion {
    /// Gives the agents of the store: spawn, pause, resume, terminate.
    pub fn agents(&self) -> Agents {
        Agents::new(self.shared(), Arc::new(self.clone()))
    }

    /// Gives the tasks of the store: submit, wait, cancel, queue anew.
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self.shared(), Arc::new(self.clone()))
    }

    /// Takes part in the tasks of the store from now on: gives them out to agents and works at them, until what this returns is
    /// dropped. Agents whose code is registered nowhere have their runs wait for a process that has it.
    ///
    /// # Errors
    /// `FU03xx` from the store, `FU0501` when the engine was closed.
    ///
    /// ```
    /// use fusion_core::Fusion;
    /// use fusion_core::coordination::{AgentSpec, Delegating, TaskSpec, TaskState};
    /// # use async_trait::async_trait;
    /// # use fusion_core::contract::{Agent, Desk};
    /// # use fusion_core::model::{Failure, agent::{Ask, Reply}};
    /// # #[derive(Debug)] struct Counter;
    /// # #[async_trait] impl Agent for Counter {
    /// #     fn name(&self) -> &str { "counter" }
    /// #     async fn work(&self, _: &Desk, ask: Ask) -> Result<Reply, Failure> {
    /// #         Ok(Reply { text: ask.prompt.split_whitespace().count().to_string(), ..Reply::default() })
    /// #     }
    /// # }
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let fusion = Fusion::open("memory://").await?;
    /// fusion.agent(Counter);
    /// fusion.agents().spawn(AgentSpec::new("counter")).await?;
    /// let _part = fusion.delegate(Delegating::default()).await?;
    /// let task = fusion.tasks().submit(TaskSpec::new("count these four words")).await?;
    /// let done = fusion.tasks().wait(&task.id).await?;
    /// assert_eq!((done.state, done.reply.unwrap().text.as_str()), (TaskState::Completed, "4"));
    /// # Ok(()) }
    /// ```
    pub async fn delegate(&self, options: Delegating) -> Result<Delegation> {
        Delegation::begin(self.shared(), Arc::new(self.clone()), options).await
    }

    /// Gives out the tasks that are ready, once, and works at none: for a program that does not stay. Tells how many were
    /// looked at.
    ///
    /// # Errors
    /// As [`Fusion::delegate`].
    pub async fn assign_tasks(&self, optimize_for: Aim) -> Result<usize> {
        delegate::assign_once(self.shared(), Arc::new(self.clone()), optimize_for).await
    }

    /// Says who would get the tasks that are ready now, and why; gives out none.
    ///
    /// # Errors
    /// As [`Fusion::delegate`].
    pub async fn propose_tasks(&self, optimize_for: Aim) -> Result<Vec<Proposal>> {
        delegate::propose(self.shared(), Arc::new(self.clone()), optimize_for).await
    }

    /// Moves tasks that wait, until agents that can do the same have equally much to do.
    ///
    /// # Errors
    /// As [`Fusion::delegate`].
    pub async fn balance_tasks(&self) -> Result<Vec<Moved>> {
        delegate::balance(self.shared(), Arc::new(self.clone())).await
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(self.engine())
    }

    async fn begin_work(
        &self,
        work: Work,
        ops: Vec<Op>,
    ) -> Result<std::result::Result<Ending, Failure>> {
        let (input, is_fresh) = (self.input_of(&work).await?, !ops.is_empty());
        let starting = Starting { id: Some(work.id.clone()), input, detached: false };
        let run = match self.start_beside(&graph_of(&work), starting, ops).await {
            Ok(run) => run,
            // Whoever wanted it anew gives it another id.
            Err(error) if is_fresh && error.code() == Code::IdConflict => return Err(error),
            // A description of an agent that makes no sense makes none at the next attempt.
            Err(error) if error.code().is_bad_input() => {
                return Ok(Err(Failure::new(Class::DECODE, error.to_string())));
            }
            Err(error) => return Err(error),
        };
        let here = matches!(self.engine().driven().get(&work.id), Some(Fate::Driven(..)));
        if !here {
            self.take(&work.id).await?;
        }
        Ok(Ok(Box::pin(ending_of(run))))
    }

    async fn input_of(&self, work: &Work) -> Result<Value> {
        let mut input = Map::from_iter([("prompt".to_owned(), work.ask.prompt.as_str().into())]);
        if !work.ask.messages.is_empty() {
            input.insert("messages".to_owned(), json!(work.ask.messages));
        }
        if let Some(agent) = &work.lodger {
            input.insert("workspace".to_owned(), self.lodging(agent).await?.into());
        }
        Ok(input.into())
    }

    async fn talk_to(&self, run: &RunId) -> Result<Option<Run>> {
        match self.find(run).await {
            Ok(run) => Ok(Some(run)),
            Err(error) if error.code() == Code::RunNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Runs for Fusion {
    fn begin(
        &self,
        work: Work,
        ops: Vec<Op>,
    ) -> BoxFuture<'_, Result<std::result::Result<Ending, Failure>>> {
        Box::pin(self.begin_work(work, ops))
    }

    fn hold(&self, run: RunId, hold: bool, by: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let Some(run) = self.talk_to(&run).await? else { return Ok(()) };
            over(if hold { run.pause(&by).await } else { run.resume(&by).await })
        })
    }

    fn cancel(&self, run: RunId, by: String, why: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let Some(run) = self.talk_to(&run).await? else { return Ok(()) };
            over(run.cancel(&by, &why).await)
        })
    }

    fn lodge(&self, agent: String, own: OwnWorkspace) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.lodge_here(agent, own))
    }

    fn evict(&self, agent: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.evict_here(agent))
    }

    fn lodgers(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.lodgers_here())
    }
}

async fn ending_of(run: Run) -> Result<std::result::Result<Reply, Failure>> {
    let (status, outputs, failure) = run.wait().await?;
    if status != RunStatus::Succeeded {
        // The run's own failure names the node; there is only one.
        let own = run.state().await?.failure(Key::node(NodeIx(0))).cloned();
        let unknown = || Failure::error("the run failed");
        return Ok(Err(own.or(failure).unwrap_or_else(unknown)));
    }
    Ok(reply_of(&outputs))
}

/// A run that has ended meanwhile is none to talk to.
fn over(told: Result<()>) -> Result<()> {
    match told {
        Err(error) if error.code() == Code::NotApplicable => Ok(()),
        other => other,
    }
}

/// Makes the graph of a task: one node.
fn graph_of(work: &Work) -> Graph {
    // An agent that takes a prompt alone is not given what there is nothing of.
    let is_talk = !work.ask.messages.is_empty();
    let mut with = Map::from_iter([("prompt".to_owned(), "{{ inputs.prompt }}".into())]);
    if is_talk {
        with.insert("messages".to_owned(), "{{ inputs.messages }}".into());
    }
    let mut agent = work.agent.clone();
    if work.lodger.is_some() {
        place(&mut agent, &mut with);
    }
    let task = Task::new(Action::Agent(Box::new(agent))).with(Value::Object(with));
    let policy = Policy {
        timeout: work.timeout_ms.map(Timeout::Fixed),
        heartbeat_ms: work.silence_ms,
        ..Policy::default()
    };
    let graph = Graph::new("task").input("prompt", InputType::String);
    let graph = if is_talk { graph.input("messages", InputType::Array) } else { graph };
    let graph =
        if work.lodger.is_some() { graph.input("workspace", InputType::String) } else { graph };
    graph.add(Node::new("work", Kind::Run(task)).policy(policy)).output("reply", "{{ nodes.work }}")
}

/// Lets an agent work in its own folder: a program begins there, code is told of it, and a description may name
/// `{{ inputs.workspace }}`.
fn place(agent: &mut Value, with: &mut Map<String, Value>) {
    const HERE: &str = "{{ inputs.workspace }}";
    match agent {
        Value::Object(words) => {
            if words.contains_key("program") {
                words.entry("workspace").or_insert_with(|| HERE.into());
            }
        }
        Value::String(name) if name.starts_with("command:") => {
            *agent = json!({"program": name, "workspace": HERE});
        }
        _ => {
            with.insert("workspace".to_owned(), HERE.into());
        }
    }
}

/// Reads what an agent said. One that says no reply but a text says just that.
fn reply_of(outputs: &Payload) -> std::result::Result<Reply, Failure> {
    let unreadable = |error| Failure::error(format!("the agent's reply cannot be read: {error}"));
    let outputs: Value = outputs.decode().map_err(unreadable)?;
    match outputs.get("reply") {
        Some(Value::String(text)) => Ok(Reply { text: text.clone(), ..Reply::default() }),
        Some(reply) => serde_json::from_value(reply.clone()).map_err(unreadable),
        None => Ok(Reply::default()),
    }
}
