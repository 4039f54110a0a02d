//! Things that are kept as a document, with a stream of what happened to them beside it.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::contract::Store;
use crate::error::{Code, Error, Result};
use crate::model::{Append, Batch, Document, Op, Payload, Record, Stamped};
use crate::run::engine::Shared;

/// How often a change is tried again when others change the same thing.
const TRIES: usize = 64;

/// What happened to a thing: the event's name, what belongs to it.
pub(super) type Happened = (&'static str, Value);

/// A thing of a kind. Its stream is `KIND/ID`; its document says what it is now, and where the stream ends.
pub(super) trait Kept: Serialize + DeserializeOwned + Send {
    /// The kind of its documents.
    const KIND: &'static str;
    /// What it is called in sentences.
    const WORD: &'static str;

    fn id(&self) -> &str;
    /// The word that lists are filtered by.
    fn tag(&self) -> &str;
    /// The place of the last record of its stream.
    fn seq(&mut self) -> &mut u64;
}

/// Names the stream of a thing.
pub(super) fn stream<T: Kept>(id: &str) -> Arc<str> {
    format!("{}/{id}", T::KIND).into()
}

/// Reads a document.
pub(super) fn decode<T: Kept>(document: &Document) -> Result<T> {
    serde_json::from_slice(&document.body).map_err(|error| {
        let text = format!("the {} `{}` of the store cannot be read", T::WORD, document.id);
        Error::new(Code::Codec, text).because(error)
    })
}

/// Gets a thing and the version of its document.
pub(super) async fn find<T: Kept>(store: &dyn Store, id: &str) -> Result<Option<(T, u64)>> {
    match store.get(T::KIND, id).await? {
        Some(document) => Ok(Some((decode(&document)?, document.version))),
        None => Ok(None),
    }
}

/// Makes the operations that write a thing: its document, over this version (0: it is new), and what happened to it.
///
/// # Errors
/// `FU0106` when what happened is larger than any payload may be.
pub(super) fn write<T: Kept>(
    thing: &mut T,
    version: u64,
    happened: Vec<Happened>,
) -> Result<Vec<Op>> {
    let unwritable = |error| {
        Error::new(Code::Internal, format!("a {} cannot be written", T::WORD)).because(error)
    };
    let mut ops = Vec::with_capacity(2);
    let records: Vec<Record> = happened
        .into_iter()
        .map(|(name, data)| Record::Event(name.to_owned(), Payload::value(&data)))
        .collect();
    if !records.is_empty() {
        let expect = *thing.seq();
        *thing.seq() = expect + records.len() as u64;
        let stream = stream::<T>(thing.id());
        ops.push(Op::Append(Append { stream, expect, epoch: 0, records }));
    }
    let document = Document {
        kind: T::KIND.into(),
        id: thing.id().into(),
        version,
        at: 0,
        tag: thing.tag().into(),
        body: serde_json::to_vec(thing).map_err(unwritable)?.into(),
    };
    ops.push(Op::Put(document, Some(version)));
    Ok(ops)
}

/// Says that there is no such thing, with the ids that come nearest.
pub(super) async fn missing<T: Kept>(store: &dyn Store, id: &str) -> Error {
    let text = format!("there is no {} `{id}` in this store", T::WORD);
    let error = Error::new(Code::UnknownReference, text);
    match store.list(T::KIND, None, None, 1_000).await {
        Ok(page) => {
            let known = page.items.iter().map(|document| &*document.id);
            error.hint(crate::error::nearest::hint(id, known))
        }
        Err(_) => error,
    }
}

/// Changes a thing: `change` says what becomes of it and what happened, again and again until nobody came in between. Further
/// operations go into the same batch. Nothing is written when nothing happened.
///
/// # Errors
/// `FU0205` when there is none, what `change` returns, `FU0309` when others change it all the time.
pub(super) async fn change<T: Kept>(
    engine: &Shared,
    id: &str,
    mut change: impl FnMut(&mut T) -> Result<(Vec<Happened>, Vec<Op>)> + Send,
) -> Result<T> {
    for _ in 0..TRIES {
        let Some((mut thing, version)) = find::<T>(engine.store.as_ref(), id).await? else {
            return Err(missing::<T>(engine.store.as_ref(), id).await);
        };
        let (happened, more) = change(&mut thing)?;
        if happened.is_empty() && more.is_empty() {
            return Ok(thing);
        }
        let mut ops = write(&mut thing, version, happened)?;
        ops.extend(more);
        match engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await {
            Ok(_) => return Ok(thing),
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let text = format!("the {} `{id}` is changed by others all the time", T::WORD);
    Err(Error::new(Code::Conflict, text).hint("try again"))
}

/// Tells whether somebody else was faster.
pub(super) fn is_late(error: &Error) -> bool {
    matches!(error.code(), Code::Conflict | Code::Fenced)
}

/// Lists things, those with a tag if one is given; all pages.
pub(super) async fn list<T: Kept>(store: &dyn Store, tag: Option<&str>) -> Result<Vec<T>> {
    documents(store, T::KIND, tag).await?.iter().map(decode).collect()
}

/// Lists all documents of a kind, those with a tag if one is given; all pages.
pub(super) async fn documents(
    store: &dyn Store,
    kind: &str,
    tag: Option<&str>,
) -> Result<Vec<Document>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(kind, tag, after.as_deref(), 1_000).await?;
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// One thing that happened: when (milliseconds since 1970), the event's name, what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Past {
    /// The place in the stream, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `noun.verb` in the past tense, such as `agent.spawned`.
    pub name: String,
    /// What belongs to it.
    pub data: Value,
}

/// Reads what happened to a thing after a place, at most `limit` events.
pub(super) async fn past<T: Kept>(
    store: &dyn Store,
    id: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Past>> {
    let records = store.read(&stream::<T>(id), after, limit).await?;
    let past = |Stamped { seq, at, record }| match record {
        Record::Event(name, payload) => {
            Some(Past { seq, at, name, data: payload.decode().unwrap_or_default() })
        }
        _ => None,
    };
    Ok(records.into_iter().filter_map(past).collect())
}
