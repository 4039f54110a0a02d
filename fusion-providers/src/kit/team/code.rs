//! Code of a program as the code of a kind of objects.
//!
//! No state is folded by the program: what a handler leaves behind is recorded, so that any process that has registered the kind
//! can read a state, and none of the engine's threads waits for the program while it loads an object. A state that an older version
//! wrote stays as it was, marked with the version, until a message comes; then the program raises it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{About, Attempt, BoxFuture, Context, Env, Output, Step};
use fusion_core::error;
use fusion_core::model::{Class, Failure, Payload, RunId};
use fusion_core::object::{Looked, Object, Reaction, Turn, merge};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Code, Kit};

/// The mark of a state that the program has to raise or to make: `[version, state]`, version 0 for a new one.
const RAW: &str = "$fusion.raw";
/// The path (RFC 6901) of the state below that mark.
const BELOW_RAW: &str = "/$fusion.raw/1";
/// The event that changes the state by a merge patch.
const CHANGED: &str = "changed";
/// The event that is the new state.
const STATE: &str = "state";

/// The description of a kind of objects.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectForm {
    kind: String,
    #[serde(default = "first")]
    version: u32,
    code: Code,
    /// The program wants to know when an object is let go.
    #[serde(default)]
    deactivates: bool,
}

fn first() -> u32 {
    1
}

/// Makes the code of a kind.
///
/// # Errors
/// `FU0102` when the kind is no name.
pub(super) fn object(kit: &Kit, form: ObjectForm) -> error::Result<impl Object> {
    let body = kit.code(&form.code);
    let ObjectForm { kind, version, deactivates, .. } = form;
    let (env, run) = (kit.team().fusion.env(), RunId::new("object")?);
    Ok(Foreign { kind, version, deactivates, body, env, run, begun: Mutex::default() })
}

/// Takes the mark off a state.
pub(super) fn plain(state: Value) -> Value {
    match raw(&state) {
        Some((_, inner)) => inner.clone(),
        None => state,
    }
}

fn raw(state: &Value) -> Option<(u64, &Value)> {
    let marked = state.as_object().filter(|fields| fields.len() == 1)?.get(RAW)?;
    Some((marked.get(0)?.as_u64()?, marked.get(1)?))
}

#[derive(Debug)]
struct Foreign {
    kind: String,
    version: u32,
    deactivates: bool,
    body: Arc<dyn Step>,
    env: Arc<dyn Env>,
    /// What stands for the run in the attempts of handlers.
    run: RunId,
    /// Those that began here, and whose code was not told yet.
    begun: Mutex<BTreeSet<String>>,
}

/// What the program says after a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    state: Value,
    #[serde(default)]
    events: Vec<(String, Value)>,
    #[serde(default)]
    reply: Value,
    /// A timer's name, when it is due (nothing stops it), and what it says.
    #[serde(default)]
    timers: Vec<(String, Option<i64>, Value)>,
}

impl Foreign {
    fn begun(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asks(&self, id: &str, given: &Value) -> BoxFuture<'static, Result<Output, Failure>> {
        let node = format!("{}/{id}", self.kind);
        let context = Context::new(Arc::new(Alone { run: self.run.clone(), node }));
        self.body.run(context, Payload::value(given))
    }
}

impl Object for Foreign {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn initialize(&self, _id: &str) -> Value {
        json!({RAW: [0, null]})
    }

    fn activate(&self, object: Looked<'_>) -> Result<(), Failure> {
        self.begun().insert(object.id.to_owned());
        Ok(())
    }

