//! Running again: a run that ended is taken up, or another one begins with its outcomes.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::control::find_key;
use crate::error::{Code, Error, Result};
use crate::graph::Program;
use crate::model::{
    Append, Batch, Decided, Graph, Input, Key, NodeIx, Op, Origin, Record, RunId, SessionId,
    Stamped, Then,
};
use crate::run::begin::{Begin, Defined};
use crate::run::message::{run_entry, run_key};
use crate::run::{adopt, row, session};
use crate::schedule::State;

/// How an ended run is taken up again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retrying<'a> {
    /// Nodes that run again although they succeeded, with all that needs them.
    pub nodes: &'a [&'a str],
    /// At-most-once nodes whose body may be entered once more although it was entered.
    pub again: &'a [&'a str],
    /// Who wants it.
    pub by: &'a str,
}

/// How a run is forked.
#[derive(Debug, Clone, Default)]
pub struct Forking<'a> {
    /// Nodes that run again, with all that needs them; all nodes when there are none.
    pub nodes: &'a [&'a str],
    /// At-most-once nodes whose body may be entered by the new run although the old one entered it.
    pub again: &'a [&'a str],
    /// Another input.
    pub input: Option<serde_json::Value>,
    /// Another definition.
    pub graph: Option<Graph>,
    /// The id of the new run.
    pub id: Option<RunId>,
}

impl Run {
    /// Takes an ended run up again: what failed, what was cancelled, the named nodes, and all that depends on them.
    ///
    /// # Errors
    /// As [`Run::retry_with`], which can also allow at-most-once bodies to be entered again.
    pub async fn retry(&self, nodes: &[&str], by: &str) -> Result<()> {
        self.retry_with(Retrying { nodes, again: &[], by }).await
    }

    /// Takes an ended run up again, as [`Run::retry`] does.
    ///
    /// # Errors
    /// `FU0105` when the run has not ended, when nothing would run again, or when an at-most-once body that was entered
    /// would be entered again and `again` does not name it; `FU0205` for an unknown node.
    pub async fn retry_with(&self, retrying: Retrying<'_>) -> Result<()> {
        let Retrying { nodes, again, by } = retrying;
        let session = self.session().await?;
        let (mut state, began) = adopt::load(&self.engine, &self.id).await?;
        let named = named(&state, nodes)?;
        let succeeded = state
            .result()
            .is_some_and(|(status, _, _)| *status == crate::model::RunStatus::Succeeded);
        if state.result().is_none() || (succeeded && named.is_empty()) {
            let message = match state.result() {
                None => format!("run `{}` has not ended: it is {}", self.id, state.status()),
                Some(_) => {
                    format!("run `{}` succeeded: name the nodes that shall run again", self.id)
                }
            };
            return Err(Error::new(Code::NotApplicable, message));
        }
        self.check_again(&state, &state.entered_again(&named), again)?;
        let head = self.engine.store.head(&self.id.stream()).await?.unwrap_or_default();
        let now = self.engine.env.now_ms();
        let mut decided = Decided::default();
        state.decide(Input::Retry(named, by.to_owned()), now, &mut decided);
        // What follows from it is decided again by who takes the run up.
        let mut records = decided.records;
        records.retain(|record| matches!(record, Record::RunRetried(..)));
        let row = row::of(state.start(), crate::model::RunStatus::Running, began);
        let ops = vec![
            Op::Append(Append {
                stream: self.id.stream().into(),
                expect: head.seq,
                epoch: head.epoch,
                records,
            }),
            Op::Enqueue(run_entry(&self.id, session, now)),
            row::put(&self.id, &row, row::ENDED)?,
        ];
        self.engine.store.commit(Batch { now, ops }).await?;
        self.adopt().await
    }

    /// Gives who holds what is taken up now: this process, or nobody when it shall not drive.
    async fn session(&self) -> Result<Option<SessionId>> {
        if !self.engine.options.drive {
            self.engine.check_open()?;
            return Ok(None);
        }
        session::open(&self.engine).await?;
        Ok(Some(self.engine.session))
    }

