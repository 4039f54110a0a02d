//! What to tell a person about a program that cannot be started.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use rustix::io::Errno;

use crate::contract::Exec;
use crate::graph::nearest::nearest;
use crate::model::{Class, Failure};

use super::find::{self, Program};

/// How much of a file is read to find the interpreter that it names, in bytes.
const FIRST_LINE_BYTES: u64 = 256;
/// What the shell knows and no file does.
const BUILTINS: &[&str] = &[
    ".", "alias", "bg", "cd", "eval", "exec", "exit", "export", "fg", "if", "for", "read", "set",
    "source", "trap", "ulimit", "umask", "unset", "while",
];

/// A failure of the class `spawn` that names the program.
pub(super) fn spawn(name: &str, why: &str) -> Failure {
    Failure::new(Class::SPAWN, format!("cannot start `{name}`: {why}"))
}

/// There is no program in the command.
pub(super) fn empty() -> Failure {
    let why = "cannot start a command: it names no program (its first word is missing or empty)";
    Failure::new(Class::SPAWN, why)
}

/// There is no such program; says what was perhaps meant.
pub(super) fn missing(exec: &Exec, name: &str, why: &str) -> Failure {
    match hint(exec, name) {
        Some(hint) => spawn(name, &format!("{why}; {hint}")),
        None => spawn(name, why),
    }
}

/// The system did not start a program that is there.
pub(super) fn refused(exec: &Exec, program: &Program<'_>, error: &io::Error) -> Failure {
    let path = program.path.display();
    let failure = |why: &str| spawn(program.name, why);
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => match interpreter(&program.path) {
            Some(line) => failure(&format!("{path} begins with `{line}`, which does not exist")),
            None => failure(&format!("{path} or the loader that it needs has gone")),
        },
        Some(Errno::NOEXEC) => {
            let why = "is neither a program for this machine nor a script that begins with `#!`";
            failure(&format!("{path} {why}"))
        }
        Some(Errno::ACCESS | Errno::PERM) => failure(&format!("{path} may not be run: {error}")),
        Some(Errno::TOOBIG) => {
            let words: usize = exec.argv.iter().map(|word| word.len() + 1).sum();
            let pairs: usize =
                exec.env.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
            let why = "bytes are more than the system allows (one argument: 128 KiB); give large data by stdin";
            failure(&format!(
                "{words} bytes of arguments and {pairs} bytes of environment: these {why}"
            ))
        }
        Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::TXTBSY) => {
            // The machine is short of something; that passes.
            Failure { retryable: Some(true), ..failure(&format!("{path}: {error}")) }
        }
        _ => failure(&format!("{path}: {error}")),
    }
}

fn hint(exec: &Exec, name: &str) -> Option<String> {
    if name.contains(char::is_whitespace) || name.contains(['|', '&', ';', '<', '>', '$', '*']) {
        let line = format!("[\"sh\", \"-c\", {name:?}]");
        return Some(format!(
            "a command is a list of words, not a shell line: write {line} for a shell"
        ));
    }
    if BUILTINS.contains(&name) {
        return Some(format!(
            "`{name}` is a word of the shell: use [\"sh\", \"-c\", \"{name} …\"]"
        ));
    }
    if name.contains('/') {
        return None;
    }
    let folders = find::folders(exec);
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let known: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let near = nearest(name, known.iter().map(String::as_str))?;
    Some(format!("did you mean `{near}`?"))
}

/// The first line of a script, when it names an interpreter.
fn interpreter(path: &Path) -> Option<String> {
    let mut line = Vec::new();
    let start = File::open(path).ok()?.take(FIRST_LINE_BYTES);
    BufReader::new(start).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8_lossy(&line).trim().to_owned();
    line.starts_with("#!").then_some(line)
}
