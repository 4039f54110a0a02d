//! No notes to self, no stray blanks, no hosts of registries, no paths of one machine.

use super::Finding;
use crate::tree::{Tree, has_ending, name_of};

// The words are written in two halves, so that this file does not trip over itself.

/// Notes to self, which belong into an issue.
const NOTES: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK"), concat!("XX", "X")];

/// What opens a comment in one of our languages.
const COMMENTS: [&str; 4] = ["//", "#", "/*", "<!--"];

/// Texts that tie the project to one machine or one mirror.
const FORBIDDEN: [&str; 9] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("pypi.org/", "simple"),
    concat!("--index", "-url"),
    concat!("replace-", "with ="),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
];

/// Checks every file of text.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !is_made(path)) {
        for (line, words) in (1..).zip(text.lines()) {
            found.extend(judge(words).map(|what| Finding::new(path, line, what)));
        }
        if !text.is_empty() && !text.ends_with('\n') && !path.contains("/corpus/") {
            let last = text.lines().count();
            found.push(Finding::new(path, last, "the file's last line has no end: add a newline"));
        }
    }
    found
}

/// Whether tools write the file, so that its blanks are theirs.
fn is_made(path: &str) -> bool {
    name_of(path) == "Cargo.lock" || ["snap", "svg"].iter().any(|kind| has_ending(path, kind))
}

fn judge(line: &str) -> Option<String> {
    if line.contains('\t') {
        return Some("a tab: use spaces".to_owned());
    }
    if line.ends_with([' ', '\r']) {
        return Some("blanks at the end of the line: remove them".to_owned());
    }
    if let Some(text) = FORBIDDEN.iter().find(|text| line.contains(*text)) {
        return Some(format!("`{text}` ties the project to one machine or mirror: remove it"));
    }
    let note = NOTES.iter().find(|note| has_note(line, note))?;
    Some(format!("`{note}` is a note to self: do it now, or file an issue and remove the note"))
}

/// Whether the word stands alone in a comment of the line.
fn has_note(line: &str, note: &str) -> bool {
    let starts = COMMENTS.iter().filter_map(|mark| line.find(mark));
    let Some(comment) = starts.min().and_then(|at| line.get(at..)) else { return false };
    comment.match_indices(note).any(|(at, _)| {
        let before = comment.get(..at).and_then(|text| text.chars().next_back());
        let after =
            comment.get(at.saturating_add(note.len())..).and_then(|text| text.chars().next());
        let joins = |letter: Option<char>| {
            letter.is_some_and(|letter| letter.is_alphanumeric() || "_-\"'`".contains(letter))
        };
        !joins(before) && !joins(after)
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    #[test]
    fn notes_to_self_are_found() {
        for note in NOTES {
            let fine =
                format!("- {{ not_matches: \"{note}\" }}\n// {note}es\n// the word `{note}`\n");
            let wrong = format!("a\nb // {note}: later\n");
            assert_rule(check, &[("a.rs", &fine)], &[("a.rs", &wrong)], ("a.rs:2", "note to self"));
        }
    }

    #[test]
    fn machines_and_mirrors_are_found() {
        for text in FORBIDDEN {
            let wrong = format!("a\n{text}b\n");
            let fine = "https://docs.rs and crates.io\n";
            assert_rule(check, &[("a.md", fine)], &[("a.md", &wrong)], ("a.md:2", "ties"));
        }
    }

    #[test]
    fn blanks_are_found() {
        for (wrong, word) in [("\tb\n", "tab"), ("b \n", "end of the line"), ("b", "no end")] {
            let wrong = format!("a\n{wrong}");
            assert_rule(check, &[("a.md", "a\nb\n")], &[("a.md", &wrong)], ("a.md:2", word));
        }
    }
}
