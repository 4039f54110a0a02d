//! From journal and snapshot to a state.

use serde_json::Value;

use super::fold::Core;
use super::kind::Object;
use super::names::{Name, documents};
use crate::contract::Store;
use crate::error::{Code, Error, Result};
use crate::model::{Class, Document, Failure, Op, Payload, Record};

use super::ask::PARKED;

/// How many records are read at once.
const PAGE: usize = 1000;

/// What was loaded, and how far its snapshot reaches.
pub(super) struct Loaded {
    pub core: Core,
    pub snapshot: u64,
}

/// Why an object cannot be loaded: the store, or its code.
pub(super) enum Unloaded {
    Store(Error),
    Code(Failure),
}

impl From<Error> for Unloaded {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Unloaded {
    fn from(failure: Failure) -> Self {
        Self::Code(Failure { class: Class::from(PARKED), ..failure })
    }
}

/// Loads an object as it was after an event; as it is, when that is 0.
pub(super) async fn load(
    store: &dyn Store,
    code: &dyn Object,
    name: &Name,
    at: Option<u64>,
) -> Result<Loaded, Unloaded> {
    let mut now = Core::empty();
    if at.is_none()
        && let Some(document) = store.get(&documents(&name.kind), &name.id).await?
        && let Some(found) = decode(&document)
    {
        newer(code, name, found.version)?;
        now = found.revive(code)?;
    }
    let snapshot = now.seq;
    let until = at.unwrap_or(u64::MAX);
    while now.seq < until {
        let most = usize::try_from(until - now.seq).unwrap_or(PAGE).min(PAGE);
        let page = store.read(&name.stream, now.seq, most).await?;
        let is_last = page.len() < most;
        for stamped in page {
            if stamped.seq != now.seq + 1 {
                return Err(Error::new(Code::Codec, format!("`{}` has a hole", name.stream)).into());
            }
            if let Record::Event(event, payload) = &stamped.record {
                let data = value(store, payload).await?;
                now.fold(code, event, &data)?;
                newer(code, name, now.version)?;
            }
        }
        if is_last {
            break;
        }
    }
    if now.version == 0 {
        now.state = std::sync::Arc::new(code.initialize(&name.id));
    }
    Ok(Loaded { core: now, snapshot })
}

fn newer(code: &dyn Object, name: &Name, version: u32) -> Result<(), Failure> {
    if version <= code.version() {
        return Ok(());
    }
    Err(Failure::error(format!(
        "{}/{} was written by version {version} of its code; here is version {}",
        name.kind,
        name.id,
        code.version()
    )))
}

/// Reads the value of an event.
pub(super) async fn value(store: &dyn Store, payload: &Payload) -> Result<Value> {
    let bytes = match payload {
        Payload::Inline(_, bytes) => bytes.clone(),
        Payload::Blob(_, digest, _) => store.blob(*digest).await?.ok_or_else(|| {
            Error::new(Code::Codec, format!("the bytes of an event are gone: blob {digest}"))
        })?,
    };
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::new(Code::Codec, "an event of an object cannot be read").because(e))
}

fn decode(document: &Document) -> Option<Core> {
    match serde_json::from_slice(&document.body) {
        Ok(core) => Some(core),
        Err(error) => {
            // The journal has all of it.
            tracing::warn!(id = %document.id, %error, "a snapshot cannot be read");
            None
        }
    }
}

/// Makes the operation that writes a snapshot.
pub(super) fn snapshot(name: &Name, core: &Core) -> Result<Op> {
    let body = serde_json::to_vec(core)
        .map_err(|e| Error::new(Code::Internal, "a snapshot cannot be encoded").because(e))?;
    let document = Document {
        kind: documents(&name.kind),
        id: name.id.clone(),
        version: 0,
        at: 0,
        tag: "".into(),
        body: body.into(),
    };
    Ok(Op::Put(document, None))
}
