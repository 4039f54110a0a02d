//! What a budget is for: a run, an agent, a project, a day.

use std::fmt;

use fusion_core::contract::Call;

const DAY_MS: i64 = 24 * 3_600_000;

/// Whose money it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A run.
    Run(String),
    /// An agent.
    Agent(String),
    /// A project.
    Project(String),
    /// A day in UTC, of all together: `2026-11-22`.
    Day(String),
}

impl Scope {
    /// Gives the day of a moment in milliseconds since 1970.
    pub fn day_of(now_ms: i64) -> Self {
        let (year, month, day) = civil(now_ms.div_euclid(DAY_MS));
        Self::Day(format!("{year:04}-{month:02}-{day:02}"))
    }

    /// Gives what a call belongs to, the narrowest first.
    pub(super) fn all_of(call: &Call) -> Vec<Self> {
        let labels = call.for_whom();
        let named = [
            labels.run.as_ref().map(|name| Self::Run(name.to_string())),
            labels.agent.as_ref().map(|name| Self::Agent(name.to_string())),
            labels.project.as_ref().map(|name| Self::Project(name.to_string())),
        ];
        named.into_iter().flatten().chain([Self::day_of(call.env().now_ms())]).collect()
    }

    /// Gives the id of its document.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Run(name) => format!("run/{name}"),
            Self::Agent(name) => format!("agent/{name}"),
            Self::Project(name) => format!("project/{name}"),
            Self::Day(day) => format!("day/{day}"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(name) => write!(f, "run `{name}`"),
            Self::Agent(name) => write!(f, "agent `{name}`"),
            Self::Project(name) => write!(f, "project `{name}`"),
            Self::Day(day) => write!(f, "day {day}"),
        }
    }
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar carried on in both directions.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years are counted from March, so that the leap day is the last of a year: 400 of them have 146,097 days.
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (20_779, (2026, 11, 22)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
        assert_eq!(Scope::day_of(-1).id(), "day/1969-12-31");
        let _ = (Scope::day_of(i64::MAX), Scope::day_of(i64::MIN));
    }

    #[test]
    fn the_day_after_is_the_next_date() {
        let mut before = civil(-200_000);
        for days in -199_999..200_000 {
            let (year, month, day) = civil(days);
            let next_day = (year, month, day) == (before.0, before.1, before.2 + 1);
            let next_month = day == 1 && (year, month) == (before.0, before.1 + 1);
            assert!(next_day || next_month || (month, day, year) == (1, 1, before.0 + 1), "{days}");
            before = (year, month, day);
        }
    }
}