    /// Drives the run that was taken up, if this process shall.
    async fn adopt(&self) -> Result<()> {
        if self.engine.options.drive
            && let Some(entry) = self.engine.store.entry(&run_key(&self.id)).await?
        {
            adopt::claimed(&self.engine, &entry);
        }
        Ok(())
    }

    /// Begins a new run that takes over the outcomes of this one, but for the named nodes and all that depends on
    /// them (all nodes when none is named), with another input or definition if one is given.
    ///
    /// # Errors
    /// As [`Run::fork_with`], which can also allow at-most-once bodies to be entered again.
    pub async fn fork(
        &self,
        nodes: &[&str],
        input: Option<serde_json::Value>,
        graph: Option<Graph>,
        id: Option<RunId>,
    ) -> Result<Run> {
        self.fork_with(Forking { nodes, again: &[], input, graph, id }).await
    }

    /// Begins a new run that takes over outcomes of this one, as [`Run::fork`] does.
    ///
    /// # Errors
    /// `FU0105` when an at-most-once body that this run entered would be entered by the new one and `again` does not name
    /// it; `FU0205` for an unknown node, `FU02xx` when the new definition is wrong.
    pub async fn fork_with(&self, forking: Forking<'_>) -> Result<Run> {
        let Forking { nodes, again, input, graph, id } = forking;
        let session = self.session().await?;
        let (state, _) = adopt::load(&self.engine, &self.id).await?;
        let (program, stored) = match graph {
            Some(graph) => {
                let made = graph.define()?;
                (self.engine.program(&made)?, Defined::New(made))
            }
            None => (state.program().clone(), Defined::Stored(state.start().definition.clone())),
        };
        let input = match input {
            Some(input) => crate::graph::bind(program.graph(), &input)?,
            None => self.loaded(state.start().input.clone()).await?.decode().unwrap_or_default(),
        };
        let now = self.engine.env.now_ms();
        let id = id.unwrap_or_else(|| self.engine.new_id(now));
        let kept = if nodes.is_empty() {
            Vec::new()
        } else {
            self.outcomes(&state, &program, nodes).await?
        };
        self.check_again(&state, &repeated(&state, &program, &kept), again)?;
        let begin = Begin::new(
            id.clone(),
            program,
            stored,
            &input,
            Some(Origin::Fork { run: self.id.clone() }),
        );
        let ops = begin.ops(kept, session, now)?;
        self.engine.store.commit(Batch { now, ops }).await.map_err(|error| match error.code() {
            Code::Conflict => Error::new(Code::IdConflict, format!("run `{id}` exists already"))
                .hint("choose another id"),
            _ => error,
        })?;
        let forked = Run::new(self.engine.clone(), id);
        forked.adopt().await?;
        Ok(forked)
    }

    /// Gives the outcomes that a fork takes over, in the order in which they were recorded.
    async fn outcomes(
        &self,
        state: &State,
        program: &Program,
        nodes: &[&str],
    ) -> Result<Vec<Record>> {
        let again = state.descendants(&named(state, nodes)?);
        let mut kept = Kept::default();
        let mut after = 1;
        loop {
            let page = self.journal(after, 10_000).await?;
            let Some(last) = page.last() else { return Ok(kept.into_records()) };
            after = last.seq;
            let taken = page.into_iter();
            for record in taken.filter_map(|one| translate(one, state, program, &again)) {
                kept.take(record);
            }
        }
    }

    /// Refuses to enter at-most-once bodies a second time unless each of them is named.
    fn check_again(&self, state: &State, entered: &[NodeIx], again: &[&str]) -> Result<()> {
        let allowed = named(state, again)?;
        let refused = entered.iter().filter(|node| !allowed.contains(node));
        let names: Vec<&str> = refused.map(|node| state.program().name(*node)).collect();
        let Some(first) = names.first() else { return Ok(()) };
        let message = format!(
            "`{}` may run only once, and was entered by run `{}`",
            names.join("`, `"),
            self.id
        );
        Err(Error::new(Code::NotApplicable, message)
            .hint(format!("to run it once more all the same, name it: --again {first}")))
    }
}

