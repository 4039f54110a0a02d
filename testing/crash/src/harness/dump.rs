//! The end of a ledger and the journals of a trial, for people.

use std::fmt::Write as _;
use std::path::Path;

use super::observe::Stories;

/// How many lines of the ledger are shown.
const TAIL: usize = 40;

/// Writes down what there is.
pub(super) fn text(ledger: &Path, stories: &Stories) -> String {
    let mut text = String::from("the end of the ledger:\n");
    let lines = std::fs::read_to_string(ledger).unwrap_or_default();
    let count = lines.lines().count();
    for (number, line) in lines.lines().enumerate().skip(count.saturating_sub(TAIL)) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:4} {}", number + 1, line.trim_end());
    }
    for (run, story) in stories {
        let _ = writeln!(text, "the journal of {run}:");
        for stamped in story.journal.iter().skip(1) {
            let _ = writeln!(text, "  {:4} {} {:?}", stamped.seq, stamped.at, stamped.record);
        }
    }
    text
}
