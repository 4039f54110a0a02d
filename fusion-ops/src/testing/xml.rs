//! JUnit XML, written.

use std::fmt::Write as _;

use super::junit::Group;
use super::report::{Case, Counts, Outcome};

/// The first lines of what is written here: such a file in a project is no part of what is tested.
pub(super) const HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- What `fusion test` found. -->\n";

/// Writes groups of tests as JUnit XML: what [`read`](super::read) gives for it is the same, where texts hold no signs that XML has not.
/// A flaky test is a passed one with a `flakyFailure`, as Surefire writes it. Times are in seconds, with three places.
///
/// ```
/// use fusion_ops::testing::{Case, Group, read, write};
///
/// let groups = vec![Group { name: "api".into(), cases: vec![Case { name: "a < b".into(), ..Case::default() }] }];
/// assert_eq!(read(&write("all", &groups)).unwrap(), groups);
/// ```
pub fn write(name: &str, groups: &[Group]) -> String {
    let all = groups.iter().flat_map(|group| &group.cases);
    let mut text = format!("{HEAD}<testsuites");
    head(&mut text, name, all.clone());
    text.push_str(">\n");
    for group in groups {
        text.push_str("  <testsuite");
        head(&mut text, &group.name, group.cases.iter());
        text.push_str(">\n");
        for case in &group.cases {
            one(&mut text, case);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn head<'a>(text: &mut String, name: &str, cases: impl Iterator<Item = &'a Case> + Clone) {
    let counts = Counts::of(cases.clone());
    let time = cases.fold(0_u64, |sum, case| sum.saturating_add(case.time_ms));
    attribute(text, "name", name);
    let Counts { tests, failed, errors, skipped, .. } = counts;
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        " tests=\"{tests}\" failures=\"{failed}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{}\"",
        seconds(time)
    );
}

fn one(text: &mut String, case: &Case) {
    text.push_str("    <testcase");
    attribute(text, "name", &case.name);
    for (key, value) in [("classname", &case.class), ("file", &case.file)] {
        if !value.is_empty() {
            attribute(text, key, value);
        }
    }
    attribute(text, "time", &seconds(case.time_ms));
    let element = match case.outcome {
        Outcome::Failed => Some("failure"),
        Outcome::Error => Some("error"),
        Outcome::Skipped => Some("skipped"),
        Outcome::Passed if case.flaky => Some("flakyFailure"),
        Outcome::Passed => None,
    };
    if element.is_none() && case.output.is_empty() {
        text.push_str("/>\n");
        return;
    }
    text.push('>');
    // What was skipped has no trace; what it wrote is its output.
    let traced = element.is_some_and(|element| element != "skipped");
    if let Some(element) = element {
        let _ = write!(text, "<{element}");
        attribute(text, "message", &case.message);
        text.push('>');
        if traced {
            escape(text, &case.output, false);
        }
        let _ = write!(text, "</{element}>");
    }
    if case.flaky && case.outcome != Outcome::Passed {
        text.push_str("<properties><property name=\"flaky\" value=\"true\"/></properties>");
    }
    if !traced && !case.output.is_empty() {
        text.push_str("<system-out>");
        escape(text, &case.output, false);
        text.push_str("</system-out>");
    }
    text.push_str("</testcase>\n");
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

fn attribute(text: &mut String, key: &str, value: &str) {
    let _ = write!(text, " {key}=\"");
    escape(text, value, true);
    text.push('"');
}

/// Readers turn line ends of attributes into spaces, and carriage returns into line ends: those are written as numbers.
fn escape(text: &mut String, value: &str, attribute: bool) {
    for sign in value.chars() {
        match sign {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#13;"),
            '\n' | '\t' if attribute => {
                let _ = write!(text, "&#{};", u32::from(sign));
            }
            sign if is_allowed(sign) => text.push(sign),
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// Tells whether a sign may stand in XML 1.0.
pub(super) fn is_allowed(sign: char) -> bool {
    matches!(sign, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}
