//! The objects of the worlds: each is the list of all that it was asked, so that what is lost or doubled is seen.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::env::World;
use super::super::rng::hash;
use super::plan::{KIND, has};
use crate::contract::BoxFuture;
use crate::model::Failure;
use crate::object::{Object, Reaction, Turn};

/// The event that says that a token was added.
pub(super) const ADDED: &str = "added";
/// Where the name of a token that a timer adds begins.
pub(super) const TICK: &str = "tick:";

/// The code of the objects in one process.
pub(super) struct Listing {
    pub(super) world: Arc<World>,
}

/// Tells whether the object refuses a token.
pub(super) fn is_refused(token: &str) -> bool {
    !token.starts_with(TICK) && has(token, "refused", 9)
}

/// Names what a timer adds after a token, if one is set.
pub(super) fn tick_of(token: &str) -> Option<String> {
    (!token.starts_with(TICK) && has(token, "tick", 3)).then(|| format!("{TICK}{token}"))
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "lists of {:?}", self.world)
    }
}

impl Object for Listing {
    fn kind(&self) -> &str {
        KIND
    }

    fn initialize(&self, _id: &str) -> Value {
        json!([])
    }

    fn handle(&self, turn: Turn) -> BoxFuture<'static, Result<Reaction, Failure>> {
        let world = self.world.clone();
        Box::pin(async move {
            let token = turn.content.as_str().unwrap_or_default().to_owned();
            let drawn = hash(&[token.as_bytes()]);
            if drawn.is_multiple_of(2) {
                world.sleep_ms(drawn % 300).await;
            }
            if is_refused(&token) {
                return Err(Failure::error("refused"));
            }
            let place = turn.state.as_array().map_or(0, Vec::len) + 1;
            let mut reaction = Reaction::none().event(ADDED, json!(token)).reply(json!(place));
            if let Some(tick) = tick_of(&token) {
                let at = turn.now.saturating_add(i64::try_from(drawn % 5_000).unwrap_or(0));
                reaction = reaction.timer(tick.clone(), at, json!(tick));
            }
            Ok(reaction)
        })
    }

    fn apply(&self, state: &mut Value, event: &str, data: &Value) -> Result<(), Failure> {
        match (state.as_array_mut(), event) {
            (Some(list), ADDED) => {
                list.push(data.clone());
                Ok(())
            }
            _ => Err(Failure::error(format!("`{event}` does not fit"))),
        }
    }
}
