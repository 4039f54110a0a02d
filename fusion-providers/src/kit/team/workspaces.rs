//! The folders of agents.

use std::path::PathBuf;

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::chat::base64;
use fusion_core::run::Wish;
use fusion_core::workspace::{Output, Policy, Quota, Sandbox, Workspace, Workspaces};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{Question, Team, told};

/// What may be asked of a workspace; each takes what it needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    agent: String,
    /// A path in the workspace.
    #[serde(default)]
    path: String,
    /// Contents, as base64.
    #[serde(default)]
    content: String,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    files: Option<u64>,
    /// Numbers of snapshots.
    #[serde(default)]
    from: Option<u64>,
    #[serde(default)]
    to: Option<u64>,
    /// A tar file.
    #[serde(default)]
    file: PathBuf,
}

/// A command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runs {
    agent: String,
    argv: Vec<String>,
    #[serde(default)]
    policy: Policy,
}

pub(super) async fn workspaces(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    if asked.verb == "run" {
        return run(team, asked.read()?).await;
    }
    let verb = asked.verb.to_owned();
    let given: Asked = asked.read()?;
    let done = team.fusion.in_workspaces(move |all| answer(all, &verb, &given)).await?;
    done.map_or_else(|| asked.unknown(), Ok)
}

/// Answers; nothing for a verb that nobody knows.
fn answer(all: &Workspaces, verb: &str, asked: &Asked) -> Result<Option<Value>> {
    let one = || all.find(&asked.agent);
    Ok(Some(match verb {
        "list" => told(&all.list()?)?,
        "make" => show(&made(all, asked)?)?,
        "show" => show(&one()?)?,
        "files" => told(&one()?.list(&asked.path)?)?,
        "read" => base64::encode(&one()?.read(&asked.path)?).into(),
        "write" => {
            let content = base64::decode(&asked.content)
                .ok_or_else(|| Error::new(Code::InvalidInput, "the content is not base64"))?;
            one()?.write(&asked.path, &content)?;
            Value::Null
        }
        "remove" => one()?.remove(&asked.path)?.into(),
        "snapshot" => one()?.snapshot()?.number.into(),
        "diff" => diff(&one()?, asked)?,
        "restore" => {
            let one = one()?;
            told(&one.restore(&one.kept(last(&one, asked.from)?)?)?)?
        }
        "pack" => {
            one()?.archive(&asked.file)?;
            Value::Null
        }
        "unpack" => told(&made(all, asked)?.unpack(&asked.file)?)?,
        "destroy" => {
            one()?.destroy()?;
            Value::Null
        }
        _ => return Ok(None),
    }))
}

fn made(all: &Workspaces, asked: &Asked) -> Result<Workspace> {
    let one = all.create(&asked.agent)?;
    if asked.bytes.is_none() && asked.files.is_none() {
        return Ok(one);
    }
    let known = one.quota();
    let quota = Quota {
        bytes: asked.bytes.unwrap_or(known.bytes),
        files: asked.files.unwrap_or(known.files),
    };
    one.limited(quota)
}

fn show(one: &Workspace) -> Result<Value> {
    Ok(json!({
        "agent": one.agent(), "path": one.path(), "projects": one.projects(), "usage": one.usage()?,
        "quota": one.quota(), "snapshots": one.snapshots()?,
    }))
}

/// Gives the snapshot that is meant: the last one when none is named.
fn last(one: &Workspace, named: Option<u64>) -> Result<u64> {
    let none = || {
        Error::new(
            Code::InvalidInput,
            format!("the workspace of `{}` has no snapshot", one.agent()),
        )
        .hint("make one first: `snapshot`")
    };
    named.map_or_else(|| one.snapshots()?.last().copied().ok_or_else(none), Ok)
}

fn diff(one: &Workspace, asked: &Asked) -> Result<Value> {
    let before = one.kept(last(one, asked.from)?)?;
    let later = match asked.to {
        Some(number) => one.kept(number)?,
        None => one.now()?,
    };
    told(&one.diff(&before, &later))
}

async fn run(team: &Team, asked: Runs) -> Result<Value> {
    let one = team.fusion.workspaces()?.find(&asked.agent)?;
    let sandbox = Sandbox::new(team.fusion.env());
    let output =
        one.run(&sandbox, asked.argv, &asked.policy, std::sync::Arc::new(Wish::default())).await?;
    Ok(ran(&output))
}

fn ran(output: &Output) -> Value {
    json!({
        "code": output.code, "signal": output.signal, "duration_ms": output.duration_ms,
        "stdout": String::from_utf8_lossy(&output.stdout), "stderr": String::from_utf8_lossy(&output.stderr),
        "stdout_bytes": output.stdout_bytes, "stderr_bytes": output.stderr_bytes,
        "ended": output.ended.as_ref().map(|ended| format!("{ended:?}").to_lowercase()), "level": output.level.name(),
    })
}
