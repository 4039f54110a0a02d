//! The repository as text: every file by its path, Rust files parsed, folders known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::TokenStream;

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 8] =
    ["target", ".git", "node_modules", ".venv", "__pycache__", ".fusion", "dist", ".pytest_cache"];

/// All files of a repository, by path from its root with `/` between the parts.
#[derive(Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    paths: BTreeSet<String>,
    sources: Vec<Source>,
    broken: Vec<(String, usize, String)>,
}

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the root.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its items.
    pub(crate) syntax: syn::File,
    /// Its tokens, macro bodies included.
    pub(crate) tokens: TokenStream,
}

impl Tree {
    /// Reads the files under `root`, except those that tools make.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let said = |cause| format!("read {}: {cause}", folder.display());
            for entry in std::fs::read_dir(&folder).map_err(said)? {
                let entry = entry.map_err(said)?;
                if SKIPPED.iter().any(|name| entry.file_name() == *name) {
                    continue;
                }
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(inner) = path.strip_prefix(root) {
                    let name = inner.to_string_lossy().replace('\\', "/");
                    tree.add(&name, std::fs::read(&path).map_err(said)?);
                }
            }
        }
        Ok(tree)
    }

    /// Makes a tree of texts, for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, text.as_bytes().to_vec());
        }
        tree
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) {
        self.paths.insert(path.to_owned());
        let mut folder = path;
        while let Some((upper, _)) = folder.rsplit_once('/') {
            self.paths.insert(upper.to_owned());
            folder = upper;
        }
        let Ok(text) = String::from_utf8(bytes) else { return };
        if has_ending(path, "rs") {
            match (syn::parse_file(&text), text.parse()) {
                (Ok(syntax), Ok(tokens)) => {
                    let (path, text) = (path.to_owned(), text.clone());
                    self.sources.push(Source { path, text, syntax, tokens });
                }
                (Err(cause), _) => {
                    let line = cause.span().start().line;
                    self.broken.push((path.to_owned(), line, cause.to_string()));
                }
                (_, Err(cause)) => self.broken.push((path.to_owned(), 1, cause.to_string())),
            }
        }
        self.texts.insert(path.to_owned(), text);
    }

    /// The Rust files, without those that do not parse.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// The Rust files that do not parse: path, line, why.
    pub(crate) fn broken(&self) -> &[(String, usize, String)] {
        &self.broken
    }

    /// The files that are text: path and content.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether there is a file or a folder at `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.paths.contains(path)
    }

    /// The files and folders directly in `folder`, by their whole paths.
    pub(crate) fn within<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.paths.iter().map(String::as_str).filter(move |path| {
            path.strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| !rest.contains('/'))
        })
    }

    /// The first path that is only in one of the two, or has another text in the other.
    pub(crate) fn difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let path = self.paths.symmetric_difference(&other.paths).next();
        let text =
            || self.texts.keys().find(|path| self.texts.get(*path) != other.texts.get(*path));
        path.or_else(text).map(String::as_str)
    }

    /// Whether `path` is a file of text.
    pub(crate) fn is_text(&self, path: &str) -> bool {
        self.texts.contains_key(path)
    }
}

/// Whether the file's name ends with `.ending`.
pub(crate) fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == ending)
}

/// The file's name, without its folder.
pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The file's folder, empty at the root.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found() {
        let tree = Tree::of(&[("a/b", "1"), ("c", "2")]);
        assert_eq!(tree.difference(&Tree::of(&[("a/b", "1"), ("c", "2")])), None);
        assert_eq!(tree.difference(&Tree::of(&[("a/b", "1"), ("c", "3")])), Some("c"));
        assert_eq!(Tree::of(&[("c", "2")]).difference(&tree), Some("a"));
    }
}
