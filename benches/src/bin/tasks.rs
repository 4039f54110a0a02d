//! Agents and tasks: giving out what waits, how soon a ready task has an agent, agents that do nothing, the cost of the manager.
#![expect(clippy::disallowed_methods, reason = "what is measured is how long it takes")]

use std::time::{Duration, Instant};

use async_trait::async_trait;
use fusion_benches::figure::Figure;
use fusion_benches::meter::{self, median};
use fusion_benches::setup::{Outcome, folder, runtime};
use fusion_core::Fusion;
use fusion_core::contract::{Agent, Desk};
use fusion_core::coordination::{AgentSpec, Aim, Delegating, TaskSpec, TaskState};
use fusion_core::model::Failure;
use fusion_core::model::agent::{Ask, Reply};

const TASKS: usize = 10_000;
const AGENTS: u32 = 10;
const IDLE: u32 = 100_000;
const ROUNDS: usize = 100;

/// Takes a millisecond, as a body of the single agent.
#[derive(Debug)]
struct Doer;

#[async_trait]
impl Agent for Doer {
    fn name(&self) -> &'static str {
        "doer"
    }

    async fn work(&self, _: &Desk, _: Ask) -> Result<Reply, Failure> {
        body().await;
        Ok(Reply::default())
    }
}

async fn body() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn main() -> Outcome {
    let runtime = runtime()?;
    let folder = folder()?;
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    runtime.block_on(assign(&url("assign.db")))?;
    runtime.block_on(soon(&url("soon.db")))?;
    runtime.block_on(single(&url("single.db")))?;
    runtime.block_on(idle(&url("idle.db")))
}

/// Gives out what waits.
async fn assign(url: &str) -> Outcome {
    let fusion = Fusion::open(&format!("{url}?durability=relaxed")).await?;
    let team = AgentSpec { instances: AGENTS, agent: "nobody".into(), ..AgentSpec::new("doer") };
    fusion.agents().spawn(team).await?;
    let specs = (0..TASKS).map(|n| TaskSpec::new(format!("write part {n}"))).collect();
    fusion.tasks().submit_all(specs).await?;
    let from = Instant::now();
    fusion.assign_tasks(Aim::Fit).await?;
    let took = from.elapsed().as_secs_f64();
    let assigned = fusion.tasks().list(Some(TaskState::Assigned)).await?;
    Figure::new("10,000 tasks given out to 10 agents, relaxed", took, "s").target("< 1").say();
    let mut loads = [0_u32; AGENTS as usize];
    for row in &assigned {
        let number =
            row.agent.as_deref().and_then(|id| id.rsplit('-').next()?.parse::<usize>().ok());
        if let Some(load) = number.and_then(|number| loads.get_mut(number - 1)) {
            *load += 1;
        }
    }
    let (least, most) = (loads.iter().min().copied(), loads.iter().max().copied());
    let even = f64::from(most.unwrap_or(0)) / f64::from(least.unwrap_or(0).max(1));
    Figure::new("the most tasks of an agent to the least", even, "x").target("< 1.1").say();
    fusion.close().await?;
    Ok(())
}

/// How soon a ready task has an agent.
async fn soon(url: &str) -> Outcome {
    let fusion = Fusion::open(url).await?;
    let team = AgentSpec { instances: AGENTS, agent: "nobody".into(), ..AgentSpec::new("doer") };
    fusion.agents().spawn(team).await?;
    let _part = fusion.delegate(Delegating { work: false, ..Delegating::default() }).await?;
    let mut delays = Vec::new();
    for n in 0..ROUNDS {
        let task = fusion.tasks().submit(TaskSpec::new(format!("part {n}"))).await?;
        let from = Instant::now();
        while fusion.tasks().get(&task.id).await?.state == TaskState::Queued {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        delays.push(from.elapsed().as_secs_f64() * 1_000.0);
    }
    delays.sort_by(f64::total_cmp);
    let worst = delays.last().copied().unwrap_or(0.0);
    let name = "from a ready task to its agent";
    Figure::new(name, median(delays.into_iter()), "ms").target("< 50").say();
    Figure::new(format!("{name}, the slowest of {ROUNDS}"), worst, "ms").target("< 50").say();
    fusion.close().await?;
    Ok(())
}

/// What an agent costs that is worked with by the manager, over one that is asked as a node of a run.
async fn single(url: &str) -> Outcome {
    let fusion = Fusion::open(&format!("{url}?durability=relaxed")).await?;
    fusion.agent(Doer);
    let bare = Instant::now();
    for _ in 0..ROUNDS {
        body().await;
    }
    let bare = bare.elapsed().as_secs_f64();
    fusion.agents().spawn(AgentSpec::new("doer")).await?;
    let _part = fusion.delegate(Delegating::default()).await?;
    let managed = Instant::now();
    for n in 0..ROUNDS {
        let task = fusion.tasks().submit(TaskSpec::new(format!("part {n}"))).await?;
        fusion.tasks().wait(&task.id).await?;
    }
    let managed = managed.elapsed().as_secs_f64();
    let each = (managed - bare) / ROUNDS as f64 * 1_000.0;
    Figure::new("a task of 1 ms by the manager, over the bare body", each, "ms").say();
    Figure::new("the same as a ratio", managed / bare, "x").target("< 1.05").say();
    fusion.close().await?;
    Ok(())
}

/// What agents cost that do nothing.
async fn idle(url: &str) -> Outcome {
    let fusion = Fusion::open(&format!("{url}?durability=relaxed")).await?;
    let before = meter::resident_bytes();
    let from = Instant::now();
    let team = AgentSpec { instances: IDLE, agent: "nobody".into(), ..AgentSpec::new("idle") };
    drop(fusion.agents().spawn(team).await?);
    let took = from.elapsed().as_secs_f64();
    let _part = fusion.delegate(Delegating { work: false, ..Delegating::default() }).await?;
    let grown = (meter::resident_bytes() - before).max(0.0);
    Figure::new("spawning 100,000 agents, relaxed", took, "s").say();
    let name = "memory for 100,000 idle agents, with one who gives out tasks";
    Figure::new(name, grown / f64::from(1 << 20), "MiB").target("< 1024").say();
    fusion.close().await?;
    Ok(())
}
