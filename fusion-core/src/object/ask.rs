//! What an object is asked, and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;

use super::names::Name;
use crate::error::{Code, Error};
use crate::model::{Class, Failure, Ticket};

/// The class of a refusal because the object stands elsewhere than was expected.
pub(super) const CONFLICT: &str = "conflict";
/// The class of a refusal because there is no code for the object's version.
pub(super) const PARKED: &str = "parked";

/// What an object answers: a value and where it stands then.
pub(super) type Answer = Result<(Value, u64), Failure>;

/// What is told to a caller of this process.
#[derive(Debug)]
pub(super) enum Told {
    Answer(Answer),
    /// Its store refused or failed: that is the caller's error, not the object's.
    Failed(Error),
    /// It was let go before it heard: ask again.
    Again,
    /// Another process has it.
    Elsewhere,
}

/// Who waits for the answer.
#[derive(Debug)]
pub(super) enum Asker {
    Here(oneshot::Sender<Told>),
    /// A caller of another process: the session, and the call's name.
    There(u64, String),
    Nobody,
}

/// A message to an object.
#[derive(Debug)]
pub(super) struct Ask {
    pub said: Said,
    pub asker: Asker,
    /// The entry of the inbox that it came by.
    pub from: Option<Ticket>,
    pub timer: bool,
}

/// What is said. Field order is the stored form: fields are only added, at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Said {
    pub name: String,
    /// The content, as JSON text.
    pub content: String,
    /// Where the object has to stand.
    pub expect: Option<u64>,
    /// Who waits elsewhere: the session, and the call's name.
    pub asker: Option<(u64, String)>,
}

impl Asker {
    /// Tells a caller of this process.
    pub(super) fn tell(self, told: Told) {
        if let Self::Here(asker) = self {
            // He may have gone.
            let _gone = asker.send(told);
        }
    }
}

/// Says that an object stands elsewhere.
pub(super) fn conflict(name: &Name, is: u64, expected: u64) -> Failure {
    let text = format!("{}/{} is at event {is}, not at {expected}", name.kind, name.id);
    Failure::new(Class::from(CONFLICT), text).permanent()
}

/// Words a failure as the error of a call.
pub(super) fn error(name: &Name, failure: Failure) -> Error {
    let text = failure.message.clone();
    match failure.class.0.as_ref() {
        CONFLICT => Error::new(Code::Conflict, text).hint("read again and repeat"),
        PARKED => Error::new(Code::ObjectParked, text)
            .hint("register code of the version that wrote it, or one that has a way from there"),
        _ => Error::new(Code::ObjectFailed, format!("{}/{}: {text}", name.kind, name.id))
            .with_failure(failure),
    }
}
