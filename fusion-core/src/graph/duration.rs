//! Lengths of time and moments as people write them: `10m`, `1h 30m`, `2026-11-21T09:00:00+01:00`.

use super::nearest::nearest;
use crate::model::limits::TIMER_MS;

/// The units, with their length in milliseconds.
const UNITS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 7 * 86_400_000),
];
/// What people write instead of the units.
const WORDS: [(&str, &str); 18] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
];

/// Reads a length of time in milliseconds: numbers with units, the units being `ms s m h d w`.
///
/// ```
/// use fusion_core::graph::duration::parse_ms;
/// assert_eq!(parse_ms("1h 30m"), Ok(5_400_000));
/// assert_eq!(parse_ms("1.5s"), Ok(1_500));
/// assert!(parse_ms("ten minutes").is_err());
/// ```
///
/// # Errors
/// One sentence, when it is no length of time, has a part that is no whole number of milliseconds, or is longer than
/// [`TIMER_MS`] (100 years).
pub fn parse_ms(text: &str) -> Result<u64, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a length of time is a number with a unit, such as `10m`".to_owned());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (word, next) = after.split_at(letters);
        if number.is_empty() {
            return Err(format!(
                "`{text}` is not a length of time: write a number with a unit, such as `10m` or `1h 30m`"
            ));
        }
        let part = milliseconds(number, unit(word, number)?)
            .ok_or_else(|| format!("`{number}{word}` is not a whole number of milliseconds"))?;
        total = total.saturating_add(part);
        rest = next.trim_start();
    }
    if total > TIMER_MS {
        return Err(format!("`{text}` is longer than 100 years"));
    }
    Ok(total)
}

fn unit(word: &str, number: &str) -> Result<u64, String> {
    let short = WORDS.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short);
    if let Some((_, length)) = UNITS.iter().find(|(unit, _)| *unit == short) {
        return Ok(*length);
    }
    if word.is_empty() {
        return Err(format!(
            "`{number}` has no unit: write `{number}s`, `{number}m` or `{number}ms`"
        ));
    }
    let near = nearest(word, WORDS.iter().map(|(long, _)| *long));
    let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
    Err(format!("`{word}` is not a unit of time (ms, s, m, h, d, w){near}"))
}

/// Multiplies a decimal number by a unit exactly; none when a part of a millisecond is left.
fn milliseconds(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 9 || (number.contains('.') && fraction.is_empty()) || whole.is_empty() {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(u128::from(unit))?;
    (scaled % scale == 0).then(|| u64::try_from(scaled / scale).unwrap_or(u64::MAX))
}

/// Writes a length of time: the largest units first, `1h30m`.
///
/// ```
/// assert_eq!(fusion_core::graph::duration::format_ms(5_400_000), "1h30m");
/// ```
pub fn format_ms(ms: u64) -> String {
    let mut rest = ms;
    let mut out = String::new();
    for (name, length) in UNITS.iter().rev().filter(|(name, _)| *name != "w") {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            out.push_str(&count.to_string());
            out.push_str(name);
        }
    }
    if out.is_empty() { "0ms".to_owned() } else { out }
}

/// The last moment of the year 9999, in milliseconds since 1970.
const LAST_MOMENT_MS: i64 = 253_402_300_799_999;

/// Reads a moment as milliseconds since 1970: RFC 3339 text with its offset, or the number itself.
///
/// ```
/// use fusion_core::graph::duration::parse_moment;
/// assert_eq!(parse_moment("1970-01-02T00:00:00Z"), Ok(86_400_000));
/// assert_eq!(parse_moment("1970-01-01T01:00:00.5+01:00"), Ok(500));
/// assert_eq!(parse_moment("1500"), Ok(1500));
/// ```
///
/// # Errors
/// One sentence, when it is no moment, has no offset, or is after the year 9999, which RFC 3339 cannot write.
pub fn parse_moment(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let moment = text.parse().ok().filter(|ms| *ms <= LAST_MOMENT_MS);
        return moment.ok_or_else(|| format!("`{text}` milliseconds is after the year 9999"));
    }
    moment(text).ok_or_else(|| {
        format!(
            "`{text}` is not a moment: write RFC 3339 with its offset, such as \
             `2026-11-21T09:00:00Z`, or milliseconds since 1970"
        )
    })
}

fn moment(text: &str) -> Option<i64> {
    let (date, time) = text.split_at_checked(10)?;
    let mut date = date.splitn(3, '-').map(|part| number(part, 0, 9999));
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = time.strip_prefix(['T', 't', ' '])?;
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':');
    let hour = number(clock.next()?, 0, 23)?;
    let minute = number(clock.next()?, 0, 59)?;
    let second = number(clock.next()?, 0, 60)?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let days = days_since_1970(year, month, day)?;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset(zone)?;
    Some(seconds * 1_000 + thousandths)
}

fn number(text: &str, least: i64, most: i64) -> Option<i64> {
    let digits = text.len() == 2 || (text.len() == 4 && most == 9999);
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|n| digits && all && (least..=most).contains(n))
}

fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (number(hours, 0, 23)? * 3_600 + number(minutes, 0, 59)? * 60))
}

/// Counts days in the Gregorian calendar, by eras of 400 years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + of_days - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, ms) in [
            ("10m", 600_000),
            ("250ms", 250),
            ("1d2h", 93_600_000),
            ("0s", 0),
            ("2 hours 5 min", 7_500_000),
            ("1w", 604_800_000),
            ("0.25s", 250),
        ] {
            assert_eq!(parse_ms(text), Ok(ms), "{text}");
        }
        for (text, part) in [
            ("", "a number with a unit"),
            ("10", "write `10s`"),
            ("-5s", "not a length of time"),
            ("5 minuts", "did you mean `minutes`?"),
            ("99999999999999999999999999d", "longer than 100 years"),
            ("9999999999999999999999999999999999999999d", "whole number"),
            ("101000w", "longer than 100 years"),
            ("1.0005s", "whole number of milliseconds"),
            ("1.s", "whole number"),
            ("٣s", "not a length"),
        ] {
            let error = parse_ms(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for ms in [0, 1, 999, 61_001, 90_000_000, 7 * 86_400_000] {
            assert_eq!(parse_ms(&format_ms(ms)), Ok(ms));
        }
    }

    #[test]
    fn moments() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2026-11-21T09:00:00+01:00", 1_795_248_000_000),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2024-12-31 23:59:59-00:30", 1_735_691_399_000),
            ("9999-12-31T23:59:59.999Z", LAST_MOMENT_MS),
            ("253402300799999", LAST_MOMENT_MS),
        ] {
            assert_eq!(parse_moment(text), Ok(ms), "{text}");
        }
        for text in [
            "2026-11-21",
            "2026-02-29T00:00:00Z",
            "2026-11-21T09:00:00",
            "2026-13-01T00:00:00Z",
            "253402300800000",
            "99999999999999999",
            "99999999999999999999999999",
            "x",
            "ü",
        ] {
            assert!(parse_moment(text).is_err(), "{text}");
        }
    }
}
