//! Tests in Python: which files are some, and which runner they are written for.

use std::path::{Path, PathBuf};

use fusion_core::error::Result;

use super::search::{each_file, ends_with, read};

/// How deep a project's own folders are searched for files of tests.
pub(super) const NEAR: usize = 6;

/// Finds the files of a project that look like tests, by their names and by what they say: that something is called a test does not make
/// it one, such as `testimonials.py`.
///
/// # Errors
/// `FU0201` for a folder that cannot be read.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    each_file(folder, NEAR, &mut |path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_named =
            ends_with(&name, "py") && (name.starts_with("test") || name.ends_with("_test.py"));
        // What cannot be read is for the runner to complain of.
        if is_named && read(path).ok().flatten().is_none_or(|text| says_test(&text)) {
            found.push(path.to_owned());
        }
        false
    })?;
    found.sort();
    Ok(found)
}

fn says_test(text: &str) -> bool {
    let is_test = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.starts_with("def test") || line.starts_with("def load_tests")
    };
    text.contains("TestCase") || text.lines().any(is_test)
}

/// Tells whether a file of tests is written for pytest: it imports it, or its tests are functions and it knows nothing of `unittest`.
pub(super) fn wants_pytest(path: &Path) -> bool {
    let Some(text) = read(path).ok().flatten() else { return false };
    let is_import =
        |line: &str| ["import pytest", "from pytest"].iter().any(|start| line.starts_with(start));
    let is_function =
        |line: &str| line.starts_with("def test") || line.starts_with("async def test");
    text.lines().any(is_import) || !text.contains("unittest") && text.lines().any(is_function)
}

/// Tells whether a line of requirements asks for pytest, or for something made for it.
pub(super) fn is_requirement(line: &str) -> bool {
    let end = line
        .find(|sign: char| !sign.is_ascii_alphanumeric() && !"-_.".contains(sign))
        .unwrap_or(line.len());
    line.get(..end).is_some_and(|name| name == "pytest" || name.starts_with("pytest-"))
}

/// Whether `pytest` is required somewhere in a table: in a list of requirements, or as a key.
pub(super) fn asks_for_pytest(value: &toml::Value, depth: usize) -> bool {
    match value {
        toml::Value::String(text) => is_requirement(text),
        toml::Value::Array(list) if depth < 8 => {
            list.iter().any(|one| asks_for_pytest(one, depth + 1))
        }
        toml::Value::Table(table) if depth < 8 => {
            table.iter().any(|(key, value)| key == "pytest" || asks_for_pytest(value, depth + 1))
        }
        _ => false,
    }
}
