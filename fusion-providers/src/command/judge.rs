//! How a program ended, as a fault of the class that fits. Pure.

use fusion_core::contract::Exit;
use fusion_core::model::Failure;
use fusion_core::model::chat::{Fault, FaultKind, Quota};

use super::decode::{Reader, Wrong};
use super::dialect::Dialect;
use crate::http::Heard;

/// The longest sentence that is taken over, in characters.
const MESSAGE: usize = 500;
/// How much of the complaints is kept, in characters from the end.
const DETAIL: usize = 2_000;

/// Words that tell a class when there is no status. What stands first wins.
const WORDS: &[(FaultKind, &[&str])] = &[
    (
        FaultKind::ContextTooLong,
        &[
            "context length",
            "context window",
            "context_length",
            "maximum context",
            "prompt is too long",
        ],
    ),
    (
        FaultKind::RateLimit,
        &["rate limit", "rate_limit", "too many requests", "usage limit", "quota", "limit reached"],
    ),
    (
        FaultKind::Auth,
        &[
            "not logged in",
            "/login",
            "authenticat",
            "unauthorized",
            "api key",
            "api_key",
            "auth type",
            "auth method",
            "credential",
        ],
    ),
    (FaultKind::Overloaded, &["overloaded", "internal server error", "service unavailable"]),
    (FaultKind::Timeout, &["timed out", "timeout"]),
    (
        FaultKind::Transport,
        &["econnrefused", "enotfound", "econnreset", "network", "fetch failed", "disconnected"],
    ),
    (
        FaultKind::InvalidRequest,
        &[
            "unknown option",
            "unknown argument",
            "unexpected argument",
            "model not found",
            "invalid model",
        ],
    ),
];

/// Judges a program that ended by itself: by its final event, then by its exit code.
pub(super) fn judge(dialect: &Dialect, said: &Reader, exit: &Exit) -> Result<(), Fault> {
    let complaints = said.hide(&String::from_utf8_lossy(&exit.stderr));
    if let Some(wrong) = &said.wrong {
        return Err(detailed(fault_of(dialect, wrong), &complaints));
    }
    if exit.code != Some(0) {
        return Err(failed(dialect, said, exit, &complaints));
    }
    if dialect.says_end() && !said.is_over {
        let message = "it ended without the event that ends an answer";
        let fault = Fault::new(FaultKind::Malformed, message);
        return Err(detailed(fault, said.garbage.as_deref().unwrap_or(&complaints)));
    }
    if dialect.output != super::dialect::Form::Text && said.garbage.is_some() && said.is_silent() {
        let fault = Fault::new(FaultKind::Malformed, "what it wrote is no JSON");
        return Err(detailed(fault, said.garbage.as_deref().unwrap_or_default()));
    }
    Ok(())
}

/// Judges what the program itself said of its failure.
pub(super) fn fault_of(dialect: &Dialect, wrong: &Wrong) -> Fault {
    let status = wrong.status.or_else(|| status_in(&wrong.said));
    let kind = own_word(dialect, &wrong.said).or_else(|| {
        let status = status?;
        let body = wrong.said.as_bytes();
        Some(Heard { status, body, retry_after_ms: None, quota: Quota::default() }.fault().kind())
    });
    let fault = sentence(dialect, kind.or_else(|| word(&wrong.said)), &wrong.said);
    match status {
        Some(status) => fault.status(status),
        None => fault,
    }
}

/// Says why a program could not be started, with what installs it.
pub(super) fn unstarted(dialect: &Dialect, failure: &Failure) -> Fault {
    if failure.class.is_cancel() {
        return Fault::new(FaultKind::Cancelled, "the call was cancelled");
    }
    let program = dialect.program();
    let is_missing =
        failure.message.contains("not found in") || failure.message.contains("does not exist");
    let message = if is_missing && !dialect.install.is_empty() {
        format!("`{program}` is not installed: `{}` installs it", dialect.install)
    } else {
        failure.message.clone()
    };
    let kind =
        if &*failure.class.0 == "spawn" { FaultKind::Unsupported } else { FaultKind::Transport };
    let fault = Fault::new(kind, message);
    if is_missing { fault.detail(failure.message.clone()) } else { fault }
}

