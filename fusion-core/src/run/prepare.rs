//! From a key that shall start to something that can be done: conditions, lists, arguments are evaluated here.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::engine::Shared;
use super::scope::{Kept, View};
use crate::contract::{Exec, Step};
use crate::graph::template::{Brief, Data};
use crate::graph::{check, duration};
use crate::model::graph::{Action, Kind, Map, Program as Command, Task, WaitSpec};
use crate::model::{Class, Digest, Failure, Input, Key, NodeIx, Payload, Policy, Wait, limits};
use crate::schedule::State;

/// What is to be done for a key.
pub(super) enum Prepared {
    /// Nothing runs: this is what the scheduler is told.
    Input(Input),
    /// Something runs.
    Body(Plan),
    /// Another workflow runs as a run of its own.
    Child(Box<str>, Value),
}

/// Something that runs.
pub(super) struct Plan {
    pub what: What,
    /// The slots that it needs, and how many there are.
    pub slot: Option<(String, u32)>,
    /// The name under which its output may be known, and for how long that holds, in milliseconds.
    pub cache: Option<(Digest, Option<u64>)>,
}

/// What runs.
pub(super) enum What {
    /// A registered step with its input.
    Call(Arc<dyn Step>, Payload),
    /// A program.
    Exec(Box<Exec>),
}

/// Prepares keys of one run.
pub(super) struct Desk<'a> {
    pub engine: &'a Shared,
    pub state: &'a State,
    pub kept: &'a Kept,
    /// Others wait meanwhile: what takes more than a moment is cut short, and made again where nobody waits.
    pub brief: Option<&'a Brief>,
}

