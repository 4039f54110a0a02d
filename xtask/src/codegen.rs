//! Writes the files that are made from the program, or checks that they are fresh.

use std::fmt::Write as _;

use crate::{HELP, Stop, ground, process};

/// One file and what makes it.
struct Entry {
    file: &'static str,
    source: Source,
}

/// What makes a file.
enum Source {
    /// This program's own text.
    Own(fn() -> String),
    /// The output of the `fusion` command with these arguments.
    #[expect(dead_code, reason = "the entries come with the commands that print them")]
    Fusion(&'static [&'static str]),
}

/// The generated files; each is checked in, and CI fails if it is stale.
const ENTRIES: &[Entry] = &[Entry { file: "docs/chores.md", source: Source::Own(chores) }];

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
        let made = make(&entry.source)?;
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

fn make(source: &Source) -> Result<String, String> {
    match source {
        Source::Own(text) => Ok(text()),
        Source::Fusion(arguments) => {
            process::output(process::command(ground::fusion()?, &ground::root()).args(*arguments))
        }
    }
}

fn chores() -> String {
    let mut page = String::from(
        "# Chores\n\n`cargo xtask` is the one door for chores. This page is generated from its help.\n\n",
    );
    // Writing to a string cannot fail.
    let _ = writeln!(page, "```text\n{HELP}```");
    page
}