/// A program that did not end with 0 and said nothing of a failure in its events.
fn failed(dialect: &Dialect, said: &Reader, exit: &Exit, complaints: &str) -> Fault {
    let how = match (exit.code, exit.signal) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "nobody knows how it ended".to_owned(),
    };
    let lines = || complaints.lines().map(str::trim).filter(|line| !line.is_empty());
    let last = said.last_words();
    // The line that tells the class tells most.
    let told = lines().find(|line| word(line).is_some() || own_word(dialect, line).is_some());
    let told = told.or(said.garbage.as_deref()).or_else(|| lines().next_back());
    let told = told.unwrap_or_else(|| last.lines().next_back().unwrap_or_default());
    let of_code = exit.code.and_then(|code| dialect.exits.get(&code).copied());
    let kind = own_word(dialect, told).or(of_code).or_else(|| word(told));
    let message = if told.is_empty() { how } else { format!("{how}: {told}") };
    detailed(sentence(dialect, kind, &message), complaints)
}

/// Makes the fault; one who has to log in is told how.
fn sentence(dialect: &Dialect, kind: Option<FaultKind>, said: &str) -> Fault {
    let kind = kind.unwrap_or(FaultKind::Overloaded);
    let mut message: String = said.trim().chars().take(MESSAGE).collect();
    if message.is_empty() {
        "it failed and did not say why".clone_into(&mut message);
    }
    if kind == FaultKind::Auth && !dialect.login.is_empty() {
        message = format!("{message} ({})", dialect.login);
    }
    Fault::new(kind, message)
}

fn detailed(fault: Fault, complaints: &str) -> Fault {
    let complaints = complaints.trim();
    if complaints.is_empty() || fault.message().contains(complaints) {
        return fault;
    }
    let from = complaints.char_indices().rev().nth(DETAIL).map_or(0, |(at, _)| at);
    fault.detail(complaints.get(from..).unwrap_or_default())
}

fn own_word(dialect: &Dialect, said: &str) -> Option<FaultKind> {
    let said = said.to_lowercase();
    let tells = |words: &[String]| words.iter().any(|word| said.contains(&word.to_lowercase()));
    dialect.faults.iter().find(|(_, words)| tells(words)).map(|(kind, _)| *kind)
}

fn word(said: &str) -> Option<FaultKind> {
    let said = said.to_lowercase();
    let tells = |words: &[&str]| words.iter().any(|word| said.contains(word));
    WORDS.iter().find(|(_, words)| tells(words)).map(|(kind, _)| *kind)
}

/// Finds an HTTP status that a sentence tells: `unexpected status 401`, `(HTTP 429)`, `[API Error: 503 …`, `"code":401`.
fn status_in(said: &str) -> Option<u16> {
    let said = said.to_lowercase();
    let words =
        said.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut before = "";
    for word in words {
        let tells = ["status", "http", "error", "code", "statuscode"].contains(&before);
        let status = word.parse().ok().filter(|status| (400..600).contains(status));
        if let Some(status) = status.filter(|_| tells && word.len() == 3) {
            return Some(status);
        }
        before = word;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_come_from_statuses_and_words() {
        use FaultKind as K;
        let dialect = Dialect::of_template("x").unwrap();
        for (said, kind) in [
            ("unexpected status 401 Unauthorized: no", K::Auth),
            ("[API Error: 429 slow down]", K::RateLimit),
            ("[API Error: {\"error\":{\"code\":503,\"message\":\"busy\"}}]", K::Overloaded),
            ("Authentication failed with provider (HTTP 401).", K::Auth),
            ("Error 400: maximum context length is 8192 tokens", K::ContextTooLong),
            ("Not logged in · Please run /login", K::Auth),
            ("No auth type is selected.", K::Auth),
            ("You've hit your usage limit.", K::RateLimit),
            ("stream disconnected before completion", K::Transport),
            ("request timed out", K::Timeout),
            ("the prompt has 500 words", K::Overloaded),
        ] {
            let wrong = Wrong { said: said.to_owned(), status: None };
            assert_eq!(fault_of(&dialect, &wrong).kind(), kind, "{said}");
        }
    }
}
