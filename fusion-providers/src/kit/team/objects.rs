//! Durable objects.

use fusion_core::error::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Kit;
use super::ask::{Question, told};
use super::code::{self, ObjectForm};

/// What is asked of an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    kind: String,
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    content: Value,
    /// The place that its last event has to have.
    #[serde(default)]
    expect: Option<u64>,
    #[serde(default = "usual_wait")]
    timeout_ms: u64,
    #[serde(default)]
    at: Option<u64>,
    #[serde(default)]
    after: u64,
    #[serde(default = "super::ask::usual_page")]
    limit: usize,
}

fn usual_wait() -> u64 {
    30_000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    kind: String,
    #[serde(default)]
    after: Option<String>,
    #[serde(default = "super::ask::usual_page")]
    limit: usize,
}

pub(super) async fn objects(kit: &Kit, mut asked: Question<'_>) -> Result<Value> {
    let objects = kit.team().fusion.objects();
    match asked.verb {
        "register" => {
            let form: ObjectForm = asked.read()?;
            objects.register(code::object(kit, form)?).await?;
            Ok(Value::Null)
        }
        "list" => {
            let List { kind, after, limit } = asked.read()?;
            let (ids, next) = objects.list(&kind, after.as_deref(), limit).await?;
            Ok(json!({"ids": ids, "next": next}))
        }
        "idle" => {
            objects.set_idle_ms(asked.read()?);
            Ok(Value::Null)
        }
        "active" => told(&objects.active()),
        _ => of_object(kit, asked).await,
    }
}

async fn of_object(kit: &Kit, mut asked: Question<'_>) -> Result<Value> {
    let given: Asked = asked.read()?;
    let object = kit.team().fusion.objects().get(&given.kind, &given.id)?;
    Ok(match asked.verb {
        "call" => {
            let to = (given.name.as_str(), given.expect);
            let (reply, seq) = object.ask(to, &given.content, given.timeout_ms).await?;
            json!([reply, seq])
        }
        "tell" => {
            object.tell(&given.name, &given.content).await?;
            Value::Null
        }
        "state" => {
            let (state, seq) = match given.at {
                Some(seq) => (object.state_at(seq).await?, seq),
                None => object.state().await?,
            };
            json!([code::plain(state), seq])
        }
        "history" => {
            let all = object.history(given.after, given.limit).await?.into_iter();
            all.map(|one| json!({"seq": one.seq, "at": one.at, "name": one.name, "data": one.data}))
                .collect()
        }
        _ => return asked.unknown(),
    })
}
