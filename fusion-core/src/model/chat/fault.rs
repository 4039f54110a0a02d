//! How a call of a provider failed, by classes that policies can tell apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Quota;
use crate::model::{Class, Failure};

/// The class of a fault.
///
/// | class | may go away by itself | may go away elsewhere |
/// |---|---|---|
/// | `auth` | | x |
/// | `rate_limit` | x | x |
/// | `overloaded` | x | x |
/// | `context_too_long` | | x |
/// | `content_refused` | | x |
/// | `invalid_request` | | |
/// | `timeout` | x | x |
/// | `transport` | x | x |
/// | `malformed` | x | x |
/// | `unsupported` | | x |
/// | `budget` | | |
/// | `cancelled` | | |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The key is missing, wrong, or may not do this; the account is not paid (401, 402, 403).
    Auth,
    /// The account asked too often or for too much (429).
    RateLimit,
    /// The provider has trouble of its own (5xx), or a circuit breaker keeps calls away from it.
    Overloaded,
    /// The messages do not fit into what the model holds in mind.
    ContextTooLong,
    /// A filter of the provider's refused the question, so that there is no answer at all.
    ContentRefused,
    /// The request is wrong: the same one will be wrong again (400, 404, 422).
    InvalidRequest,
    /// A time limit passed.
    Timeout,
    /// The connection could not be made, or broke.
    Transport,
    /// The provider said something that cannot be understood, or stopped in the middle.
    Malformed,
    /// The provider cannot do this at all.
    Unsupported,
    /// A budget does not allow the call; nothing was spent.
    Budget,
    /// The caller wished it to end.
    Cancelled,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Auth,
        Self::RateLimit,
        Self::Overloaded,
        Self::ContextTooLong,
        Self::ContentRefused,
        Self::InvalidRequest,
        Self::Timeout,
        Self::Transport,
        Self::Malformed,
        Self::Unsupported,
        Self::Budget,
        Self::Cancelled,
    ];

    /// Gives its word: the class that `retry.on` of a node names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::ContextTooLong => "context_too_long",
            Self::ContentRefused => "content_refused",
            Self::InvalidRequest => "invalid_request",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::Budget => "budget",
            Self::Cancelled => "cancelled",
        }
    }

    /// Tells whether the same request may succeed later.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::RateLimit | Self::Overloaded | Self::Timeout | Self::Transport | Self::Malformed
        )
    }

    /// Tells whether another provider or model may answer the same request.
    pub fn may_pass_elsewhere(self) -> bool {
        !matches!(self, Self::InvalidRequest | Self::Budget | Self::Cancelled)
    }

    /// Gives the kind that an HTTP status stands for, when the body says nothing better.
    pub fn of_status(status: u16) -> Self {
        match status {
            401..=403 => Self::Auth,
            408 | 504 => Self::Timeout,
            413 => Self::ContextTooLong,
            429 => Self::RateLimit,
            451 => Self::ContentRefused,
            501 => Self::Unsupported,
            400..=499 => Self::InvalidRequest,
            500..=599 => Self::Overloaded,
            _ => Self::Malformed,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a call of a provider failed.
///
/// It is no [`std::error::Error`] itself, so that a body may use `?` on a call: it becomes a [`Failure`] of the same class,
/// with the pause that the provider asked for.
///
/// ```
/// use fusion_core::model::chat::{Fault, FaultKind};
/// use fusion_core::model::{Backoff, Failure};
///
/// let fault = Fault::new(FaultKind::RateLimit, "too many requests").retry_after_ms(2_000);
/// let failure = Failure::from(fault);
/// assert_eq!((failure.class.0.as_ref(), failure.retry_after_ms), ("rate_limit", Some(2_000)));
/// assert!(Backoff::default().covers(&failure));
/// assert!(!Backoff::default().covers(&Fault::new(FaultKind::Auth, "wrong key").into()));
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault(Box<Inner>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Inner {
    kind: FaultKind,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
}

impl Fault {
    /// Makes a fault of a kind with one sentence.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            kind,
            message,
            detail: None,
            provider: None,
            status: None,
            retry_after_ms: None,
            quota: None,
        }))
    }

    /// Makes the fault of a provider that cannot do something.
    pub fn unsupported(provider: &str, what: &str) -> Self {
        Self::new(FaultKind::Unsupported, format!("it offers no {what}")).provider(provider)
    }

    /// Adds what does not fit in a sentence, such as the body of a response.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds who failed, unless it is known already.
    #[must_use]
    pub fn provider(mut self, name: &str) -> Self {
        self.0.provider.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the least pause before the next attempt, in milliseconds, as the other side asked for.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.0.retry_after_ms = Some(ms);
        self
    }

    /// Adds what the response said of the account's limits.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.0.quota = Some(quota);
        self
    }

    /// Gives it with every text in it changed by `change`, as redaction does.
    #[must_use]
    pub fn with_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        self.0.message = change(&self.0.message);
        self.0.detail = self.0.detail.take().map(|detail| change(&detail));
        self
    }

    /// Gives the kind.
    pub fn kind(&self) -> FaultKind {
        self.0.kind
    }

    /// Gives the sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Gives what did not fit in the sentence.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Gives who failed.
    pub fn provider_name(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// Gives the HTTP status.
    pub fn http_status(&self) -> Option<u16> {
        self.0.status
    }

    /// Gives the least pause before the next attempt, in milliseconds.
    pub fn pause_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }

    /// Gives what the response said of the account's limits.
    pub fn observed(&self) -> Option<Quota> {
        self.0.quota
    }
}

impl fmt::Display for Fault {
    /// Writes one line: provider, kind, status and sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(provider) = &self.0.provider {
            write!(f, "{provider}: ")?;
        }
        write!(f, "{}", self.0.kind)?;
        if let Some(status) = self.0.status {
            write!(f, " ({status})")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl fmt::Debug for Fault {
    /// Writes everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if let Some(ms) = self.0.retry_after_ms {
            write!(f, " (try again after {ms} ms)")?;
        }
        if let Some(detail) = &self.0.detail {
            write!(f, "\n{detail}")?;
        }
        Ok(())
    }
}

crate::model::failure::boxed!(Fault);

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let class = match fault.0.kind {
            FaultKind::Timeout => Class::TIMEOUT,
            FaultKind::Cancelled => Class::CANCELLED,
            kind => Class(kind.as_str().into()),
        };
        let message = match (&fault.0.provider, fault.0.status) {
            (Some(provider), Some(status)) => {
                format!("{provider} ({status}): {}", fault.0.message)
            }
            (Some(provider), None) => format!("{provider}: {}", fault.0.message),
            (None, Some(status)) => format!("({status}): {}", fault.0.message),
            (None, None) => fault.0.message,
        };
        Self {
            class,
            message,
            detail: fault.0.detail,
            retryable: Some(fault.0.kind.may_pass()),
            retry_after_ms: fault.0.retry_after_ms,
        }
    }
}
