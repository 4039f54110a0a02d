//! Every file says first what it is; crate and module pages hold no code.

use syn::Item;
use syn::spanned::Spanned;

use super::Finding;
use crate::tree::{Source, Tree, name_of};

/// Checks the first line of every Rust file, and the items of `lib.rs` and `mod.rs`.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let broken = tree.broken().iter();
    let mut found: Vec<Finding> = broken
        .map(|(path, line, why)| Finding::new(path, *line, format!("this is not Rust: {why}")))
        .collect();
    for source in tree.sources() {
        if !source.text.starts_with("//!") {
            let what = "begin with a `//!` line that says in one sentence what this is";
            found.push(Finding::new(&source.path, 1, what));
        }
        if matches!(name_of(&source.path), "lib.rs" | "mod.rs") {
            found.extend(page_items(source));
        }
    }
    found
}

fn page_items(source: &Source) -> impl Iterator<Item = Finding> {
    source.syntax.items.iter().filter_map(|item| {
        let fine = match item {
            Item::Mod(module) => module.content.is_none(),
            Item::Use(_) | Item::ExternCrate(_) => true,
            _ => false,
        };
        let what = format!(
            "{} holds docs, `mod` lines and re-exports only: move this to a file of its own",
            name_of(&source.path)
        );
        (!fine).then(|| Finding::new(&source.path, item.span().start().line, what))
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    #[test]
    fn files_say_what_they_are() {
        let place = ("a/src/b.rs:1", "//!");
        assert_rule(check, &[("a/src/b.rs", "//! B.\n")], &[("a/src/b.rs", "fn f() {}\n")], place);
    }

    #[test]
    fn pages_hold_no_code() {
        let fine = "//! A.\npub mod b;\npub use b::C;\n";
        for wrong in ["//! A.\npub mod b;\nfn f() {}\n", "//! A.\n\nmod b { }\n"] {
            let place = ("a/src/lib.rs:3", "re-exports only");
            assert_rule(check, &[("a/src/lib.rs", fine)], &[("a/src/lib.rs", wrong)], place);
        }
    }

    #[test]
    fn broken_files_are_told() {
        let place = ("a/src/b.rs:2", "not Rust");
        assert_rule(check, &[], &[("a/src/b.rs", "//! B.\nfn fn\n")], place);
    }
}
