//! `fusion agents spawn …`: agents with a life in the store.

use fusion_core::Fusion;
use fusion_core::coordination::{
    AgentSpec, AgentState, Instance, OwnWorkspace, Past, TaskRow, TaskState,
};
use fusion_core::error::{Code, Error, Result};
use fusion_core::run::Options;
use serde_json::{Value, json};

use super::forget::{What, forget};
use super::memory::memory;
use crate::args::{Agents, Global, Spawn};
use crate::project::{self, Need, cards, commands};
use crate::render::{Color, Out, Table, clock, length};

/// How much of what happened is shown.
const PAST: usize = 20;

/// Opens the store for commands that begin no run.
pub(super) async fn open(global: &Global, need: Need) -> Result<Fusion> {
    let options = Options { work: false, drive: false, ..Options::default() };
    project::open(global, need, options).await
}

/// Does one of them.
pub(super) async fn team(command: Agents, global: &Global, out: &Out) -> Result<u8> {
    let need = match command {
        Agents::Spawn(_) => Need::Any,
        Agents::Memory(ref args) if args.remember.is_some() => Need::Any,
        Agents::Memory(ref args) if args.forget.is_none() => Need::Reading,
        Agents::Show { .. } | Agents::Status => Need::Reading,
        _ => Need::Existing,
    };
    let fusion = open(global, need).await?;
    let (by, mut code) = (project::user(), 0);
    match command {
        Agents::Spawn(args) => {
            let spec = spec_of(args)?;
            let is_unknown = spec.agent.is_null() && spec.card.is_none();
            let name = spec.name.clone();
            let spawned = fusion.agents().spawn(spec).await?;
            told(&spawned, out);
            if is_unknown {
                out.note(&format!(
                    "nobody here is called `{name}`: its tasks wait for a program that has the step `agent:{name}`; `--as` says who works for it"
                ));
            }
            out.note("`fusion worker` works at their tasks; `fusion tasks add` gives them some");
        }
        Agents::Show { id } => {
            let agent = fusion.agents().get(&id).await?;
            let past = fusion.agents().past(&id, 0, 100_000).await?;
            show(&agent, &past, fusion.now_ms(), out);
        }
        Agents::Pause(args) => {
            let mut all = Vec::new();
            for id in &args.ids {
                all.push(fusion.agents().pause(id, &by).await?);
            }
            told(&all, out);
        }
        Agents::Resume(args) => {
            let mut all = Vec::new();
            for id in &args.ids {
                all.push(fusion.agents().resume(id, &by).await?);
            }
            told(&all, out);
        }
        Agents::Terminate(args) => {
            let mut all = Vec::new();
            for id in &args.ids {
                all.push(fusion.agents().terminate(id, &by).await?);
            }
            told(&all, out);
        }
        Agents::Status => status(&fusion, out).await?,
        Agents::Balance => balance(&fusion, out).await?,
        Agents::Memory(args) => memory(&fusion, &args, out).await?,
        Agents::Prune(args) => code = forget(What::Agents, &fusion, &args, out).await?,
        Agents::List | Agents::Match(_) => {}
    }
    fusion.close().await?;
    Ok(code)
}

fn spec_of(args: Spawn) -> Result<AgentSpec> {
    let bare = args.name.trim_start_matches('@').to_owned();
    let agent = match args.worker {
        Some(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(&text).map_err(|error| {
                Error::new(Code::InvalidInput, "`--as` is no JSON map").because(error)
            })?
        }
        Some(name) => Value::from(name),
        // A coding program that is known by its name is run as one.
        None if commands().names().contains(&bare) => json!({"program": bare, "mode": args.mode}),
        None => Value::Null,
    };
    let card = cards()?.into_iter().find(|card| card.name.trim_start_matches('@') == bare);
    Ok(AgentSpec {
        agent,
        card,
        instances: args.instances,
        slots: args.slots,
        project: args.project.unwrap_or_default(),
        focus: args.focus,
        tasks_per_minute: args.per_minute,
        workspace: (args.workspace || args.keep_workspace)
            .then(|| OwnWorkspace { keep: args.keep_workspace, ..OwnWorkspace::default() }),
        ..AgentSpec::new(args.name)
    })
}

