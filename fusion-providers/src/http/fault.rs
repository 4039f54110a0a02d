//! From a response that is no answer to a fault of the right class.

use fusion_core::model::chat::{Fault, FaultKind, Quota};
use serde_json::Value;

use crate::wire::json;

/// The longest message that is taken over, in characters.
const MESSAGE: usize = 500;
/// The longest body that is kept as detail, in characters.
const DETAIL: usize = 2_000;
/// The longest pause that is believed, in milliseconds: a day.
const WAIT_MS_MAX: u64 = 24 * 3_600_000;

/// Words that tell a class, with the statuses at which they do. What stands first wins.
const WORDS: &[(FaultKind, std::ops::RangeInclusive<u16>, &[&str])] = &[
    (
        FaultKind::ContextTooLong,
        400..=422,
        &[
            "context_length",
            "context length",
            "context window",
            "context size",
            "context_size",
            "maximum context",
            "prompt is too long",
            "input token count",
            "too many input tokens",
            "reduce the length",
        ],
    ),
    (
        FaultKind::ContextTooLong,
        500..=500,
        &["context_length", "context length", "context window", "context size", "maximum context"],
    ),
    (
        FaultKind::Auth,
        400..=429,
        &[
            "insufficient_quota",
            "credit balance is too low",
            "billing_error",
            "api key not valid",
            "incorrect api key",
            "invalid api key",
            "invalid_api_key",
            "api_key_invalid",
            "invalid x-api-key",
        ],
    ),
    (
        FaultKind::ContentRefused,
        400..=403,
        &[
            "content_filter",
            "content_policy",
            "content management policy",
            "moderation",
            "flagged",
            "safety system",
        ],
    ),
    (
        FaultKind::Overloaded,
        400..=599,
        &["overloaded_error", "model is overloaded", "currently loading"],
    ),
    // Some servers answer a client's fault with 500.
    (
        FaultKind::InvalidRequest,
        500..=500,
        &[
            "validation error",
            "validation_error",
            "literal_error",
            "input should be",
            "invalid_request",
            "unsupported param",
            "failed to parse",
            "type must be",
            "missing required",
            "must be a ",
            "must be an ",
        ],
    ),
];

/// A response that is no answer.
pub(crate) struct Heard<'r> {
    /// Its status; for an error in the middle of a stream the one that its body names, or 500.
    pub(crate) status: u16,
    pub(crate) body: &'r [u8],
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) quota: Quota,
}

impl Heard<'_> {
    /// Makes the fault.
    pub(crate) fn fault(&self) -> Fault {
        let value: Option<Value> = serde_json::from_slice(self.body).ok();
        let raw = String::from_utf8_lossy(self.body);
        let message = value.as_ref().map(|value| said(value).to_owned()).unwrap_or_default();
        let message = match message.trim() {
            "" if raw.trim().is_empty() => {
                format!("the service answered with status {}", self.status)
            }
            "" => raw
                .lines()
                .map(str::trim)
                .find(|line| !line.is_empty())
                .unwrap_or_default()
                .to_owned(),
            said => said.to_owned(),
        };
        let shown = short(&message, MESSAGE);
        let mut fault =
            Fault::new(self.kind(&raw.to_lowercase()), shown.as_str()).status(self.status);
        if raw.trim() != shown {
            fault = fault.detail(short(raw.trim(), DETAIL));
        }
        if let Some(ms) = self.retry_after_ms.or_else(|| value.as_ref().and_then(delay_ms)) {
            fault = fault.retry_after_ms(ms.min(WAIT_MS_MAX));
        }
        if self.quota.is_empty() { fault } else { fault.quota(self.quota) }
    }

    fn kind(&self, body: &str) -> FaultKind {
        let tells = |(_, statuses, words): &&(FaultKind, _, &[&str])| {
            std::ops::RangeInclusive::contains(statuses, &self.status)
                && words.iter().any(|word| body.contains(word))
        };
        match WORDS.iter().find(tells) {
            Some((kind, ..)) => *kind,
            None if self.status == 529 => FaultKind::Overloaded,
            None if (300..400).contains(&self.status) => FaultKind::InvalidRequest,
            None => FaultKind::of_status(self.status),
        }
    }
}

