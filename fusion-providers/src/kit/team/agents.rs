//! Agents and teams from files.

use fusion_core::coordination::AgentSpec;
use fusion_core::coordination::swarm::{Deployment, Swarm};
use fusion_core::error::{Code, Error, Result, nearest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Kit;
use super::ask::{InState, Page, Prune, Question, Team, Which, told};

pub(super) async fn agents(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let agents = team.fusion.agents();
    match asked.verb {
        "spawn" => told(&agents.spawn(asked.read::<AgentSpec>()?).await?),
        "list" => told(&agents.list(asked.read::<InState<_>>()?.state).await?),
        "past" => {
            let page: Page = asked.read()?;
            told(&agents.past(&page.id, page.after, page.limit).await?)
        }
        "prune" => {
            let Prune { older_ms, dry_run } = asked.read()?;
            told(&agents.prune(team.fusion.now_ms().saturating_sub(older_ms), dry_run).await?)
        }
        "get" => told(&agents.get(&asked.read::<Which>()?.id).await?),
        "pause" | "resume" | "terminate" => {
            let verb = asked.verb;
            let Which { id, by, .. } = asked.read()?;
            told(&match verb {
                "pause" => agents.pause(&id, &by).await?,
                "resume" => agents.resume(&id, &by).await?,
                _ => agents.terminate(&id, &by).await?,
            })
        }
        _ => asked.unknown(),
    }
}

/// A team, and for what it is deployed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deploy {
    /// The name of one that comes along, or a whole one.
    team: Value,
    #[serde(default)]
    project: Option<String>,
    #[serde(default)]
    workflow: Option<String>,
    #[serde(default)]
    about: String,
    #[serde(default = "usual_mode")]
    mode: String,
}

fn usual_mode() -> String {
    "edit".to_owned()
}

pub(super) async fn swarm(kit: &Kit, mut asked: Question<'_>) -> Result<Value> {
    match asked.verb {
        "list" => told(&Swarm::known()),
        "plan" => {
            let (agents, tasks) = plan(kit, asked.read()?)?;
            Ok(json!({"agents": agents, "tasks": tasks}))
        }
        "deploy" => {
            let fusion = &kit.team().fusion;
            let (specs, tasks) = plan(kit, asked.read()?)?;
            let mut agents = Vec::new();
            for spec in specs {
                agents.extend(fusion.agents().spawn(spec).await?);
            }
            let tasks = fusion.tasks().submit_all(tasks).await?;
            Ok(json!({"agents": agents, "tasks": tasks}))
        }
        _ => asked.unknown(),
    }
}

fn plan(
    kit: &Kit,
    deploy: Deploy,
) -> Result<(Vec<AgentSpec>, Vec<fusion_core::coordination::TaskSpec>)> {
    let swarm = match deploy.team {
        Value::String(name) => known(&name)?,
        whole => Swarm::read("the program", &whole.to_string())?,
    };
    swarm.plan(&Deployment {
        project: deploy.project.unwrap_or_else(|| swarm.usual_project()),
        workflow: deploy.workflow,
        about: deploy.about,
        programs: kit.models().settings().commands.names(),
        mode: deploy.mode,
    })
}

fn known(name: &str) -> Result<Swarm> {
    let all = Swarm::known();
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    all.into_iter().find(|one| one.name == name).ok_or_else(|| {
        let hint = nearest::hint(name, names.iter().map(String::as_str));
        Error::new(Code::UnknownReference, format!("there is no team `{name}`")).hint(hint)
    })
}
