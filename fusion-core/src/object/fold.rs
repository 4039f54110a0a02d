//! The state of an object as the fold of its events. Pure: the same events give the same state.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kind::{Object, Reaction};
use crate::model::Failure;

/// What the engine itself notes in an object's stream begins so.
const OWN: &str = "object.";
pub(super) const CREATED: &str = "object.created";
pub(super) const UPGRADED: &str = "object.upgraded";
pub(super) const TIMER: &str = "object.timer_set";
pub(super) const STOPPED: &str = "object.timer_stopped";
pub(super) const FIRED: &str = "object.timer_fired";
pub(super) const FAILED: &str = "object.failed";

/// A state with all that belongs to it; as JSON, a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Core {
    /// The place of the last event.
    pub seq: u64,
    /// The version of the code that wrote it; 0 before the object is there.
    pub version: u32,
    pub state: Arc<Value>,
    /// When each timer is due, and what it says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, (i64, Value)>,
}

/// An object as it is seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// Its id.
    pub id: &'a str,
    /// The place of its last event; 0 when it was never written.
    pub seq: u64,
    /// Its state.
    pub state: &'a Value,
}

impl Core {
    /// What there is before the first event.
    pub(super) fn empty() -> Self {
        Self { seq: 0, version: 0, state: Arc::new(Value::Null), timers: BTreeMap::new() }
    }

    /// Folds one event. The state is always one of the code's version; `version` is the one of the events that follow.
    ///
    /// # Errors
    /// When the code has no way from an older version, or the event does not fit.
    pub(super) fn fold(
        &mut self,
        code: &dyn Object,
        name: &str,
        data: &Value,
    ) -> Result<(), Failure> {
        match name {
            CREATED => {
                self.version = version(data)?;
                let state = data.get("state").cloned().unwrap_or_default();
                self.state = Arc::new(raise(code, self.version, state)?);
            }
            UPGRADED => self.version = version(data)?,
            TIMER => {
                let due = data.get("at").and_then(Value::as_i64).unwrap_or(i64::MAX);
                let content = data.get("content").cloned().unwrap_or_default();
                self.timers.insert(text(data, "name"), (due, content));
            }
            STOPPED | FIRED => drop(self.timers.remove(&text(data, "name"))),
            own if own.starts_with(OWN) => {}
            theirs => {
                let mut event = (theirs.to_owned(), data.clone());
                for from in self.version..code.version() {
                    event = code.upcast_event(from, event)?;
                }
                code.apply(Arc::make_mut(&mut self.state), &event.0, &event.1)?;
            }
        }
        self.seq += 1;
        Ok(())
    }

    /// Takes up a snapshot with the code that there is now.
    pub(super) fn revive(mut self, code: &dyn Object) -> Result<Self, Failure> {
        let state = Arc::unwrap_or_clone(std::mem::take(&mut self.state));
        self.state = Arc::new(raise(code, self.version, state)?);
        Ok(self)
    }

    /// Says what is to be recorded for a reaction, and gives the core after it. Whoever asked is only told what was recorded.
    pub(super) fn react(
        &self,
        code: &dyn Object,
        id: &str,
        events: Vec<(String, Value)>,
    ) -> Result<(Self, Vec<(String, Value)>), Failure> {
        let (mut next, mut all) = (self.clone(), Vec::with_capacity(events.len() + 1));
        if events.is_empty() {
            return Ok((next, all));
        }
        let version = code.version();
        if next.version == 0 {
            let created = json!({"version": version, "state": code.initialize(id)});
            all.push((CREATED.to_owned(), created));
        } else if next.version < version {
            all.push((UPGRADED.to_owned(), json!({"version": version})));
        }
        all.extend(events);
        for (name, data) in &all {
            next.fold(code, name, data)?;
        }
        Ok((next, all))
    }

    pub(super) fn look<'a>(&'a self, id: &'a str) -> Looked<'a> {
        Looked { id, seq: self.seq, state: &self.state }
    }

    /// When the next timer is due.
    pub(super) fn due(&self) -> Option<i64> {
        self.timers.values().map(|(due, _)| *due).min()
    }

    /// The timer that is due first, if one is.
    pub(super) fn fires(&self, now: i64) -> Option<(String, Value)> {
        let due = self.timers.iter().filter(|(_, (due, _))| *due <= now);
        let first = due.min_by_key(|(_, (due, _))| *due);
        first.map(|(name, (_, content))| (name.clone(), content.clone()))
    }
}

/// The events of a reaction, its timers included.
///
/// # Errors
/// When an event has a name of the engine's own.
pub(super) fn events(reaction: Reaction) -> Result<(Vec<(String, Value)>, Value), Failure> {
    if let Some((name, _)) = reaction.events.iter().find(|(name, _)| name.starts_with(OWN)) {
        let text = format!("the event `{name}` has a name of the engine's own");
        return Err(Failure::error(text).permanent());
    }
    let mut all = reaction.events;
    all.extend(reaction.timers.into_iter().map(|(name, set)| match set {
        Some((at, content)) => {
            (TIMER.to_owned(), json!({"name": name, "at": at, "content": content}))
        }
        None => (STOPPED.to_owned(), json!({"name": name})),
    }));
    Ok((all, reaction.reply))
}

/// Raises a state to the version of the code.
fn raise(code: &dyn Object, from: u32, mut state: Value) -> Result<Value, Failure> {
    for version in from..code.version() {
        state = code.upcast(version, state)?;
    }
    Ok(state)
}

fn version(data: &Value) -> Result<u32, Failure> {
    let version = data.get("version").and_then(Value::as_u64);
    version
        .and_then(|version| u32::try_from(version).ok())
        .ok_or_else(|| Failure::error("an event of the engine's own names no version"))
}

fn text(data: &Value, name: &str) -> String {
    data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
