//! What others may say to a run. Whoever drives it hears it; when nobody does, the next owner will.

use serde::Serialize;

use super::{Fusion, Run};
use crate::error::{Code, Error, Result};
use crate::model::{
    Answer, Batch, Key, Message, NodeStatus, Op, Payload, RunId, Verdict, Wait, limits,
};
use crate::run::begin::externalise;
use crate::run::message::{decode, say};
use crate::run::row;
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

    /// Says how an in-doubt node or item (`NODE[0]`) really ended. An undoing (`NODE[undo]`) is never in doubt: it runs at
    /// least once, also that of an at-most-once node.
    ///
    /// # Errors
    /// `FU0205` for an unknown node, `FU0105` when it is not in doubt.
    pub async fn resolve(&self, node: &str, verdict: Verdict, by: &str) -> Result<()> {
        let state = self.open_state().await?;
        let key = find_key(&state, node)?;
        if state.node_status(key) != NodeStatus::InDoubt {
            return Err(not_in_doubt(&state, key));
        }
        let mut ops = Vec::new();
        let verdict = match verdict {
            Verdict::Done(output) => {
                Verdict::Done(externalise(self.redactor().await?.payload(output), &mut ops))
            }
            other => other,
        };
        self.send(Message::Resolve(key, verdict, by.to_owned(), state.seq()), ops).await
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
        ops.push(say(&self.id, &message)?);
        let batch = Batch { now, ops };
        let mut done = self.engine.store.commit(batch.clone()).await;
        // The first write that finds the disk full gives the room away that is kept for this.
        if done.as_ref().is_err_and(|error| error.code() == Code::StoreFull) {
            done = self.engine.store.commit(batch).await;
        }
        match done {
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

fn not_in_doubt(state: &State, key: Key) -> Error {
    let (name, status) = (state.program().key_text(key), state.node_status(key));
    if key.is_undo() {
        let message = format!("the undoing `{name}` is {status}: an undoing is never in doubt");
        return Error::new(Code::NotApplicable, message).hint(
            "it runs at least once, and after a crash again; `fusion runs show` tells how it goes",
        );
    }
    Error::new(Code::NotApplicable, format!("node `{name}` is {status}, not in doubt"))
}

pub(super) fn find_key(state: &State, name: &str) -> Result<Key> {
    state.program().find_key(name).ok_or_else(|| {
        let names = state.program().graph().nodes.iter().map(|node| &*node.id);
        Error::new(Code::UnknownReference, format!("there is no node `{name}` in this run"))
            .hint(crate::error::nearest::hint(name, names))
    })
}