impl Desk<'_> {
    /// Evaluates everything that a key needs before it can start.
    pub(super) fn prepare(
        &self,
        key: Key,
        attempt: u16,
        lists: &mut super::lists::Lists,
    ) -> Prepared {
        self.try_prepare(key, lists)
            .unwrap_or_else(|failure| Prepared::Input(Input::Done(key, attempt, 0, Err(failure))))
    }

    fn try_prepare(&self, key: Key, lists: &mut super::lists::Lists) -> Result<Prepared, Failure> {
        let program = self.state.program();
        let Some(node) = program.node(key.node) else { return Err(Failure::error("no such node")) };
        let mut view = self.view();
        if key == Key::node(key.node) {
            if let Some(when) = program.more(key.node).and_then(|more| more.when.as_deref())
                && !self.engine.templates.condition(when, &view)?
            {
                return Ok(Prepared::Input(Input::Unwanted(key)));
            }
            match &node.kind {
                Kind::Wait(wait) if !self.state.is_fallback(key) => {
                    return self.wait(key, wait, &view);
                }
                Kind::Map(map) => {
                    let list = self.list(map, &view)?;
                    let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
                    lists.put(key.node, list);
                    return Ok(Prepared::Input(Input::Expanded(key.node, count)));
                }
                Kind::Run(_) | Kind::Repeat(_) | Kind::Wait(_) => {}
            }
        }
        let item = self.words(key, &mut view, lists)?;
        let Some(task) = program.task(key, self.state.is_fallback(key)) else {
            return Err(Failure::error("the node has nothing to run"));
        };
        self.task(key, task, item, &view)
    }

    /// Gives what templates see.
    pub(super) fn view(&self) -> View<'_> {
        View {
            state: self.state,
            kept: self.kept,
            secrets: &self.engine.secrets,
            brief: self.brief,
            extra: Vec::new(),
        }
    }

    /// Adds the words that only this key sees; gives the item of a map.
    fn words(
        &self,
        key: Key,
        view: &mut View<'_>,
        lists: &mut super::lists::Lists,
    ) -> Result<Value, Failure> {
        if let Some(index) = key.index() {
            let program = self.state.program();
            if !lists.has(key.node)
                && let Some(map) = program.map(key.node)
            {
                lists.put(key.node, self.list(map, view)?);
            }
            let item = lists.item(key.node, index).cloned().unwrap_or(Value::Null);
            view.extra.push(("item", Data::from(item.clone())));
            view.extra.push(("index", Data::from(Value::from(index))));
            return Ok(item);
        }
        if key.is_undo() {
            let output = self.kept.output(self.state, Key::node(key.node)).unwrap_or(Payload::NULL);
            view.extra.push(("output", Data::from(output)));
        }
        let (rounds, previous) = self.state.rounds(key.node);
        view.extra.push(("round", Data::from(Value::from(rounds + 1))));
        let previous =
            previous.and_then(|payload| self.kept.inline(payload)).unwrap_or(Payload::NULL);
        view.extra.push(("previous", Data::from(previous)));
        Ok(Value::Null)
    }

    fn list(&self, map: &Map, view: &View<'_>) -> Result<Vec<Value>, Failure> {
        match self.engine.templates.render(&map.over, view)? {
            Value::Array(items) if items.len() > limits::MAP_ITEMS => Err(Failure::new(
                Class::LIMIT,
                format!(
                    "the list has {} items; a map takes at most {}",
                    items.len(),
                    limits::MAP_ITEMS
                ),
            )),
            Value::Array(items) => Ok(items),
            other => Err(Failure::new(
                Class::TEMPLATE,
                format!("`map` needs a list, found {}", kind_of(&other)),
            )),
        }
    }

    fn task(
        &self,
        key: Key,
        task: &Task,
        item: Value,
        view: &View<'_>,
    ) -> Result<Prepared, Failure> {
        let with = if task.with.is_null() {
            item
        } else {
            self.engine.templates.render(&task.with, view)?
        };
        let step = match &task.action {
            Action::Workflow(name) => {
                match self.engine.registry.step(&format!("workflow:{name}")) {
                    // A workflow whose graph is made by code of another language: its step gives the graph.
                    Some(_) => Cow::Owned(format!("workflow:{name}")),
                    None => return Ok(Prepared::Child(name.clone(), with)),
                }
            }
            Action::Command(command) => return self.command(key, command, view),
            Action::Step(name) => Cow::Borrowed(&**name),
            Action::Agent(agent) => self.agent_step(agent),
            Action::Model(_) => Cow::Borrowed("model"),
        };
        let input = match &task.action {
            Action::Agent(agent) => {
                let agent = self.engine.templates.render(agent, view)?;
                serde_json::json!({"agent": agent, "with": with})
            }
            Action::Model(model) => {
                let model = self.engine.templates.render(model, view)?;
                serde_json::json!({"model": model, "with": with})
            }
            _ => with,
        };
        let Some(code) = self.engine.registry.step(&step) else {
            return Ok(Prepared::Input(Input::Missing(key, step.into_owned())));
        };
        let input = if input.is_null() { Payload::NULL } else { Payload::value(&input) };
        let bytes = || input.bytes().map(|bytes| bytes.to_vec()).unwrap_or_default();
        let identity = || vec![step.as_bytes().to_vec(), bytes()];
        let plan = self.plan(key, identity, view)?;
        Ok(Prepared::Body(Plan { what: What::Call(code, input), ..plan }))
    }

    /// Names the step of an agent: that of its whole name, or that of what stands before the first colon.
    fn agent_step(&self, agent: &Value) -> Cow<'static, str> {
        // One that is described is a model with instructions and tools.
        if agent.get("model").is_some() {
            return Cow::Borrowed("model");
        }
        let Some(name) = check::agent_name(agent) else { return Cow::Borrowed("agent") };
        let whole = format!("agent:{name}");
        let kind = name.split_once(':').map(|(kind, _)| format!("agent:{kind}"));
        let is_known = |step: &String| self.engine.registry.step(step).is_some();
        let kind = kind.filter(|kind| !is_known(&whole) && is_known(kind));
        Cow::Owned(kind.unwrap_or(whole))
    }

    fn command(&self, key: Key, command: &Command, view: &View<'_>) -> Result<Prepared, Failure> {
        let text = |text: &String| self.engine.templates.text(text, view);
        let argv = command.argv.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let stdin = command.stdin.as_ref().map(text).transpose()?.unwrap_or_default();
        let cwd = command.cwd.as_ref().map(text).transpose()?.map(PathBuf::from);
        let base = self.engine.options.cwd.clone();
        let cwd = match (base, cwd) {
            (Some(base), Some(cwd)) => Some(base.join(cwd)),
            (base, cwd) => cwd.or(base),
        };
        let mut env = self.engine.options.env.clone();
        for (name, value) in &command.env {
            env.insert(name.clone(), text(value)?);
        }
        let exec = Exec {
            argv,
            stdin: stdin.into_bytes().into(),
            cwd,
            env,
            stdout_limit: limits::STDOUT_BYTES,
            stderr_limit: limits::STDERR_BYTES,
            grace_ms: limits::KILL_GRACE_MS,
            leaves_nothing: false,
            heard: None,
        };
        let identity = || {
            let own = command.env.keys().map(|name| (name, exec.env.get(name)));
            let words = serde_json::to_vec(&(&exec.argv, own.collect::<Vec<_>>(), &exec.cwd));
            vec![b"command".to_vec(), words.unwrap_or_default(), exec.stdin.to_vec()]
        };
        let plan = self.plan(key, identity, view)?;
        Ok(Prepared::Body(Plan { what: What::Exec(Box::new(exec)), ..plan }))
    }

    /// Adds what the node's policy asks for; `identity` is hashed only when the output is cached.
    fn plan(
        &self,
        key: Key,
        identity: impl FnOnce() -> Vec<Vec<u8>>,
        view: &View<'_>,
    ) -> Result<Plan, Failure> {
        let what = What::Exec(Box::default());
        let policy: &Policy = self.state.program().policy(key.node);
        if key.is_undo() || (policy.cache.is_none() && policy.concurrency.is_none()) {
            return Ok(Plan { what, slot: None, cache: None });
        }
        let cache = policy.cache.as_ref().and_then(|cache| {
            let node = self.state.program().node(key.node)?;
            let name = super::cache::name(self.engine, node, &cache.version, identity())?;
            Some((name, cache.ttl_ms))
        });
        Ok(Plan { what, slot: self.slot_in(key, view)?, cache })
    }

    fn wait(&self, key: Key, spec: &WaitSpec, view: &View<'_>) -> Result<Prepared, Failure> {
        let text = |text: &String| self.engine.templates.text(text, view);
        let bad = |what: String| Failure::new(Class::TEMPLATE, what);
        let now = self.engine.env.now_ms();
        let after = |ms: u64| {
            now.saturating_add(i64::try_from(ms.min(limits::TIMER_MS)).unwrap_or(i64::MAX))
        };
        let wait = match spec {
            WaitSpec::Duration(length) => {
                let length = text(length)?;
                Wait::Timer(after(duration::parse_ms(&length).map_err(bad)?))
            }
            WaitSpec::Until(moment) => {
                let moment = text(moment)?;
                let due = duration::parse_moment(&moment).map_err(bad)?;
                if due > after(limits::TIMER_MS) {
                    return Err(bad(format!("`{moment}` is more than 100 years away")));
                }
                Wait::Timer(due)
            }
            WaitSpec::Signal { name, timeout_ms } => {
                Wait::Signal(text(name)?, timeout_ms.map(after))
            }
            WaitSpec::Approval { role, message, timeout_ms } => {
                let redactor = self.engine.secrets.redactor();
                let said = |what| Ok::<_, Failure>(redactor.text(&text(what)?).into_owned());
                Wait::Approval(said(role)?, said(message)?, timeout_ms.map(after))
            }
        };
        Ok(Prepared::Input(Input::Waits(key, wait)))
    }

    /// Holds an output against what the node asks of it.
    pub(super) fn check(
        &self,
        key: Key,
        output: &Payload,
        lists: &mut super::lists::Lists,
    ) -> Result<(), Failure> {
        let more = self.state.program().more(key.node).filter(|_| !key.is_undo());
        let Some(more) = more.filter(|more| !more.validate.is_empty()) else { return Ok(()) };
        let mut view = self.view();
        self.words(key, &mut view, lists)?;
        // One that is not loaded yet is asked for again when it is.
        let Some(output) = self.kept.inline(output) else { return Ok(()) };
        if let Some(brief) = self.brief
            && output.len() > limits::TEMPLATE_BRIEF_BYTES
        {
            brief.cut();
            return Ok(());
        }
        view.extra.push(("output", Data::from(output.clone())));
        super::checks::all(&self.engine.templates, &more.validate, &output, &view)
    }

    /// Names the slots of which a key needs one, and how many there are.
    pub(super) fn slot(
        &self,
        key: Key,
        lists: &mut super::lists::Lists,
    ) -> Result<Option<(String, u32)>, Failure> {
        let mut view = self.view();
        self.words(key, &mut view, lists)?;
        self.slot_in(key, &view)
    }

    fn slot_in(&self, key: Key, view: &View<'_>) -> Result<Option<(String, u32)>, Failure> {
        let concurrency = self.state.program().policy(key.node).concurrency.as_ref();
        let Some(concurrency) = concurrency.filter(|_| !key.is_undo()) else { return Ok(None) };
        let name = self.engine.templates.text(&concurrency.key, view)?;
        Ok(Some((name, concurrency.limit.max(1))))
    }

    /// Tells whether a loop may end after this output.
    pub(super) fn is_enough(
        &self,
        node: NodeIx,
        until: &str,
        output: &Payload,
    ) -> Result<bool, Failure> {
        let mut view = self.view();
        let (rounds, previous) = self.state.rounds(node);
        let previous =
            previous.and_then(|payload| self.kept.inline(payload)).unwrap_or(Payload::NULL);
        view.extra = vec![
            ("output", Data::from(output.clone())),
            ("round", Data::from(Value::from(rounds + 1))),
            ("previous", Data::from(previous)),
        ];
        self.engine.templates.condition(until, &view)
    }

    /// Evaluates the outputs of the run.
    pub(super) fn outputs(&self) -> Result<Payload, Failure> {
        let outputs = &self.state.program().graph().outputs;
        let view = self.view();
        let mut all = serde_json::Map::new();
        for (name, value) in outputs {
            let value = self.engine.templates.render(value, &view);
            all.insert(name.clone(), value.map_err(|failure| in_output(name, failure))?);
        }
        let mut all = Value::Object(all);
        self.engine.secrets.redactor().json(&mut all);
        Payload::value(&all).bounded("the outputs have")
    }
}

fn in_output(name: &str, failure: Failure) -> Failure {
    Failure { message: format!("output `{name}`: {}", failure.message), ..failure }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