    fn deactivate(&self, object: Looked<'_>) {
        let was_told = !self.begun().remove(object.id);
        if was_told && self.deactivates {
            let state = plain(object.state.clone());
            let given =
                json!({"hook": "deactivate", "id": object.id, "state": state, "seq": object.seq});
            let asked = self.asks(object.id, &given);
            self.env.spawn(Box::pin(async move {
                if let Err(failure) = asked.await {
                    tracing::warn!(%failure, "an object's code failed when it was let go");
                }
            }));
        }
    }

    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
        let (written, state) = match raw(&turn.state) {
            Some((version, state)) => (Some(version), state.clone()),
            None => (None, turn.state.as_ref().clone()),
        };
        let begins = self.begun().remove(&*turn.id);
        let given = json!({
            "hook": "handle", "id": *turn.id, "state": state, "written": written, "seq": turn.seq,
            "name": *turn.name, "content": turn.content, "timer": turn.timer, "now": turn.now,
            "begins": begins,
        });
        let asked = self.asks(&turn.id, &given);
        Box::pin(async move {
            let Output::Value(told) = asked.await? else {
                return Err(decode("the code of an object gives no graph and does not rest"));
            };
            let said: Said = told.decode().map_err(|error| {
                decode(format!("what the object's code gave cannot be read: {error}"))
            })?;
            Ok(reaction(&turn.state, said))
        })
    }

    fn apply(&self, state: &mut Value, event: &str, data: &Value) -> Result<(), Failure> {
        match event {
            STATE => *state = data.clone(),
            CHANGED => {
                let path = if raw(state).is_some() { BELOW_RAW } else { "" };
                if let Some(state) = state.pointer_mut(path) {
                    merge(state, data);
                }
            }
            // A fact that the program told: the state after it was recorded beside it.
            _ => {}
        }
        Ok(())
    }

    fn upcast(&self, from: u32, state: Value) -> Result<Value, Failure> {
        if raw(&state).is_some() { Ok(state) } else { Ok(json!({RAW: [from, state]})) }
    }

    fn upcast_event(
        &self,
        from: u32,
        (name, data): (String, Value),
    ) -> Result<(String, Value), Failure> {
        let data = if name == STATE { self.upcast(from, data)? } else { data };
        Ok((name, data))
    }
}

fn decode(text: impl Into<String>) -> Failure {
    Failure::new(Class::DECODE, text)
}

/// Says what is recorded: the program's events, and how the state changed.
fn reaction(before: &Value, said: Said) -> Reaction {
    let happened = !said.events.is_empty() || !said.timers.is_empty();
    let mut reaction = Reaction::none().reply(said.reply);
    for (name, data) in said.events {
        reaction = reaction.event(name, data);
    }
    if let Some((_, old)) = raw(before) {
        // One that never had a state, and has none now, is not written for a question.
        if happened || !old.is_null() || !said.state.is_null() {
            reaction = reaction.event(STATE, said.state);
        }
    } else if *before != said.state {
        reaction = match patch(before, &said.state) {
            Some(patch) => reaction.event(CHANGED, patch),
            None => reaction.event(STATE, said.state),
        };
    }
    for (name, due, content) in said.timers {
        reaction = match due {
            Some(due) => reaction.timer(name, due, content),
            None => reaction.stop(name),
        };
    }
    reaction
}

/// Gives the merge patch (RFC 7396) that makes one value of another; nothing, when there is none: it cannot say `null`.
pub(super) fn patch(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return None };
    let mut patch = Map::new();
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, new) in after {
        match before.get(name) {
            Some(old) if old == new => {}
            _ if new.is_null() => return None,
            Some(old @ Value::Object(_)) if new.is_object() => {
                patch.insert(name.clone(), self::patch(old, new)?);
            }
            _ if has_null(new) => return None,
            _ => {
                patch.insert(name.clone(), new.clone());
            }
        }
    }
    Some(Value::Object(patch))
}

/// Tells whether a merge patch would drop something of a value: a field that is `null`.
fn has_null(value: &Value) -> bool {
    let Value::Object(fields) = value else { return false };
    fields.values().any(|field| field.is_null() || has_null(field))
}

/// The attempt of a handler: it belongs to no run, and what it keeps it keeps in the object's state.
#[derive(Debug)]
struct Alone {
    run: RunId,
    node: String,
}

#[async_trait]
impl Attempt for Alone {
    fn about(&self) -> About {
        About {
            run: self.run.clone(),
            node: self.node.clone(),
            attempt: 1,
            epoch: 0,
            idempotency_key: String::new(),
            feedback: None,
        }
    }

    fn recall(&self, _name: &str) -> Option<Payload> {
        None
    }

    async fn save(&self, _name: &str, _value: Payload) -> Result<(), Failure> {
        let text = "an object's handler saves nothing but its state: put it there";
        Err(Failure::new(Class::from("unsupported"), text))
    }

    fn beat(&self, _progress: Option<Value>) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    async fn cancelled(&self) {
        std::future::pending::<()>().await;
    }
}
