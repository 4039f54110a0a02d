//! Which fault a failure of a step is.

use fusion_core::model::chat::{Fault, FaultKind};
use fusion_core::model::{Class, Failure};

/// Makes the fault of a failure.
///
/// A class that is the word of a kind is that kind. Anything else is code that did not mean to fail: for the caller it is as if a
/// service had trouble of its own, which may be gone at the next attempt or elsewhere; what says that trying again is in vain
/// is `unsupported`, and what asks for a pause a `rate_limit`.
pub(super) fn fault(failure: &Failure, provider: &str) -> Fault {
    let word = failure.class.to_string();
    let kind = FaultKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    let message = match kind {
        Some(_) => failure.message.clone(),
        None => format!("{word}: {}", failure.message),
    };
    let kind = kind.unwrap_or_else(|| other(failure));
    let mut fault = Fault::new(kind, message).provider(provider);
    if let Some(detail) = &failure.detail {
        fault = fault.detail(detail.clone());
    }
    match failure.retry_after_ms {
        Some(ms) => fault.retry_after_ms(ms),
        None => fault,
    }
}

fn other(failure: &Failure) -> FaultKind {
    if failure.class.is_cancel() {
        FaultKind::Cancelled
    } else if failure.class == Class::DECODE {
        FaultKind::Malformed
    } else if failure.retry_after_ms.is_some() {
        FaultKind::RateLimit
    } else if failure.retryable == Some(false) {
        FaultKind::Unsupported
    } else {
        match failure.class.to_string().as_str() {
            "TimeoutError" => FaultKind::Timeout,
            "ConnectionError"
            | "ConnectionResetError"
            | "ConnectionRefusedError"
            | "BrokenPipeError" => FaultKind::Transport,
            _ => FaultKind::Overloaded,
        }
    }
}
