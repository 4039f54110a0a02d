//! From a key that shall start to its body: what most bodies do not need is not made for them.

use std::sync::Arc;

use super::body::{self, Begun, Called, Leash};
use super::drive::{Driver, Turn};
use super::hooks::{Hooks, Memos};
use super::large::Clean;
use super::note::{Ended, Note};
use super::prepare::{Plan, Prepared};
use super::settle;
use tracing::Span;

use crate::contract::{Output, Step};
use crate::model::{Failure, Input, Key, Payload, Timeout, limits};

/// The code of the steps that plain nodes call, looked up once.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// The registry's count of changes when this was looked up.
    changes: u64,
    steps: Vec<Option<Arc<dyn Step>>>,
}

impl Driver {
    /// Starts a key that only calls a step, and decides at once what follows when that is done at once. `false` when
    /// there is more to it.
    pub(super) fn start_plain(&mut self, (key, attempt): (Key, u16), turn: &mut Turn) -> bool {
        if key.is_undo() || self.state.memos(key).is_some() {
            return false;
        }
        let Some(place) = self.state.program().plain(key.node) else { return false };
        self.look_up();
        let Some(Some(step)) = self.codes.steps.get(place) else { return false };
        let which = (key, attempt);
        let mut hooks = self.spare.take();
        if let Some(unused) = hooks.as_mut().and_then(Arc::get_mut) {
            unused.renew(which, &self.state);
        } else {
            hooks = None;
        }
        let hooks = hooks.unwrap_or_else(|| self.hooks(which, Memos::new()));
        let span = self.span(key, attempt);
        let input = (step, Payload::NULL);
        match body::call(&hooks, input, Leash::default(), &span, &mut self.clock) {
            Called::Done(ms, Ok(Output::Value(output)))
                if output.len() <= limits::INLINE_BYTES as u64 =>
            {
                let is_null = output.is_null();
                let output = if is_null { output } else { Clean::of(&self.engine, output).value };
                self.state.decide(
                    Input::Done(key, attempt, ms, Ok(output)),
                    turn.now,
                    &mut turn.decided,
                );
                self.spare = Some(hooks);
            }
            Called::Done(ms, result) => {
                self.local.push_back(Note::Ended(body::ended(&hooks, ms, result)));
            }
            Called::Going(work) => self.begun(key, hooks, Begun::Going(work)),
        }
        true
    }

    fn look_up(&mut self) {
        let registry = &self.engine.registry;
        let changes = registry.changes();
        if self.codes.changes == changes {
            return;
        }
        let steps = self.state.program().steps().iter().map(|name| registry.step(name));
        self.codes = Codes { changes, steps: steps.collect() };
    }

    fn span(&self, key: Key, attempt: u16) -> Span {
        let name = || self.state.program().key_text(key);
        tracing::debug_span!("attempt", node = %name(), attempt)
    }

    /// Starts a key: evaluates what it needs, and enters its body if it has one.
    pub(super) async fn start(&mut self, key: Key, attempt: u16) {
        let prepared =
            self.evaluate(move |desk, lists| Ok(desk.prepare(key, attempt, lists))).await;
        match prepared {
            // What is asked for first is asked for again when its start is recorded: it may have to be put together anew.
            Ok(Prepared::Body(_) | Prepared::Child(..)) if self.state.is_asked_first(key) => {
                self.local.push_back(Note::Input(Input::Wanted(key, attempt)));
            }
            Err(failure) => {
                self.local.push_back(Note::Input(Input::Done(key, attempt, 0, Err(failure))));
            }
            Ok(Prepared::Input(input)) => self.local.push_back(Note::Input(input)),
            Ok(Prepared::Child(workflow, input)) => {
                self.local.push_back(Note::Ended(Ended {
                    key,
                    attempt,
                    ms: 0,
                    result: settle::graph_of(&self.engine, &workflow, &input).await,
                    input,
                    cache: None,
                    cached: false,
                }));
            }
            Ok(Prepared::Body(plan)) => self.launch(key, attempt, plan).await,
        }
    }

    /// Looks at a body once in place; spawns it when it is not done at once.
    async fn launch(&mut self, key: Key, attempt: u16, plan: Plan) {
        let memos = match self.memos(key).await {
            Ok(memos) => memos,
            Err(failure) => {
                self.local.push_back(Note::Input(Input::Done(key, attempt, 0, Err(failure))));
                return;
            }
        };
        let hooks = self.hooks((key, attempt), memos);
        let leash = self.leash(key);
        let span = self.span(key, attempt);
        tracing::debug!(parent: &span, "attempt begins");
        let begun = body::begin(hooks.clone(), plan, leash, span).await;
        self.begun(key, hooks, begun);
    }

    fn begun(&mut self, key: Key, hooks: Arc<Hooks>, begun: Begun) {
        let work = match begun {
            Begun::Ended(ended) => return self.local.push_back(Note::Ended(ended)),
            Begun::Going(work) => work,
        };
        let common = self.common.clone();
        let task = self.engine.env.spawn(Box::pin(async move {
            // Without a driver nobody wants the result: another owner runs the body again.
            let _ = common.notes.send(Box::new(Note::Ended(work.await)));
        }));
        self.bodies.insert(key, (hooks, task));
    }

    fn hooks(&self, which: (Key, u16), memos: Memos) -> Arc<Hooks> {
        Arc::new(Hooks::new(self.common.clone(), which, &self.state, memos))
    }

    /// Gives what earlier attempts saved, the large values with their bytes.
    async fn memos(&mut self, key: Key) -> Result<Memos, Failure> {
        if self.state.memos(key).is_none() {
            return Ok(Memos::new());
        }
        self.evaluate(move |desk, _| {
            let saved = desk.state.memos(key).into_iter().flatten();
            let inline =
                |(name, value): (&String, &Payload)| Some((name.clone(), desk.kept.inline(value)?));
            Ok(saved.filter_map(inline).collect())
        })
        .await
    }

    pub(super) fn leash(&self, key: Key) -> Leash {
        let policy = self.state.program().policy(key.node);
        let timeout_ms = match &policy.timeout {
            None => None,
            Some(Timeout::Fixed(ms)) => Some(*ms),
            Some(Timeout::Learned { factor, floor_ms, ceiling_ms }) => Some(super::learn::limit(
                self.learned.get(&key.node.0),
                *factor,
                (*floor_ms, *ceiling_ms),
            )),
        };
        Leash { timeout_ms, heartbeat_ms: policy.heartbeat_ms }
    }
}
