//! The table of targets.

use std::path::{Path, PathBuf};

use crate::{capsule, journal, package, page, record, stream, template, workflow};

/// Something that reads bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What the command line calls it.
    pub name: &'static str,
    /// Checks one input: what it met, as a number, or what is wrong.
    pub check: fn(&[u8]) -> Result<u64, String>,
    /// Pieces that inputs are made of.
    pub words: &'static [&'static str],
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    Target { name: "workflow", check: workflow::check, words: workflow::WORDS },
    Target { name: "template", check: template::check, words: template::WORDS },
    Target { name: "record", check: record::check, words: &[] },
    Target { name: "capsule", check: capsule::check, words: capsule::WORDS },
    Target { name: "journal", check: journal::check, words: &[] },
    Target { name: "stream", check: stream::check, words: stream::WORDS },
    Target { name: "page", check: page::check, words: page::WORDS },
    Target { name: "package", check: package::check, words: package::WORDS },
];

/// Reads the inputs to begin with: the target's corpus, and for workflows the examples too.
///
/// # Errors
/// When a folder or a file cannot be read, with its name.
pub fn seeds(target: &Target) -> Result<Vec<Vec<u8>>, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files(&here.join("corpus").join(target.name))?;
    if target.name == "workflow" {
        for example in files(&here.join("../../examples"))? {
            let yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
            if example.is_dir() {
                paths.extend(files(&example)?.into_iter().filter(yaml));
            }
        }
    }
    let read = |path: &PathBuf| std::fs::read(path).map_err(|why| told(path, &why));
    paths.iter().filter(|path| path.is_file()).map(read).collect()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|why| told(folder, &why))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn told(path: &Path, why: &std::io::Error) -> String {
    format!("read {}: {why}", path.display())
}
