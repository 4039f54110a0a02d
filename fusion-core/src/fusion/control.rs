//! What others may say to a run. Whoever drives it hears it; when nobody does, the next owner will.

use std::sync::Arc;

use serde::Serialize;

use super::{Fusion, Run};
use crate::error::{Code, Error, Result};
use crate::graph::Program;
use crate::model::{
    Answer, Append, Batch, Command, Enqueue, Graph, Input, Key, Message, NodeIx, NodeStatus, Op,
    Origin, Payload, Record, RunId, SessionId, Stamped, Then, Verdict, Wait, limits,
};
use crate::run::begin::{Begin, definition, externalise};
use crate::run::message::{RUNS, decode, run_key, say};
use crate::run::{adopt, row, session};
use crate::schedule::State;

impl Run {
    /// Asks for the end of the run. Running commands and child runs end too.
    pub async fn cancel(&self, by: &str, why: &str) -> Result<()> {
        let why = self.redactor().await?.text(why).into_owned();
        self.tell(Message::Cancel(by.to_owned(), why)).await
    }

    /// Lets nothing new start; what runs goes on to its end, timers are held.
    pub async fn pause(&self, by: &str) -> Result<()> {
        self.tell(Message::Pause(by.to_owned())).await
    }

    /// Lets a paused run go on.
    pub async fn resume(&self, by: &str) -> Result<()> {
        self.tell(Message::Resume(by.to_owned())).await
    }

    /// Sends a signal. It is kept until a node waits for it.
    pub async fn signal(&self, name: &str, payload: impl Serialize) -> Result<()> {
        let payload = Payload::json(&payload).map_err(|error| {
            Error::new(Code::InvalidInput, "the payload of the signal cannot be JSON")
                .because(error)
        })?;
        let mut ops = Vec::new();
        let payload = externalise(self.redactor().await?.payload(payload), &mut ops);
        self.send(Message::Signal(name.to_owned(), payload), ops).await
    }

    /// Answers an approval: the one of this node, or the only one that is asked for.
    ///
    /// # Errors
    /// `FU0105` when nothing is asked, `FU0205` when there is no such node or several are asked.
    pub async fn answer(&self, node: Option<&str>, answer: Answer) -> Result<()> {
        let state = self.open_state().await?;
        let asked: Vec<Key> = state
            .waits()
            .filter(|(_, wait)| matches!(wait, Wait::Approval(..)))
            .map(|(key, _)| key)
            .collect();
        let names: Vec<String> = asked.iter().map(|key| state.program().key_text(*key)).collect();
        let key = match node {
            Some(name) => {
                asked.iter().zip(&names).find(|(_, asked)| *asked == name).map(|(key, _)| *key)
            }
            None if asked.len() == 1 => asked.first().copied(),
            None => None,
        };
        let Some(key) = key else { return Err(self.not_asked(node, &names)) };
        self.check_unanswered(&state, key).await?;
        let comment = self.redactor().await?.text(&answer.comment).into_owned();
        self.tell(Message::Answer(key.node, Answer { comment, ..answer })).await
    }

    /// Refuses a second answer while the first one waits for the run's owner.
    async fn check_unanswered(&self, state: &State, key: Key) -> Result<()> {
        let waiting =
            self.engine.store.entries(&self.id.inbox(), 0, limits::INBOX_MESSAGES).await?;
        let answers = waiting.iter().filter_map(|entry| decode(&entry.body).ok());
        let is_answered = answers
            .into_iter()
            .any(|said| matches!(said, Message::Answer(node, _) if node == key.node));
        if !is_answered {
            return Ok(());
        }
        let message = format!("node `{}` has been answered already", state.program().key_text(key));
        Err(Error::new(Code::NotApplicable, message)
            .hint("the run takes the first answer when it goes on"))
    }

    fn not_asked(&self, node: Option<&str>, names: &[String]) -> Error {
        if names.is_empty() {
            return Error::new(
                Code::NotApplicable,
                format!("run `{}` asks for no approval now", self.id),
            )
            .hint(format!("`fusion why {}` tells what it waits for", self.id));
        }
        let asked = names.join("`, `");
        match node {
            Some(node) => {
                let hint = crate::error::nearest::hint(node, names.iter().map(String::as_str));
                Error::new(
                    Code::UnknownReference,
                    format!("node `{node}` asks for no approval now"),
                )
                .hint(hint)
            }
            None => Error::new(Code::UnknownReference, format!("several nodes ask: `{asked}`"))
                .hint("name one of them"),
        }
    }

    /// Says how an in-doubt node really ended.
    ///
    /// # Errors
    /// `FU0205` for an unknown node, `FU0105` when it is not in doubt.
    pub async fn resolve(&self, node: &str, verdict: Verdict, by: &str) -> Result<()> {
        let state = self.open_state().await?;
        let key = find_key(&state, node)?;
        if state.node_status(key) != NodeStatus::InDoubt {
            let message = format!("node `{node}` is {}, not in doubt", state.node_status(key));
            return Err(Error::new(Code::NotApplicable, message));
        }
        let mut ops = Vec::new();
        let verdict = match verdict {
            Verdict::Done(output) => {
                Verdict::Done(externalise(self.redactor().await?.payload(output), &mut ops))
            }
            other => other,
        };
        self.send(Message::Resolve(key, verdict, by.to_owned()), ops).await
    }

