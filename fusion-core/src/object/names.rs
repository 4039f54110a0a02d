//! Names of streams, queues and keys.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::model::{Enqueue, SessionId, limits};

/// An object's kind and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub kind: Arc<str>,
    pub id: Arc<str>,
    /// The stream, which is also the key of the queue entry.
    pub stream: Arc<str>,
}

/// The longest name of a kind, in bytes.
const KIND_BYTES: usize = 64;

impl Name {
    /// Takes a kind and an id.
    pub(super) fn new(kind: &str, id: &str) -> Result<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-' | '@');
        let is_kind = !kind.is_empty() && kind.len() <= KIND_BYTES && kind.chars().all(fits);
        let is_id = !id.is_empty() && id.len() <= limits::NAME_BYTES && id.chars().all(fits);
        if !is_kind || !is_id {
            let short: String = format!("{kind}/{id}").chars().take(100).collect();
            return Err(Error::new(Code::InvalidId, format!("`{short}` is no name of an object"))
                .hint(
                    "a kind is 1 to 64, an id 1 to 128 of the characters A-Z a-z 0-9 . _ : - @",
                ));
        }
        let stream = format!("object/{kind}/{id}").into();
        Ok(Self { kind: kind.into(), id: id.into(), stream })
    }

    /// Reads the name of a stream.
    pub(super) fn of_stream(stream: &str) -> Option<Self> {
        let (kind, id) = stream.strip_prefix("object/")?.split_once('/')?;
        Self::new(kind, id).ok()
    }

    pub(super) fn inbox(&self) -> Arc<str> {
        format!("inbox/{}", self.stream).into()
    }

    /// The object's one queue entry.
    pub(super) fn entry(&self, session: Option<SessionId>, due: i64) -> Enqueue {
        Enqueue {
            queue: queue(&self.kind),
            dedup: Some(self.stream.clone()),
            due,
            stream: Some(self.stream.clone()),
            session,
            ..Enqueue::default()
        }
    }
}

/// Names the queue of the objects of a kind.
pub(super) fn queue(kind: &str) -> Arc<str> {
    format!("objects/{kind}").into()
}

/// Names the queue of objects whose code is too old, or has no way from their version.
pub(super) fn parked(kind: &str) -> Arc<str> {
    format!("parked/{kind}").into()
}

/// Names the kind of the documents that hold the snapshots of a kind.
pub(super) fn documents(kind: &str) -> Arc<str> {
    format!("object/{kind}").into()
}

/// Names the queue of answers to a session.
pub(super) fn answers(session: SessionId) -> Arc<str> {
    format!("replies/{:x}", session.0).into()
}
