//! Dates of headers: those of HTTP (RFC 9110) and of the internet (RFC 3339), as milliseconds since 1970.

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? + 1;
    let year = words.next()?.parse().ok()?;
    let time = clock(words.next()?)?;
    (words.next() == Some("GMT")).then_some(())?;
    Some(days(year, i64::try_from(month).ok()?, day)? * DAY_MS + time)
}

/// Reads `2026-11-22T04:05:06Z`, also with a fraction or an offset.
pub(super) fn internet(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut numbers = date.splitn(3, '-').map(|number| number.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone);
    let (time, _fraction) = time.split_once('.').unwrap_or((time, ""));
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign, hours) => {
            let away = clock(&format!("{hours}:00"))?;
            if sign == "+" { away } else { -away }
        }
    };
    Some(days(year, month, day)? * DAY_MS + clock(time)? - offset)
}

/// Reads `08:49:37`.
fn clock(text: &str) -> Option<i64> {
    let mut numbers = text.splitn(3, ':').map(|number| number.parse::<i64>().ok());
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let fits = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    fits.then_some(((hour * 60 + minute) * 60 + second) * 1_000)
}

/// Counts the days from 1970 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let fits =
        (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then_some(())?;
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_years = 365 * year + year / 4 - year / 100 + year / 400;
    Some(of_years + (153 * month + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(http("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(http("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199_000));
        assert_eq!(internet("2026-11-22T04:05:06Z"), Some(1_795_320_306_000));
        assert_eq!(internet("2026-11-22T05:05:06.250+01:00"), Some(1_795_320_306_000));
        assert_eq!(internet("1970-01-01T00:00:00Z"), Some(0));
        for wrong in [
            "",
            "soon",
            "Sun, 06 Nov 1994",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!((http(wrong), internet(wrong)), (None, None), "{wrong}");
        }
    }
}