    /// Takes an ended run up again: what failed, what was cancelled, the named nodes, and all that depends on them.
    ///
    /// # Errors
    /// `FU0105` when the run has not ended, or when nothing would run again; `FU0205` for an unknown node.
    pub async fn retry(&self, nodes: &[&str], by: &str) -> Result<()> {
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
        let head = self.engine.store.head(&self.id.stream()).await?.unwrap_or_default();
        let now = self.engine.env.now_ms();
        let mut commands = Vec::new();
        state.decide(Input::Retry(named, by.to_owned()), now, &mut commands);
        let records: Vec<Record> = commands
            .into_iter()
            .filter_map(|command| match command {
                Command::Append(record @ Record::RunRetried(..)) => Some(record),
                _ => None,
            })
            .collect();
        let stream: Arc<str> = self.id.stream().into();
        let row = row::of(state.start(), crate::model::RunStatus::Running, began);
        let ops = vec![
            Op::Append(Append {
                stream: stream.clone(),
                expect: head.seq,
                epoch: head.epoch,
                records,
            }),
            Op::Enqueue(Enqueue {
                queue: RUNS.into(),
                dedup: Some(run_key(&self.id)),
                due: now,
                stream: Some(stream),
                session,
                ..Enqueue::default()
            }),
            row::put(&self.id, &row)?,
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
    /// `FU0205` for an unknown node, `FU02xx` when the new definition is wrong.
    pub async fn fork(
        &self,
        nodes: &[&str],
        input: Option<serde_json::Value>,
        graph: Option<Graph>,
        id: Option<RunId>,
    ) -> Result<Run> {
        let session = self.session().await?;
        let (state, _) = adopt::load(&self.engine, &self.id).await?;
        let (program, stored) = match graph {
            Some(graph) => {
                let graph = crate::graph::checked(graph)?;
                let stored = definition(&graph)?;
                (Arc::new(Program::compile(graph)?), stored)
            }
            None => (state.program().clone(), state.start().definition.clone()),
        };
        let input = match input {
            Some(input) => crate::graph::bind(program.graph(), &input)?,
            None => self.loaded(state.start().input.clone()).await?.decode().unwrap_or_default(),
        };
        let now = self.engine.env.now_ms();
        let id = id.unwrap_or_else(|| {
            RunId::generate(now, [self.engine.env.random(), self.engine.env.random()])
        });
        let kept = if nodes.is_empty() {
            Vec::new()
        } else {
            self.outcomes(&state, &program, nodes).await?
        };
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
        let mut kept = Vec::new();
        let mut after = 1;
        loop {
            let page = self.journal(after, 10_000).await?;
            let Some(last) = page.last() else { return Ok(kept) };
            after = last.seq;
            kept.extend(
                page.into_iter().filter_map(|stamped| translate(stamped, state, program, &again)),
            );
        }
    }

    async fn open_state(&self) -> Result<State> {
        let state = self.state().await?;
        match state.result() {
            Some((status, _, _)) => Err(self.is_over(*status)),
            None => Ok(state),
        }
    }

    fn is_over(&self, status: crate::model::RunStatus) -> Error {
        Error::new(
            Code::NotApplicable,
            format!("run `{}` has ended: it {}", self.id, ended_word(status)),
        )
        .hint(format!("`fusion runs retry {}` takes it up again", self.id))
    }

    async fn tell(&self, message: Message) -> Result<()> {
        self.send(message, Vec::new()).await
    }

    async fn send(&self, message: Message, mut ops: Vec<Op>) -> Result<()> {
        self.engine.check_open()?;
        let now = self.engine.env.now_ms();
        ops.push(say(&self.id, &message, now)?);
        match self.engine.store.commit(Batch { now, ops }).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Code::RunNotFound => {
                let status = self.state().await?.status();
                Err(self.is_over(status))
            }
            Err(error) => Err(error),
        }
    }
}

impl Fusion {
    /// Deletes a run that has ended: its journal, its row, and the blobs that only it names.
    ///
    /// # Errors
    /// `FU0105` when it has not ended.
    pub async fn prune(&self, id: &RunId) -> Result<()> {
        let run = self.find(id).await?;
        if run.state().await?.result().is_none() {
            return Err(Error::new(Code::NotApplicable, format!("run `{id}` has not ended"))
                .hint(format!("`fusion runs cancel {id}` ends it")));
        }
        let now = self.engine().env.now_ms();
        let ops =
            vec![Op::Drop(id.stream().into()), Op::Delete(row::KIND.into(), id.as_str().into())];
        self.engine().store.commit(Batch { now, ops }).await.map(|_| ())
    }
}

fn ended_word(status: crate::model::RunStatus) -> &'static str {
    match status {
        crate::model::RunStatus::Cancelled => "was cancelled",
        other => other.word(),
    }
}

fn find_key(state: &State, name: &str) -> Result<Key> {
    state.program().find_key(name).ok_or_else(|| {
        let names = state.program().graph().nodes.iter().map(|node| &*node.id);
        Error::new(Code::UnknownReference, format!("there is no node `{name}` in this run"))
            .hint(crate::error::nearest::hint(name, names))
    })
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
