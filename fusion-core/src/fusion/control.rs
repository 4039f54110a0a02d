//! What others may say to a run. Whoever drives it hears it; when nobody does, the next owner will.

use serde::Serialize;

use super::Run;
use crate::error::{Code, Error, Result};
use crate::model::{
    Answer, Batch, Key, Message, NodeStatus, Op, Payload, Record, Verdict, Wait, limits,
};
use crate::run::begin::externalise;
use crate::run::message::{decode, say};
use crate::schedule::State;

/// How many records are read at once.
const PAGE: usize = 1_000;

/// How something counts that only one may say.
struct Once<S, C, T> {
    /// The place in the journal up to which the one who says it knows it.
    known: u64,
    /// Names the sender of a message of the same kind.
    same: S,
    /// Tells from the record of who was heard whether it was this one, or else names him.
    counts: C,
    /// Words what a second one is told, with the name of the first.
    taken: T,
    /// What one is told who was not heard and nobody else was.
    late: Error,
}

impl Run {
    /// Asks for the end of the run. Running commands and child runs end too.
    pub async fn cancel(&self, by: &str, why: &str) -> Result<()> {
        let why = self.redactor().await?.text(why).into_owned();
        self.tell(Message::Cancel(by.to_owned(), why)).await
    }

    /// Lets nothing new start; what runs goes on to its next memo, or to its end without one; timers are held.
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
        self.send(Message::Signal(name.to_owned(), payload), ops).await.map(|_| ())
    }

    /// Answers an approval: the one of this node, or the only one that is asked for.
    ///
    /// # Errors
    /// `FU0105` when nothing is asked or another answer came first, `FU0205` when there is no such node or several are asked.
    pub async fn answer(&self, node: Option<&str>, answer: Answer) -> Result<()> {
        let state = self.state().await?;
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
        let Some(key) = key else {
            if let Some(error) = self.answered_before(&state, node, &names).await? {
                return Err(error);
            }
            self.refuse_over(&state)?;
            return Err(self.not_asked(node, &names));
        };
        let name = state.program().key_text(key);
        let comment = self.redactor().await?.text(&answer.comment).into_owned();
        let answer = Answer { comment, ..answer };
        let message = Message::Answer(key.node, answer.clone());
        let once = Once {
            known: state.seq(),
            same: |said: &Message| match said {
                Message::Answer(node, said) if *node == key.node => Some(said.by.clone()),
                _ => None,
            },
            counts: |record: &Record| match record {
                Record::Answered(node, said) if *node == key.node => {
                    Some(if *said == answer { Ok(()) } else { Err(said.by.clone()) })
                }
                _ => None,
            },
            taken: |by: &str| answered(&name, by),
            late: Error::new(
                Code::NotApplicable,
                format!("the answer came too late: node `{name}` asks no more"),
            ),
        };
        self.send_once((message, Vec::new()), once).await
    }

    /// Sends what only one may say, and tells whoever said it second, or too late, that he was not heard.
    ///
    /// An entry leaves the inbox in the batch that records it, so the inbox is read before the journal: what stands in
    /// neither had no effect.
    async fn send_once<S, C, T>(
        &self,
        (message, ops): (Message, Vec<Op>),
        once: Once<S, C, T>,
    ) -> Result<()>
    where
        S: Fn(&Message) -> Option<String>,
        C: Fn(&Record) -> Option<std::result::Result<(), String>>,
        T: Fn(&str) -> Error,
    {
        let Once { known, same, counts, taken, late } = once;
        if let Some(by) = self.said_before(u64::MAX, &same).await? {
            return Err(taken(&by));
        }
        let sent = match self.send(message, ops).await {
            // The run has ended meanwhile, of what the first one said perhaps.
            Err(over) if over.code() == Code::NotApplicable => {
                let told = self.recorded(known, &counts).await?;
                return match told {
                    Some(Err(by)) => Err(taken(&by)),
                    _ => Err(over),
                };
            }
            sent => sent?,
        };
        let inbox = self.id.inbox();
        let rest = self.engine.store.entries(&inbox, sent.saturating_sub(1), 1).await?;
        let waits = rest.first().is_some_and(|entry| entry.id == sent);
        let before = if waits { self.said_before(sent, &same).await? } else { None };
        let heard = match self.recorded(known, counts).await? {
            None if waits => Some(before.map_or(Ok(()), Err)),
            recorded => recorded,
        };
        match heard {
            Some(Ok(())) => Ok(()),
            Some(Err(by)) => Err(taken(&by)),
            None => Err(late),
        }
    }

    /// Names the sender of the first message like this that stands in the inbox before an entry.
    async fn said_before(
        &self,
        entry: u64,
        same: impl Fn(&Message) -> Option<String>,
    ) -> Result<Option<String>> {
        let waiting =
            self.engine.store.entries(&self.id.inbox(), 0, limits::INBOX_MESSAGES).await?;
        let mut before = waiting.iter().filter(|other| other.id < entry);
        Ok(before.find_map(|other| same(&decode(&other.body).ok()?)))
    }

    /// Finds what the first record after a place that has something to tell tells.
    async fn recorded<T>(
        &self,
        mut after: u64,
        tells: impl Fn(&Record) -> Option<T>,
    ) -> Result<Option<T>> {
        loop {
            let records = self.journal(after, PAGE).await?;
            let Some(last) = records.last() else { return Ok(None) };
            after = last.seq;
            let told = records.iter().find_map(|stamped| tells(&stamped.record));
            if told.is_some() {
                return Ok(told);
            }
        }
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
    /// `FU0205` for an unknown node, `FU0105` when it is not in doubt or another verdict came first.
    pub async fn resolve(&self, node: &str, verdict: Verdict, by: &str) -> Result<()> {
        let state = self.state().await?;
        let key = find_key(&state, node)?;
        if state.node_status(key) != NodeStatus::InDoubt {
            let who = |record: &Record| match record {
                Record::Resolved(other, _, who) if *other == key => Some(who.clone()),
                _ => None,
            };
            if let Some(who) = self.last_recorded(who).await? {
                return Err(resolved(&state.program().key_text(key), &who));
            }
            self.refuse_over(&state)?;
            return Err(not_in_doubt(&state, key));
        }
        let mut ops = Vec::new();
        let verdict = match verdict {
            Verdict::Done(output) => {
                Verdict::Done(externalise(self.redactor().await?.payload(output), &mut ops))
            }
            other => other,
        };
        let name = state.program().key_text(key);
        let message = Message::Resolve(key, verdict.clone(), by.to_owned(), state.seq());
        let once = Once {
            known: state.seq(),
            same: |said: &Message| match said {
                Message::Resolve(other, _, who, _) if *other == key => Some(who.clone()),
                _ => None,
            },
            counts: |record: &Record| match record {
                Record::Resolved(other, said, who) if *other == key => {
                    let is_ours = *said == verdict && who == by;
                    Some(if is_ours { Ok(()) } else { Err(who.clone()) })
                }
                _ => None,
            },
            taken: |who: &str| resolved(&name, who),
            late: Error::new(
                Code::NotApplicable,
                format!("the verdict came too late: node `{name}` is no more in doubt"),
            ),
        };
        self.send_once((message, ops), once).await
    }

    /// Finds what the last record of the journal that has something to tell tells.
    async fn last_recorded<T>(&self, tells: impl Fn(&Record) -> Option<T>) -> Result<Option<T>> {
        let (mut after, mut told) = (0, None);
        loop {
            let records = self.journal(after, PAGE).await?;
            let Some(last) = records.last() else { return Ok(told) };
            after = last.seq;
            told = records.iter().rev().find_map(|stamped| tells(&stamped.record)).or(told);
        }
    }

    fn refuse_over(&self, state: &State) -> Result<()> {
        match state.result() {
            Some((status, _, _)) => Err(self.is_over(*status)),
            None => Ok(()),
        }
    }

    /// Says who was faster: who answered the node that was meant, or when none is named or asks, who answered last.
    async fn answered_before(
        &self,
        state: &State,
        node: Option<&str>,
        asked: &[String],
    ) -> Result<Option<Error>> {
        let told = |record: &Record| {
            let Record::Answered(at, said) = record else { return None };
            let name = state.program().key_text(Key::node(*at));
            let is_meant = node.map_or(asked.is_empty(), |node| node == name);
            is_meant.then(|| (name, said.by.clone()))
        };
        Ok(self.last_recorded(told).await?.map(|(name, by)| answered(&name, &by)))
    }

    fn is_over(&self, status: crate::model::RunStatus) -> Error {
        Error::new(
            Code::NotApplicable,
            format!("run `{}` has ended: it {}", self.id, ended_word(status)),
        )
        .hint(format!("`fusion runs retry {}` takes it up again", self.id))
    }

    async fn tell(&self, message: Message) -> Result<()> {
        self.send(message, Vec::new()).await.map(|_| ())
    }

    /// Writes a message into the inbox; gives the number of the entry.
    async fn send(&self, message: Message, mut ops: Vec<Op>) -> Result<u64> {
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
            Ok(receipt) => Ok(receipt.entries.last().map_or(0, |entry| entry.entry)),
            Err(error) if error.code() == Code::RunNotFound => {
                let status = self.state().await?.status();
                Err(self.is_over(status))
            }
            Err(error) => Err(error),
        }
    }
}

fn ended_word(status: crate::model::RunStatus) -> &'static str {
    match status {
        crate::model::RunStatus::Cancelled => "was cancelled",
        other => other.word(),
    }
}

fn answered(name: &str, by: &str) -> Error {
    let text = format!("node `{name}` has been answered already, by {by}");
    Error::new(Code::NotApplicable, text).hint("the run takes the first answer")
}

fn resolved(name: &str, by: &str) -> Error {
    let text = format!("node `{name}` has been resolved already, by {by}");
    Error::new(Code::NotApplicable, text).hint("the run takes the first verdict")
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