fn told(agents: &[Instance], out: &Out) {
    if out.json {
        return Out::value(&json!({ "agents": agents }));
    }
    for agent in agents {
        out.say(&format!("{} is {}", agent.id, agent.state));
    }
}

/// Gives the color of a state.
pub(super) fn color(state: AgentState) -> Color {
    match state {
        AgentState::Working => Color::Cyan,
        AgentState::Idle => Color::Green,
        AgentState::Error => Color::Red,
        AgentState::Spawning | AgentState::Paused => Color::Yellow,
        AgentState::Terminated => Color::Dim,
    }
}

fn show(agent: &Instance, past: &[Past], now: i64, out: &Out) {
    if out.json {
        return Out::value(&json!({ "agent": agent, "events": past }));
    }
    let tally = agent.tally();
    let line = out.line().add(&agent.id).add("  ").paint(color(agent.state), agent.state.word());
    Out::print(&line.add(&format!(" for {}", length((now - agent.since) / 1_000 * 1_000))));
    out.say(&format!("  work      {}", short(&agent.spec.worker())));
    if let Some(error) = &agent.error {
        out.say(&format!("  error     {error}"));
    }
    out.say(&format!("  tasks     {} done, {} attempts failed", tally.done, tally.failed));
    if !agent.tasks.is_empty() {
        out.say(&format!("  works at  {}", agent.tasks.join(", ")));
    }
    let usage = &agent.usage;
    out.say(&format!(
        "  took      {} ms, {} calls of models, {} + {} tokens, {}",
        usage.busy_ms, usage.calls, usage.input_tokens, usage.output_tokens, usage.cost
    ));
    events(past, out);
}

/// Shows the last things that happened.
pub(super) fn events(past: &[Past], out: &Out) {
    for event in past.iter().skip(past.len().saturating_sub(PAST)) {
        let data = if event.data.is_null() { String::new() } else { short(&event.data) };
        out.say(&format!("  {}  {}  {data}", clock(event.at), event.name));
    }
}

fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cut: String = text.chars().take(160).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// What an agent has to do: how many tasks wait for it.
pub(super) fn waiting(rows: &[TaskRow], id: &str) -> usize {
    rows.iter().filter(|row| row.agent.as_deref() == Some(id)).count()
}

/// Counts the tasks of an agent: those that it did, has in work, and that wait for it.
pub(super) fn total(agent: &Instance, waits: usize) -> u64 {
    agent.tally().done + (agent.tasks.len() + waits) as u64
}

async fn status(fusion: &Fusion, out: &Out) -> Result<()> {
    let agents = fusion.agents().list(None).await?;
    let assigned = fusion.tasks().list(Some(TaskState::Assigned)).await?;
    if out.json {
        let all: Vec<Value> = agents
            .iter()
            .map(|one| {
                let (tally, waits) = (one.tally(), waiting(&assigned, &one.id));
                json!({
                    "agent": one.id, "state": one.state, "since": one.since, "working": one.tasks,
                    "waiting": waits, "done": tally.done, "failed": tally.failed,
                    "total": total(one, waits), "usage": one.usage,
                })
            })
            .collect();
        Out::value(&json!({ "agents": all }));
        return Ok(());
    }
    let mut table =
        Table::new(&["agent", "state", "tasks", "working at", "waiting", "failed", "cost"]);
    for one in agents.iter().filter(|one| one.state != AgentState::Terminated) {
        let (tally, waits) = (one.tally(), waiting(&assigned, &one.id));
        let total = total(one, waits);
        table.row(vec![
            (Color::Plain, one.id.clone()),
            (color(one.state), one.state.word().to_owned()),
            (Color::Plain, format!("{}/{total}", tally.done)),
            (Color::Plain, one.tasks.join(", ")),
            (Color::Plain, waits.to_string()),
            (Color::Plain, tally.failed.to_string()),
            (Color::Plain, one.usage.cost.to_string()),
        ]);
    }
    table.print(out);
    Ok(())
}

async fn balance(fusion: &Fusion, out: &Out) -> Result<()> {
    let moved = fusion.balance_tasks().await?;
    if out.json {
        Out::value(&json!({ "moved": moved }));
        return Ok(());
    }
    for one in &moved {
        out.say(&format!("{}: {} → {}", one.task, one.from, one.to));
    }
    if moved.is_empty() {
        out.say("nothing to move: equal agents have equally much to do");
    }
    Ok(())
}
