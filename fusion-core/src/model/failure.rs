//! How an attempt failed, in fixed fields: data that every language can read, never a class to be rebuilt.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// The class of a failure: what retry policies match on.
///
/// An open set: the constants are the engine's own words, bodies may use others (a provider's `overloaded`, an
/// exception's type name). A sub-workflow that failed has the class of what failed in it: a policy on the node that runs it
/// tells a time limit from a wrong template, however deep it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Class(pub Cow<'static, str>);

impl Class {
    /// A body returned an error without a class of its own.
    pub const ERROR: Self = Self(Cow::Borrowed("error"));
    /// The attempt took longer than its time limit.
    pub const TIMEOUT: Self = Self(Cow::Borrowed("timeout"));
    /// The body panicked.
    pub const PANIC: Self = Self(Cow::Borrowed("panic"));
    /// A command ended with a non-zero exit code.
    pub const EXIT: Self = Self(Cow::Borrowed("exit"));
    /// A command was killed by a signal that was not ours.
    pub const SIGNAL: Self = Self(Cow::Borrowed("signal"));
    /// A command could not be started (no such program, not executable).
    pub const SPAWN: Self = Self(Cow::Borrowed("spawn"));
    /// A template or condition could not be evaluated.
    pub const TEMPLATE: Self = Self(Cow::Borrowed("template"));
    /// The output did not pass the node's checks.
    pub const VALIDATION: Self = Self(Cow::Borrowed("validation"));
    /// A value could not be decoded as the type that the step asks for.
    pub const DECODE: Self = Self(Cow::Borrowed("decode"));
    /// A limit of the engine was passed (see [`limits`](super::limits)).
    pub const LIMIT: Self = Self(Cow::Borrowed("limit"));
    /// The run was cancelled.
    pub const CANCELLED: Self = Self(Cow::Borrowed("cancelled"));
    /// The run that waited for this one does not wait any longer, and cancelled it.
    pub const LET_GO: Self = Self(Cow::Borrowed("let_go"));
    /// A person said no.
    pub const REJECTED: Self = Self(Cow::Borrowed("rejected"));
    /// A service is asked too often: with a time to come back at, the node waits, and it counts as no attempt.
    pub const RATE_LIMIT: Self = Self(Cow::Borrowed("rate_limit"));
    /// An at-most-once step was entered and nobody knows how it ended.
    pub const IN_DOUBT: Self = Self(Cow::Borrowed("in_doubt"));

    /// Tells whether trying the same again can never help; such failures are not retried unless a policy names them.
    pub fn is_permanent(&self) -> bool {
        [Self::TEMPLATE, Self::SPAWN, Self::DECODE, Self::LIMIT, Self::REJECTED, Self::IN_DOUBT]
            .contains(self)
            || self.is_cancel()
    }

    /// Tells whether somebody wanted the end.
    pub fn is_cancel(&self) -> bool {
        [Self::CANCELLED, Self::LET_GO].contains(self)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Class {
    fn from(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }
}

/// One failed attempt.
///
/// It is no [`std::error::Error`] itself, so that every error turns into one: a body may use `?` on what it calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// What retry policies match on.
    pub class: Class,
    /// One sentence for a person.
    pub message: String,
    /// The rest: a traceback, the end of a command's output.
    #[serde(default)]
    pub detail: Option<String>,
    /// Overrides the class's own word on whether trying again can help.
    #[serde(default)]
    pub retryable: Option<bool>,
    /// The least pause before the next attempt, in milliseconds, as the other side asked for.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

impl Failure {
    /// Makes a failure of a class.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), detail: None, retryable: None, retry_after_ms: None }
    }

    /// Makes a failure of the class `error`.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Class::ERROR, message)
    }

    /// Adds what does not fit in a sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says that trying again cannot help.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.retryable = Some(false);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

/// Lets programs pass failures on with `?`. A failure is no [`std::error::Error`] itself, so that every such error can become
/// a failure in a body.
macro_rules! boxed {
    ($type:ty) => {
        impl From<$type> for Box<dyn std::error::Error + Send + Sync> {
            fn from(failed: $type) -> Self {
                failed.to_string().into()
            }
        }

        impl From<$type> for Box<dyn std::error::Error> {
            fn from(failed: $type) -> Self {
                failed.to_string().into()
            }
        }
    };
}
pub(crate) use boxed;

boxed!(Failure);

impl<E: std::error::Error> From<E> for Failure {
    /// Keeps the error's sentence, and those of its sources as detail.
    fn from(error: E) -> Self {
        let mut detail = String::new();
        let mut source = error.source();
        while let Some(cause) = source {
            detail.extend(["because ", &cause.to_string(), "\n"]);
            source = cause.source();
        }
        let failure = Self::error(error.to_string());
        if detail.is_empty() { failure } else { failure.detail(detail) }
    }
}

impl Serialize for Failure {
    /// Leaves absent fields out of JSON only: in journals fields are told apart by their place.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let short = serializer.is_human_readable();
        let absent =
            [self.detail.is_none(), self.retryable.is_none(), self.retry_after_ms.is_none()];
        let left_out = absent.into_iter().filter(|absent| short && *absent).count();
        let mut fields = serializer.serialize_struct("Failure", 5 - left_out)?;
        fields.serialize_field("class", &self.class)?;
        fields.serialize_field("message", &self.message)?;
        if !short || self.detail.is_some() {
            fields.serialize_field("detail", &self.detail)?;
        }
        if !short || self.retryable.is_some() {
            fields.serialize_field("retryable", &self.retryable)?;
        }
        if !short || self.retry_after_ms.is_some() {
            fields.serialize_field("retry_after_ms", &self.retry_after_ms)?;
        }
        fields.end()
    }
}
