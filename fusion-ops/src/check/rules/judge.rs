//! All rules of the sets that count, over one file.

use super::finding::{Finding, Findings, Look};
use super::set::Set;
use super::{api, database, devops, docs, frontend, testing};

/// The largest file that is looked at, in bytes: what is larger was hardly written by hand.
const MOST: usize = 1024 * 1024;

/// Gives what the rules of a set find wrong in a file, line by line; nothing for a file that the set is not about.
///
/// ```
/// use fusion_ops::check::rules::{Beside, Look, Set, judge};
///
/// let text = "CREATE TABLE notes (\n  body TEXT NOT NULL\n);\n";
/// let beside = |_: &str| Beside::Nothing;
/// let found = judge(Set::Database, &Look { name: "migrations/001_notes.sql", text, beside: &beside });
/// assert_eq!((found[0].rule, found[0].line), ("database/primary-key", 1));
/// ```
pub fn judge(set: Set, look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if look.text.len() > MOST {
        return Vec::new();
    }
    match set {
        Set::Frontend => frontend::judge(look, &mut findings),
        Set::Api => api::judge(look, &mut findings),
        Set::Database => database::judge(look, &mut findings),
        Set::Testing => testing::judge(look, &mut findings),
        Set::Devops => devops::judge(look, &mut findings),
        Set::Docs => docs::judge(look, &mut findings),
    }
    let mut found = findings.0;
    // What a reader finds at the end of a file, it finds behind its last line.
    let last = look.text.lines().count().max(1);
    for one in &mut found {
        one.line = one.line.min(last);
    }
    found.sort();
    found.dedup();
    found
}