/// Finds the sentence in the body of an error, in the forms of the services that we know.
fn said(value: &Value) -> &str {
    let paths = [
        "/error/metadata/raw",
        "/error/message",
        "/error",
        "/message",
        "/detail",
        "/detail/0/msg",
        "/0/error/message",
        "/errors/0/message",
    ];
    paths
        .iter()
        .map(|path| json::text(value, path))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Finds the pause that Google's services ask for: `"retryDelay": "13s"`.
fn delay_ms(value: &Value) -> Option<u64> {
    let details = json::list(value, "/error/details").iter();
    let mut delays = details.map(|detail| json::text(detail, "/retryDelay"));
    let delay = delays.find(|delay| !delay.is_empty())?;
    let seconds: f64 =
        delay.strip_suffix('s')?.parse().ok().filter(|seconds: &f64| *seconds >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it stops at both ends"
    )]
    let ms = (seconds * 1_000.0).ceil() as u64;
    Some(ms)
}

fn short(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(status: u16, body: &str) -> Fault {
        Heard { status, body: body.as_bytes(), retry_after_ms: None, quota: Quota::default() }
            .fault()
    }

    #[test]
    fn a_pause_of_more_than_a_day_is_not_believed() {
        let heard = Heard {
            status: 429,
            body: b"",
            retry_after_ms: Some(u64::MAX),
            quota: Quota::default(),
        };
        assert_eq!(heard.fault().pause_ms(), Some(WAIT_MS_MAX));
    }

    #[test]
    fn classes_come_from_status_and_words() {
        use FaultKind as K;
        for (status, body, kind, message) in [
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided"}}"#,
                K::Auth,
                "Incorrect API key provided",
            ),
            (
                429,
                r#"{"error":{"message":"slow down","type":"rate_limit"}}"#,
                K::RateLimit,
                "slow down",
            ),
            (
                429,
                r#"{"error":{"message":"no money","code":"insufficient_quota"}}"#,
                K::Auth,
                "no money",
            ),
            (
                400,
                r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#,
                K::ContextTooLong,
                "m",
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
                K::ContextTooLong,
                "the request exceeds the available context size",
            ),
            (
                400,
                r#"[{"error":{"message":"API key not valid. Please pass a valid API key."}}]"#,
                K::Auth,
                "API key not valid. Please pass a valid API key.",
            ),
            (
                403,
                r#"{"error":{"message":"input was flagged"}}"#,
                K::ContentRefused,
                "input was flagged",
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                K::Overloaded,
                "Overloaded",
            ),
            (
                500,
                r#"{"error":{"message":"[{'type': 'literal_error', 'msg': \"Input should be 'system'\"}]"}}"#,
                K::InvalidRequest,
                "[{'type': 'literal_error', 'msg': \"Input should be 'system'\"}]",
            ),
            (500, "", K::Overloaded, "the service answered with status 500"),
            (502, "<html>\n<h1>Bad gateway</h1>", K::Overloaded, "<html>"),
            (404, r#"{"error":"model 'x' not found"}"#, K::InvalidRequest, "model 'x' not found"),
            (422, r#"{"detail":[{"msg":"field required"}]}"#, K::InvalidRequest, "field required"),
            (302, "", K::InvalidRequest, "the service answered with status 302"),
        ] {
            let fault = heard(status, body);
            assert_eq!((fault.kind(), fault.message()), (kind, message), "{status} {body}");
            assert_eq!(fault.http_status(), Some(status));
        }
    }

    #[test]
    fn long_bodies_are_shortened_and_delays_are_found() {
        let fault = heard(500, &"x".repeat(100_000));
        assert!(fault.message().chars().count() == MESSAGE + 1, "{}", fault.message().len());
        assert!(fault.detail_text().unwrap().chars().count() <= DETAIL + 1);
        let body = r#"{"error":{"code":429,"message":"quota","details":[{"@type":"x"},{"retryDelay":"13.5s"}]}}"#;
        assert_eq!(heard(429, body).pause_ms(), Some(13_500));
    }
}
