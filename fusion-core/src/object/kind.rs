//! The code of a kind of objects.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::fold::Looked;
use crate::contract::BoxFuture;
use crate::model::Failure;

/// The code of all objects of one kind. It sees states, messages and events as JSON values, so that every language can
/// implement it.
///
/// The state of an object is the fold of its events: [`Object::handle`] says what happened, [`Object::apply`] changes the
/// state by it, now and whenever the object is read again. So `apply` and `initialize` do nothing else: no clock, no
/// randomness, no input or output.
///
/// ```
/// use fusion_core::contract::BoxFuture;
/// use fusion_core::model::Failure;
/// use fusion_core::object::{Object, Reaction, Turn};
/// use serde_json::{Value, json};
///
/// #[derive(Debug)]
/// struct Counter;
///
/// impl Object for Counter {
///     fn kind(&self) -> &str {
///         "counter"
///     }
///
///     fn initialize(&self, _id: &str) -> Value {
///         json!(0)
///     }
///
///     fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
///         let sum = turn.state.as_i64().unwrap_or(0) + turn.content.as_i64().unwrap_or(1);
///         Box::pin(async move { Ok(Reaction::state(json!(sum)).reply(json!(sum))) })
///     }
/// }
/// ```
pub trait Object: fmt::Debug + Send + Sync + 'static {
    /// Names the kind: 1 to 64 of `A-Za-z0-9._:-`.
    fn kind(&self) -> &str;

    /// Gives the version of the states and events that this code writes. It only grows.
    fn version(&self) -> u32 {
        1
    }

    /// Gives the state of a new object.
    fn initialize(&self, id: &str) -> Value;

    /// Is called when an object begins to work in this process, with its state, before its first message.
    ///
    /// # Errors
    /// The object does not begin, and whoever called it is told.
    fn activate(&self, object: Looked<'_>) -> Result<(), Failure> {
        let _ = object;
        Ok(())
    }

    /// Is called when an object ends its work in this process, before it is let go: when it was idle, or the engine closes. It
    /// is not called when the process dies.
    fn deactivate(&self, object: Looked<'_>) {
        let _ = object;
    }

    /// Handles one message: says what happened, and what is answered. One object handles one message at a time.
    ///
    /// # Errors
    /// Nothing is written, and whoever called is told.
    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>>;

    /// Changes the state by an event. Without it the event `state` is the new state, and every other one is a merge patch (RFC
    /// 7396).
    ///
    /// # Errors
    /// When the event does not fit the state: then it is not written.
    fn apply(&self, state: &mut Value, event: &str, data: &Value) -> Result<(), Failure> {
        if event == "state" {
            *state = data.clone();
        } else {
            merge(state, data);
        }
        Ok(())
    }

    /// Turns a state that a version wrote into one of the next version.
    ///
    /// # Errors
    /// When it cannot: the object is parked until there is code that can.
    fn upcast(&self, from: u32, state: Value) -> Result<Value, Failure> {
        let _ = state;
        let kind = self.kind();
        Err(Failure::error(format!("`{kind}` has no way from version {from} to {}", from + 1)))
    }

    /// Turns an event that a version wrote into one of the next version.
    ///
    /// # Errors
    /// As [`Object::upcast`].
    fn upcast_event(&self, from: u32, event: (String, Value)) -> Result<(String, Value), Failure> {
        let _ = from;
        Ok(event)
    }
}

/// One message that an object handles.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The object's id.
    pub id: Arc<str>,
    /// Its state.
    pub state: Arc<Value>,
    /// The place of its last event.
    pub seq: u64,
    /// What is asked for; the name of a timer, when one is due.
    pub name: Arc<str>,
    /// The message.
    pub content: Value,
    /// A timer is due, and nobody asked.
    pub timer: bool,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

/// What follows from a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reaction {
    pub(super) events: Vec<(String, Value)>,
    pub(super) reply: Value,
    pub(super) timers: Vec<(String, Option<(i64, Value)>)>,
}

impl Reaction {
    /// Nothing happened.
    pub fn none() -> Self {
        Self::default()
    }

    /// The state is another one now.
    pub fn state(state: Value) -> Self {
        Self::none().event("state", state)
    }

    /// Adds an event: a name that does not begin with `object.`, and its data.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>, data: Value) -> Self {
        self.events.push((name.into(), data));
        self
    }

    /// Sets what is answered; without it `null`.
    #[must_use]
    pub fn reply(mut self, reply: Value) -> Self {
        self.reply = reply;
        self
    }

    /// Sets a timer: at this time, in milliseconds since 1970, the object handles a message of this name and content. A timer of
    /// the same name is replaced.
    #[must_use]
    pub fn timer(mut self, name: impl Into<String>, at: i64, content: Value) -> Self {
        self.timers.push((name.into(), Some((at, content))));
        self
    }

    /// Stops a timer; does nothing when there is none of this name.
    #[must_use]
    pub fn stop(mut self, name: impl Into<String>) -> Self {
        self.timers.push((name.into(), None));
        self
    }
}

/// Changes a value by a merge patch (RFC 7396), as objects do by their events.
///
/// ```
/// use serde_json::json;
///
/// let mut state = json!({"a": 1, "b": {"c": 2}});
/// fusion_core::object::merge(&mut state, &json!({"a": null, "b": {"d": 3}}));
/// assert_eq!(state, json!({"b": {"c": 2, "d": 3}}));
/// ```
pub fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(serde_json::Map::new());
    }
    let Value::Object(fields) = value else { return };
    for (name, part) in patch {
        if part.is_null() {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), part);
        }
    }
}
