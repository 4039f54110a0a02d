//! Colours, lengths of time, moments.

use fusion_core::graph::duration;
use fusion_core::model::{NodeStatus, RunStatus, Wait};
use serde_json::{Value, json};

/// A colour of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Plain,
    Red,
    Green,
    Yellow,
    Cyan,
    Dim,
}

impl Color {
    /// Writes a text in the colour, if colours are wanted.
    pub(crate) fn paint(self, text: &str, wanted: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Cyan => "36",
            Self::Dim => "2",
        };
        if wanted { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The colour of a status word, of runs and nodes alike.
pub(crate) fn status_color(word: &str) -> Color {
    let is = |status: NodeStatus| status.word() == word;
    if word == RunStatus::Failed.word() || is(NodeStatus::InDoubt) {
        Color::Red
    } else if word == RunStatus::Succeeded.word() {
        Color::Green
    } else if is(NodeStatus::Running) {
        Color::Cyan
    } else if word == RunStatus::Paused.word()
        || is(NodeStatus::Waiting)
        || is(NodeStatus::Retrying)
    {
        Color::Yellow
    } else if is(NodeStatus::Skipped) || is(NodeStatus::Pending) {
        Color::Dim
    } else {
        Color::Plain
    }
}

/// Writes a length of time, short.
pub(crate) fn length(ms: i64) -> String {
    let ms = u64::try_from(ms).unwrap_or(0);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => duration::format_ms(ms / 1_000 * 1_000),
    }
}

/// Writes how long ago something was.
pub(crate) fn ago(then: i64, now: i64) -> String {
    format!("{} ago", length((now - then) / 1_000 * 1_000))
}

/// Writes a moment as RFC 3339 in UTC.
pub(crate) fn clock(ms: i64) -> String {
    let days = ms.div_euclid(86_400_000);
    let rest = ms.rem_euclid(86_400_000);
    // Civil date from a day count: Howard Hinnant, "chrono-compatible low-level date algorithms".
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Makes the JSON form of what a node waits for.
pub(super) fn waits_for(wait: &Wait) -> Value {
    match wait {
        Wait::Timer(due) => json!({"timer": due}),
        Wait::Signal(name, until) => json!({"signal": name, "until": until}),
        Wait::Approval(role, message, until) => {
            json!({"approval": message, "role": role, "until": until})
        }
        Wait::Child(run) => json!({"run": run}),
        Wait::ChildUntil(run, until) => json!({"run": run, "until": until}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_back() {
        for ms in [0, 951_782_400_123, 1_795_250_460_000, -1, 4_107_542_399_999] {
            assert_eq!(duration::parse_moment(&clock(ms)), Ok(ms), "{}", clock(ms));
        }
        assert_eq!(clock(951_782_400_123), "2000-02-29T00:00:00.123Z");
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!(length(12), "12 ms");
        assert_eq!(length(1_250), "1.2 s");
        assert_eq!(length(90_500), "1m30s");
    }
}
