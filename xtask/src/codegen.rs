//! Writes the files that are made from the program, or checks that they are fresh.

use std::fmt::Write as _;
use std::path::Path;

use crate::{HELP, Stop, ground, process};

/// One file and what makes it.
struct Entry {
    file: &'static str,
    source: Source,
}

/// What makes a file.
enum Source {
    /// A text that this program holds.
    Text(fn() -> String),
    /// What this program reads out of the repository's files.
    Files(fn(&Path) -> Result<String, String>),
    /// The output of the `fusion` command with these arguments.
    Fusion(&'static [&'static str]),
}

/// The generated files; each is checked in, and CI fails if it is stale.
const ENTRIES: &[Entry] = &[
    Entry { file: "docs/chores.md", source: Source::Text(chores) },
    Entry { file: "docs/cli.md", source: Source::Fusion(&["reference"]) },
    Entry { file: "docs/workflow.schema.json", source: Source::Fusion(&["schema", "workflow"]) },
    Entry { file: "docs/message.schema.json", source: Source::Fusion(&["schema", "message"]) },
    Entry { file: "docs/spec.schema.json", source: Source::Fusion(&["schema", "spec"]) },
    Entry { file: "docs/build.schema.json", source: Source::Fusion(&["schema", "build"]) },
    Entry {
        file: "docs/test-report.schema.json",
        source: Source::Fusion(&["schema", "test-report"]),
    },
    Entry {
        file: "docs/phase-report.schema.json",
        source: Source::Fusion(&["schema", "phase-report"]),
    },
    Entry { file: "docs/errors.md", source: Source::Files(errors) },
];

/// The pages of the error codes.
const CODES: &str = "fusion-core/src/error/codes";

/// Writes all files, or with `--check` says which are stale.
pub(crate) fn run(options: &[&str]) -> Result<(), Stop> {
    let check = match options {
        [] => false,
        ["--check"] => true,
        other => return Err(Stop::Usage(format!("`{}` is not understood", other.join(" ")))),
    };
    let root = ground::root();
    let mut stale = Vec::new();
    for entry in ENTRIES {
        let made = make(&entry.source, &root)?;
        let path = root.join(entry.file);
        if std::fs::read_to_string(&path).is_ok_and(|text| text == made) {
            continue;
        }
        if check {
            stale.push(entry.file);
            continue;
        }
        std::fs::write(&path, made)
            .map_err(|cause| format!("write {}: {cause}", path.display()))?;
        println!("codegen: wrote {}", entry.file);
    }
    if stale.is_empty() {
        println!("codegen: {} files are fresh", ENTRIES.len());
        return Ok(());
    }
    Err(Stop::Failed(format!("{} stale: run `cargo xtask codegen`", stale.join(", "))))
}

fn make(source: &Source, root: &Path) -> Result<String, String> {
    match source {
        Source::Text(text) => Ok(text()),
        Source::Files(text) => text(root),
        Source::Fusion(arguments) => {
            process::output(process::command(ground::fusion()?, root).args(*arguments))
        }
    }
}

fn chores() -> String {
    let about = "`cargo xtask` is the one door for chores. This page is generated from its help.";
    format!("# Chores\n\n{about}\n\n```text\n{HELP}```\n")
}

fn errors(root: &Path) -> Result<String, String> {
    let folder = root.join(CODES);
    let said = |cause| format!("read {}: {cause}", folder.display());
    let mut titles = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(said)? {
        let page = std::fs::read_to_string(entry.map_err(said)?.path()).map_err(said)?;
        titles.push(title(&page)?);
    }
    titles.sort();
    Ok(index(&titles))
}

/// The code and the words of a page's heading, `# FU0101: an argument does not fit`.
fn title(page: &str) -> Result<(String, String), String> {
    let heading = page.lines().next().unwrap_or_default();
    let parts = heading.strip_prefix("# ").and_then(|rest| rest.split_once(": "));
    let (code, words) = parts.ok_or_else(|| {
        format!("`{heading}` in {CODES} is no heading of a code: write `# CODE: what it is`")
    })?;
    Ok((code.to_owned(), words.to_owned()))
}

fn index(titles: &[(String, String)]) -> String {
    let mut out = String::from(
        "# Errors\n\nEvery error that you can meet has a code and a page. This index is generated from the pages.\n\n\
         | code | what |\n|---|---|\n",
    );
    for (code, words) in titles {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| [{code}](../{CODES}/{code}.md) | {words} |");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_an_index() {
        let page = title("# FU0101: an input does not fit\n\nA value.\n").expect("it is a heading");
        let link = format!("| [FU0101](../{CODES}/FU0101.md) | an input does not fit |\n");
        assert!(index(&[page]).ends_with(&link));
        assert!(title("FU0101\n").is_err_and(|why| why.contains("no heading")));
    }
}
