//! One version per dependency, all from the one public registry.

use std::collections::BTreeMap;

use super::Finding;
use crate::tree::Tree;

/// A dependency that is there in several versions, because others ask for them.
struct Twin {
    name: &'static str,
    versions: usize,
    /// Why, and when it ends.
    reason: &'static str,
}

/// The exceptions; the list may only get shorter, and an entry that is no longer needed is an error.
const TWINS: &[Twin] = &[
    Twin {
        name: "syn",
        versions: 2,
        reason: "macros of others still build on 2; it is compiled for the build only",
    },
    Twin {
        name: "convert_case",
        versions: 2,
        reason: "macros of others: napi's ask for 0.12, those of crossterm, beneath ratatui, for 0.10; for the build only",
    },
    Twin {
        name: "getrandom",
        versions: 3,
        reason: "ring, which TLS stands on, asks for 0.2 until its next release; ahash, beneath jsonschema, for 0.3",
    },
    Twin {
        name: "r-efi",
        versions: 2,
        reason: "two of the versions of getrandom ask for one each; it is compiled for UEFI only",
    },
    Twin {
        name: "windows-sys",
        versions: 2,
        reason: "ring asks for 0.52; it is compiled on Windows only",
    },
];

/// The source that cargo writes for the public registry.
const PUBLIC: &str = concat!("registry+https://github.com/rust-lang/", "crates.io-index");

/// Checks `Cargo.lock`.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.text("Cargo.lock").map(|text| judge(text, TWINS)).unwrap_or_default()
}

fn judge(text: &str, twins: &[Twin]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut lines_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (line, words) in (1..).zip(text.lines()) {
        if let Some(name) = quoted(words, "name") {
            lines_of.entry(name).or_default().push(line);
        }
        if let Some(source) = quoted(words, "source")
            && source != PUBLIC
        {
            let what = format!("comes from `{source}`: use a published version");
            found.push(Finding::new("Cargo.lock", line, what));
        }
    }
    for (name, lines) in &lines_of {
        let twin = twins.iter().find(|twin| twin.name == *name);
        let allowed = twin.map_or(1, |twin| twin.versions);
        if lines.len() > allowed {
            let what = format!(
                "{} versions of `{name}`: bring the users to one (`cargo tree -d -i {name}` shows \
                 them), or name it with a reason in tidy/lock.rs",
                lines.len()
            );
            found.push(Finding::new("Cargo.lock", lines.last().copied().unwrap_or(1), what));
        }
    }
    for twin in twins {
        let count = lines_of.get(twin.name).map_or(0, Vec::len);
        if count < twin.versions {
            let what = format!(
                "`{}` is there {count} times, not {} (\"{}\"): shorten tidy/lock.rs",
                twin.name, twin.versions, twin.reason
            );
            found.push(Finding::new("Cargo.lock", 1, what));
        }
    }
    found
}

fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "name = \"a\"\nversion = \"1.0.0\"\nname = \"a\"\nversion = \"2.0.0\"\n";

    #[test]
    fn one_version_each() {
        assert!(judge("name = \"a\"\nname = \"b\"\n", &[]).is_empty());
        let found = judge(TWO, &[]);
        assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn exceptions_are_used_up() {
        let twin = [Twin { name: "a", versions: 2, reason: "r" }];
        assert!(judge(TWO, &twin).is_empty());
        let found = judge("name = \"a\"\n", &twin);
        assert!(found.iter().any(|one| one.what.contains("shorten")), "{found:?}");
    }

    #[test]
    fn only_the_public_registry() {
        assert!(judge(&format!("source = \"{PUBLIC}\"\n"), &[]).is_empty());
        let found = judge("\nsource = \"git+https://example.org/a\"\n", &[]);
        assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [2]);
    }
}