/// The outcomes that a fork takes over: of what somebody ran again, only the last ones.
#[derive(Default)]
struct Kept {
    records: BTreeMap<u64, Record>,
    places: BTreeMap<Key, u64>,
    /// The records that say that a map has its list, or all of its items.
    maps: BTreeMap<(NodeIx, bool), u64>,
    count: u64,
}

impl Kept {
    fn take(&mut self, record: Record) {
        self.count += 1;
        let older = match &record {
            Record::NodeSucceeded(key, ..)
            | Record::NodeFailed(key, ..)
            | Record::NodeSkipped(key) => self.places.insert(*key, self.count),
            Record::MapSucceeded(node) => self.maps.insert((*node, true), self.count),
            Record::MapExpanded(node, _) => {
                // With another list all of its items are others.
                let items: Vec<Key> = self
                    .places
                    .range(Key::item(*node, 0)..Key::undo(*node))
                    .map(|(key, _)| *key)
                    .collect();
                for key in items {
                    let place = self.places.remove(&key);
                    place.and_then(|place| self.records.remove(&place));
                }
                self.maps.insert((*node, false), self.count)
            }
            _ => None,
        };
        older.and_then(|older| self.records.remove(&older));
        self.records.insert(self.count, record);
    }

    fn into_records(self) -> Vec<Record> {
        self.records.into_values().collect()
    }
}

/// Names the at-most-once nodes that a run entered and that its fork would enter.
fn repeated(state: &State, program: &Program, kept: &[Record]) -> Vec<NodeIx> {
    let settled: BTreeSet<NodeIx> = kept
        .iter()
        .filter_map(|record| match record {
            Record::NodeSucceeded(key, ..) | Record::NodeSkipped(key) => {
                key.index().is_none().then_some(key.node)
            }
            Record::MapSucceeded(node) => Some(*node),
            _ => None,
        })
        .collect();
    let nodes = (0..state.program().len()).filter_map(|at| u32::try_from(at).ok()).map(NodeIx);
    let entered = nodes.filter(|node| state.was_entered(*node));
    let repeats = entered.filter(|node| {
        let Some(next) = program.find(state.program().name(*node)) else { return false };
        let once = program.policy(next).at_most_once || state.program().policy(*node).at_most_once;
        once && !settled.contains(&next)
    });
    repeats.collect()
}

fn named(state: &State, nodes: &[&str]) -> Result<Vec<NodeIx>> {
    nodes.iter().map(|name| find_key(state, name).map(|key| key.node)).collect()
}

/// Turns an outcome of one run into the same of its fork, whose nodes may have other places.
fn translate(
    stamped: Stamped,
    state: &State,
    program: &Program,
    again: &std::collections::BTreeSet<NodeIx>,
) -> Option<Record> {
    let place = |key: Key| -> Option<Key> {
        let node = (!again.contains(&key.node))
            .then(|| program.find(state.program().name(key.node)))??;
        (!key.is_undo() && state.node_status(Key::node(key.node)).is_settled_well())
            .then_some(Key { node, ..key })
    };
    match stamped.record {
        Record::NodeSucceeded(key, attempt, ms, output, _) => {
            Some(Record::NodeSucceeded(place(key)?, attempt, ms, output, true))
        }
        Record::NodeSkipped(key) => Some(Record::NodeSkipped(place(key)?)),
        Record::MapExpanded(node, count) => {
            Some(Record::MapExpanded(place(Key::node(node))?.node, count))
        }
        Record::MapSucceeded(node) => Some(Record::MapSucceeded(place(Key::node(node))?.node)),
        Record::NodeFailed(key, attempt, ms, failure, Then::End) if key.index().is_some() => {
            Some(Record::NodeFailed(place(key)?, attempt, ms, failure, Then::End))
        }
        _ => None,
    }
}
