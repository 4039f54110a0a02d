//! Tasks.

use fusion_core::coordination::{Aim, Delegating, TaskSpec};
use fusion_core::error::Result;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ask::{InState, Page, Prune, Question, Team, Which, told};

pub(super) async fn tasks(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let (fusion, tasks) = (&team.fusion, team.fusion.tasks());
    match asked.verb {
        "submit" => told(&tasks.submit(asked.read::<TaskSpec>()?).await?),
        "submit_all" => told(&tasks.submit_all(asked.read::<Vec<TaskSpec>>()?).await?),
        "list" => told(&tasks.list(asked.read::<InState<_>>()?.state).await?),
        "counts" => {
            let counts = tasks.counts().await?.into_iter();
            let counts = counts.map(|(state, count)| (state.word().to_owned(), json!(count)));
            Ok(Value::Object(counts.collect::<Map<_, _>>()))
        }
        "past" => {
            let page: Page = asked.read()?;
            told(&tasks.past(&page.id, page.after, page.limit).await?)
        }
        "prune" => {
            let Prune { older_ms, dry_run } = asked.read()?;
            told(&tasks.prune(fusion.now_ms().saturating_sub(older_ms), dry_run).await?)
        }
        "get" => told(&tasks.get(&asked.read::<Which>()?.id).await?),
        "wait" => told(&tasks.wait(&asked.read::<Which>()?.id).await?),
        "cancel" => {
            let Which { id, by, why } = asked.read()?;
            told(&tasks.cancel(&id, &by, &why).await?)
        }
        "requeue" => {
            let Which { id, by, .. } = asked.read()?;
            told(&tasks.requeue(&id, &by).await?)
        }
        "assign" => told(&fusion.assign_tasks(asked.read::<Towards>()?.optimize_for).await?),
        "propose" => told(&fusion.propose_tasks(asked.read::<Towards>()?.optimize_for).await?),
        "balance" => told(&fusion.balance_tasks().await?),
        "delegate" => {
            let part = fusion.delegate(asked.read::<Delegating>()?).await?;
            told(&team.delegations.keep(part))
        }
        "stop" => {
            drop(team.delegations.take(asked.read::<u64>()?));
            Ok(Value::Null)
        }
        _ => asked.unknown(),
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Towards {
    optimize_for: Aim,
}

impl Default for Towards {
    fn default() -> Self {
        Self { optimize_for: Aim::Fit }
    }
}
