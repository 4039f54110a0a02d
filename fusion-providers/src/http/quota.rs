//! What headers say of an account's limits, and of how long to wait.

use fusion_core::model::chat::{Allowance, Quota};

use super::date;

/// Numbers above this are moments since 1970, in milliseconds; those above a thousandth of it, in seconds.
const MOMENT_MS: f64 = 1e11;
/// The same, as a whole number.
const MOMENTS_MS: u64 = 100_000_000_000;

/// A header by its name.
pub(super) type Headers<'h> = dyn Fn(&str) -> Option<String> + 'h;

/// Tells how long the other side asks to wait, in milliseconds from a moment (milliseconds since 1970).
pub(super) fn retry_after_ms(headers: &Headers<'_>, now: i64) -> Option<u64> {
    if let Some(ms) = headers("retry-after-ms").and_then(|text| milliseconds(&text, 1.0)) {
        return Some(ms);
    }
    let text = headers("retry-after")?;
    match milliseconds(&text, 1_000.0) {
        // Some services say when it is, and not how long.
        Some(ms) if ms > MOMENTS_MS => until(i64::try_from(ms).unwrap_or(i64::MAX), now),
        None => until(date::http(text.trim())?, now),
        length => length,
    }
}

/// Gathers what the headers say of the account's limits, in the spellings of OpenAI, Anthropic and OpenRouter.
pub(super) fn quota(headers: &Headers<'_>, now: i64) -> Quota {
    let mut quota = Quota::default();
    for (kind, place) in [("requests", &mut quota.requests), ("tokens", &mut quota.tokens)] {
        let spelled = [
            [
                format!("x-ratelimit-limit-{kind}"),
                format!("x-ratelimit-remaining-{kind}"),
                format!("x-ratelimit-reset-{kind}"),
            ],
            ["limit", "remaining", "reset"]
                .map(|what| format!("anthropic-ratelimit-{kind}-{what}")),
        ];
        *place = spelled.iter().find_map(|names| allowance(headers, names, now));
    }
    let plain = ["limit", "remaining", "reset"].map(|what| format!("x-ratelimit-{what}"));
    quota.requests = quota.requests.or_else(|| allowance(headers, &plain, now));
    quota
}

fn allowance(headers: &Headers<'_>, names: &[String; 3], now: i64) -> Option<Allowance> {
    let [limit, remaining, reset] = names;
    let number = |name: &String| headers(name)?.trim().parse().ok();
    let (limit, remaining) = (number(limit), number(remaining));
    if limit.is_none() && remaining.is_none() {
        return None;
    }
    let reset_ms = headers(reset).and_then(|text| reset_in(text.trim(), now));
    Some(Allowance { limit, remaining, reset_ms })
}

/// Reads when a window ends: a span (`6m0s`, `120ms`, seconds), or a moment.
fn reset_in(text: &str, now: i64) -> Option<u64> {
    if let Ok(number) = text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "moments are whole and far below 2^53")]
        let moment = |ms: f64| until(ms as i64, now);
        return match number {
            ms if ms >= MOMENT_MS => moment(ms),
            seconds if seconds >= MOMENT_MS / 1_000.0 => moment(seconds * 1_000.0),
            _ => milliseconds(text, 1_000.0),
        };
    }
    span(text).or_else(|| until(date::internet(text)?, now))
}

/// Reads `1h2m3.5s` or `120ms`.
fn span(text: &str) -> Option<u64> {
    let (mut rest, mut ms) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|sign: char| !sign.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let scale = match unit {
            "ms" => 1.0,
            "s" => 1_000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return None,
        };
        ms = ms.saturating_add(milliseconds(number, scale)?);
        rest = next;
    }
    (!text.is_empty()).then_some(ms)
}

/// Reads a number of so many milliseconds each, rounded up.
fn milliseconds(text: &str, scale: f64) -> Option<u64> {
    let number: f64 = text.trim().parse().ok().filter(|number: &f64| *number >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it stops at both ends"
    )]
    let ms = (number * scale).ceil() as u64;
    Some(ms)
}

fn until(moment: i64, now: i64) -> Option<u64> {
    u64::try_from(moment.saturating_sub(now).max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_320_306_000;

    fn of<'h>(pairs: &'h [(&'h str, &'h str)]) -> impl Fn(&str) -> Option<String> + 'h {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        for (name, value, ms) in [
            ("retry-after", "2", Some(2_000)),
            ("retry-after", "0.5", Some(500)),
            ("retry-after", "1795320316", Some(10_000)),
            ("retry-after-ms", "120", Some(120)),
            ("retry-after", "Sun, 22 Nov 2026 04:05:16 GMT", Some(10_000)),
            ("retry-after", "Sun, 22 Nov 2026 04:00:00 GMT", Some(0)),
            ("retry-after", "later", None),
            ("retry-after", "-5", None),
            ("date", "2", None),
        ] {
            assert_eq!(retry_after_ms(&of(&[(name, value)]), NOW), ms, "{name}: {value}");
        }
    }

    #[test]
    fn limits_are_read_in_every_spelling() {
        let openai = [
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-remaining-tokens", "30000"),
            ("x-ratelimit-reset-tokens", "6m0.5s"),
        ];
        let anthropic = [
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-22T04:05:36Z"),
        ];
        let router = [
            ("x-ratelimit-limit", "20"),
            ("x-ratelimit-remaining", "3"),
            ("x-ratelimit-reset", "1795320307000"),
        ];
        let found = quota(&of(&openai), NOW);
        let made = |limit, remaining, reset_ms| Some(Allowance { limit, remaining, reset_ms });
        assert_eq!(found.requests, made(Some(500), Some(499), Some(120)));
        assert_eq!(found.tokens, made(None, Some(30_000), Some(360_500)));
        assert_eq!(quota(&of(&anthropic), NOW).requests, made(Some(50), Some(0), Some(30_000)));
        assert_eq!(quota(&of(&router), NOW).requests, made(Some(20), Some(3), Some(1_000)));
        assert!(quota(&of(&[("content-type", "text/plain")]), NOW).is_empty());
        assert_eq!(span("1x"), None);
    }
}
