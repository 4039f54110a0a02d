//! How a command ended, or why it did not begin.

use bytes::Bytes;

use super::level::Level;
use super::spec::{BEGUN, COMPLAINT, MISSING};
use crate::contract::Exit;
use crate::error::{Code, Error, Result};

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it. In namespaces of its own it is told as the code 128 and the signal's number.
    pub signal: Option<i32>,
    /// The start of what it wrote, and how much it was in all, in bytes.
    pub stdout: Bytes,
    /// How much it wrote in all, in bytes.
    pub stdout_bytes: u64,
    /// The end of its complaints.
    pub stderr: Bytes,
    /// How much it complained in all, in bytes.
    pub stderr_bytes: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it was ended, if it did not end by itself.
    pub ended: Option<Ended>,
    /// How it was isolated.
    pub level: Level,
}

/// Why a command was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It took longer than its policy allows.
    Time,
    /// Its folder holds more than it may; says of what.
    Quota(String),
}

/// Takes the launcher's own words away; what it or bubblewrap said against the command is an error.
pub(super) fn output(mut exit: Exit, ended: Option<Ended>, level: Level) -> Result<Output> {
    if level.name() != "none" {
        let whole = exit.stderr.len() as u64 == exit.stderr_bytes;
        if exit.stderr.starts_with(BEGUN.as_bytes()) {
            exit.stderr = exit.stderr.slice(BEGUN.len()..);
        } else if whole && exit.code.is_some() && ended.is_none() {
            let said = String::from_utf8_lossy(&exit.stderr);
            let why = said.trim_end().trim_start_matches(COMPLAINT);
            let message = format!("the command was not started: {why}");
            return Err(Error::new(Code::NoSandbox, message)
                .hint("`fusion doctor` says which layers there are"));
        }
        exit.stderr_bytes = exit.stderr_bytes.saturating_sub(BEGUN.len() as u64);
        let said = String::from_utf8_lossy(&exit.stderr);
        if let Some(why) = said.strip_prefix(COMPLAINT)
            && exit.code == Some(i32::from(MISSING))
        {
            return Err(Error::new(Code::Workspace, why.trim_end().to_owned()));
        }
    }
    let Exit { code, signal, stdout, stdout_bytes, stderr, stderr_bytes, duration_ms } = exit;
    Ok(Output {
        code,
        signal,
        stdout,
        stdout_bytes,
        stderr,
        stderr_bytes,
        duration_ms,
        ended,
        level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(code: i32, said: &str) -> Result<Output> {
        let level = Level { namespaces: true, ..Level::default() };
        let stderr = Bytes::copy_from_slice(said.as_bytes());
        let stderr_bytes = stderr.len() as u64;
        let exit = Exit { code: Some(code), stderr, stderr_bytes, ..Exit::default() };
        output(exit, None, level)
    }

    #[test]
    fn who_did_not_begin_was_refused() {
        let code = |code, said: &str| end(code, said).map_err(|error| error.code()).err();
        assert_eq!(code(1, "bwrap: no"), Some(Code::NoSandbox));
        assert_eq!(
            code(125, "fusion sandbox: Landlock does not come about"),
            Some(Code::NoSandbox)
        );
        assert_eq!(code(0, ""), Some(Code::NoSandbox));
        let missing = format!("{BEGUN}{COMPLAINT}`x` does not exist");
        assert_eq!(code(127, &missing), Some(Code::Workspace));
    }

    #[test]
    fn what_a_program_says_is_its_own() {
        let output = end(1, &format!("{BEGUN}bwrap: no")).unwrap();
        assert_eq!(
            (output.code, &output.stderr[..], output.stderr_bytes),
            (Some(1), &b"bwrap: no"[..], 9)
        );
    }
}
