//! Services.

use fusion_core::coordination::service::{Composition, Criteria, Service, Strategy};
use fusion_core::error::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ask::{Question, Team, told};

/// What changes in a registered service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    id: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    capabilities: Option<Vec<String>>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    load: Option<f64>,
    #[serde(default)]
    ttl_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calling {
    #[serde(default)]
    criteria: Criteria,
    #[serde(default)]
    strategy: Strategy,
    ask: String,
    #[serde(default)]
    content: Value,
    timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Composing {
    composition: Composition,
    #[serde(default)]
    content: Value,
    timeout_ms: u64,
}

pub(super) async fn services(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let services = team.fusion.services();
    match asked.verb {
        "register" => services.register(&asked.read::<Service>()?).await?,
        "update" => {
            let change: Change = asked.read()?;
            let id = change.id.clone();
            return told(&services.update(&id, |service| change.put(service)).await?);
        }
        "beat" => services.beat(&asked.read::<String>()?).await?,
        "deregister" => services.deregister(&asked.read::<String>()?).await?,
        "discover" => return told(&services.discover(&asked.read::<Criteria>()?).await?),
        "call" => {
            let Calling { criteria, strategy, ask, content, timeout_ms } = asked.read()?;
            let to = (&criteria, &strategy);
            return services.call(to, (&ask, &content), timeout_ms).await;
        }
        "compose" => {
            let Composing { composition, content, timeout_ms } = asked.read()?;
            return services.compose(&composition, &content, timeout_ms).await;
        }
        _ => return asked.unknown(),
    }
    Ok(Value::Null)
}

impl Change {
    fn put(&self, service: &mut Service) {
        fn set<T: Clone>(field: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        set(&mut service.version, self.version.as_ref());
        set(&mut service.capabilities, self.capabilities.as_ref());
        set(&mut service.metadata, self.metadata.as_ref());
        set(&mut service.load, self.load.as_ref());
        service.ttl_ms = self.ttl_ms.or(service.ttl_ms);
    }
}
