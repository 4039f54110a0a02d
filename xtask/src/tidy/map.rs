//! The map in `docs/architecture.md` and the ground agree: every folder is on it, and nothing else.

use std::collections::BTreeSet;

use super::Finding;
use crate::tree::{Tree, folder_of, name_of};

const PAGE: &str = "docs/architecture.md";
const HEADING: &str = "## Code map";

/// Compares the map with the folders that hold Rust sources.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(PAGE) else {
        return vec![Finding::new(PAGE, 1, format!("write the page, with a `{HEADING}` section"))];
    };
    let named = names(text);
    if named.is_empty() {
        return vec![Finding::new(PAGE, 1, format!("the section `{HEADING}` names no folder"))];
    }
    let mut found = Vec::new();
    for (line, path) in &named {
        if !tree.has(path) {
            let what = format!("`{path}` is on the map and not on the ground: remove the row");
            found.push(Finding::new(PAGE, *line, what));
        }
    }
    let known: BTreeSet<&str> = named.iter().map(|(_, path)| path.trim_end_matches('/')).collect();
    for folder in folders(tree) {
        if !known.contains(folder) {
            let what = format!("`{folder}/` is not on the map: add a row that says what it holds");
            found.push(Finding::new(PAGE, 1, what));
        }
    }
    found
}

/// The first `code` of every table row in the section, with its line.
fn names(text: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(text.lines());
    let section = lines.skip_while(|(_, line)| *line != HEADING).skip(1);
    let section = section.take_while(|(_, line)| !line.starts_with("## "));
    let rows = section.filter_map(|(at, line)| Some((at, line.strip_prefix("| `")?)));
    rows.filter_map(|(at, row)| Some((at, row.split_once('`')?.0))).collect()
}

/// The folders of Rust sources; a crate's own folder stands for its `src`.
fn folders(tree: &Tree) -> BTreeSet<&str> {
    // Tests belong to the file beside them and are no room of their own.
    let tests = |path: &str| name_of(path) == "tests.rs" || path.contains("/tests/");
    let rooms = tree.sources().filter(|source| !tests(&source.path));
    let sources = rooms.map(|source| folder_of(&source.path));
    let inside = sources.filter(|folder| folder.ends_with("/src") || folder.contains("/src/"));
    inside.map(|folder| folder.strip_suffix("/src").unwrap_or(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    #[test]
    fn folders_of_tests_need_no_row() {
        let page = (PAGE, "## Code map\n| `a/` | a |\n");
        let ground = ("a/src/lib.rs", "//! a");
        let more = [page, ground, ("a/src/b/tests.rs", "//! b"), ("a/src/tests/c.rs", "//! c")];
        let other = [page, ground, ("a/src/b/c.rs", "//! b")];
        assert_rule(
            check,
            &more,
            &other,
            ("docs/architecture.md:1", "`a/src/b/` is not on the map"),
        );
    }

    #[test]
    fn map_and_ground_agree() {
        let page = "# A\n\n## Code map\n\n| folder | holds |\n|---|---|\n| `a/` | the `lost/` |\n\
                    | `a/src/b/` | b |\n\n## Next\n\n| `elsewhere/` | x |\n";
        let ground = [("a/src/lib.rs", "//! a"), ("a/src/b/mod.rs", "//! b")];
        let fine = [(PAGE, page), ground[0], ground[1]];
        let lacking = [(PAGE, page), ground[0]];
        assert_rule(check, &fine, &lacking, ("docs/architecture.md:8", "not on the ground"));
        let more = [(PAGE, page), ground[0], ground[1], ("a/src/c/d.rs", "//! d")];
        assert_rule(
            check,
            &fine,
            &more,
            ("docs/architecture.md:1", "`a/src/c/` is not on the map"),
        );
        assert_rule(check, &fine, &[ground[0]], ("docs/architecture.md:1", "write the page"));
    }
}
