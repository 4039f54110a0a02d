//! Manifests share one version, one set of lints and one table of dependency versions.

use super::Finding;
use crate::tree::Tree;

/// One dependency as a manifest names it.
#[derive(Debug)]
pub(crate) struct Dependency<'a> {
    /// The package's name.
    pub(crate) name: &'a str,
    /// The line of the manifest.
    pub(crate) line: usize,
    /// Whether it is for tests only.
    pub(crate) dev: bool,
    /// Whether its version is the workspace's.
    pub(crate) shared: bool,
}

/// The package's name.
pub(crate) fn name(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("name = \""))?;
    line.strip_suffix('"')
}

/// What the package depends on, target-specific tables included.
pub(crate) fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut table = "";
    let mut out = Vec::new();
    for (line, words) in (1..).zip(text.lines()) {
        if let Some(inner) = words.strip_prefix('[') {
            table = inner.trim_end_matches(']');
            continue;
        }
        let listed = table == "dependencies" || table.ends_with("-dependencies");
        if !(listed || table.ends_with(".dependencies")) || table.starts_with("workspace") {
            continue;
        }
        if let Some((key, value)) = words.split_once('=')
            && !words.starts_with([' ', '#'])
        {
            let key = key.trim();
            let (name, rest) = key.split_once('.').unwrap_or((key, ""));
            let shared = rest == "workspace" || value.contains("workspace = true");
            out.push(Dependency { name, line, dev: table.ends_with("dev-dependencies"), shared });
        }
    }
    out
}

/// Checks every package's manifest.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
        // A fuzz folder is a workspace of its own, as cargo-fuzz wants it.
        if name(text).is_none() || text.contains("[workspace]") {
            continue;
        }
        for wanted in ["version.workspace = true", "license.workspace = true"] {
            if !text.lines().any(|line| line == wanted) {
                found.push(Finding::new(path, 1, format!("add `{wanted}` under [package]")));
            }
        }
        if !text.contains("[lints]\nworkspace = true") {
            found.push(Finding::new(path, 1, "add `[lints]` with `workspace = true`"));
        }
        for used in dependencies(text).iter().filter(|used| !used.shared) {
            let what = format!(
                "`{}` brings its own version: put the version into the workspace's table and \
                 write `{}.workspace = true`",
                used.name, used.name
            );
            found.push(Finding::new(path, used.line, what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    const HEAD: &str = "[package]\nname = \"a\"\nversion.workspace = true\n\
                        license.workspace = true\n[lints]\nworkspace = true\n";

    #[test]
    fn versions_and_lints_are_shared() {
        let fine =
            format!("{HEAD}[dependencies]\nb.workspace = true\nc = {{ workspace = true }}\n");
        let wrong = format!("{HEAD}[target.'cfg(unix)'.dependencies]\nb = \"1\"\n");
        let at = "a/Cargo.toml";
        assert_rule(check, &[(at, &fine)], &[(at, &wrong)], ("a/Cargo.toml:8", "`b` brings"));
        let bare = HEAD.replace("[lints]\nworkspace = true\n", "");
        assert_rule(check, &[(at, HEAD)], &[(at, &bare)], ("a/Cargo.toml:1", "[lints]"));
        let own = HEAD.replace("version.workspace = true", "version = \"2.0.0\"");
        assert_rule(check, &[(at, HEAD)], &[(at, &own)], ("a/Cargo.toml:1", "version.workspace"));
    }
}
