//! The ledger: a file of lines of one length, each written by one appending `write`.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::{About, Env};
use rustix::process::{Signal, getpid, kill_process};

use crate::Fault;

/// The length of every line in bytes, its line break included.
pub const LINE_BYTES: u64 = 160;

/// What a body says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was entered.
    Entered,
    /// It ended well.
    Left,
    /// It ended badly, as it was meant to.
    Failed,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Left => "left",
            Self::Failed => "failed",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The run.
    pub run: String,
    /// The node or item, with `#part` behind it for a part of a body.
    pub node: String,
    /// The attempt.
    pub attempt: u16,
    /// The fence number of the owner.
    pub epoch: u64,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// What was said.
    pub what: What,
}

/// The writing end, in a worker.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    env: Arc<dyn Env>,
    /// Die right after the line of this number was written, by whomever.
    die_at: Option<u64>,
}

impl Ledger {
    /// Makes the writing end.
    pub fn new(path: PathBuf, env: Arc<dyn Env>, die_at: Option<u64>) -> Self {
        Self { path, env, die_at }
    }

    /// Writes a line; does not return when it is the last one of this life.
    ///
    /// # Errors
    /// When the file cannot be written, or a name is too long for a line.
    pub fn write(&self, about: &About, part: &str, what: What) -> Result<(), Fault> {
        let About { run, node, attempt, epoch, .. } = about;
        let (at, word) = (self.env.now_ms(), what.word());
        let mut line = format!("{run} {node}{part} {attempt} {epoch} {at} {word}");
        let width = usize::try_from(LINE_BYTES)?;
        if line.len() >= width {
            return Err(format!("a line is too long: {line}").into());
        }
        line.push_str(&" ".repeat(width - 1 - line.len()));
        line.push('\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        if file.write(line.as_bytes())? != width {
            return Err("a line was cut".into());
        }
        self.die_if_due(&mut file)
    }

    fn die_if_due(&self, file: &mut File) -> Result<(), Fault> {
        let Some(last) = self.die_at else { return Ok(()) };
        // After an appending write the place is the end of what was written, not the end of the file.
        if file.stream_position()? / LINE_BYTES == last {
            kill_process(getpid(), Signal::KILL)?;
        }
        Ok(())
    }
}

/// Reads all lines.
///
/// # Errors
/// When a line is torn or cannot be understood.
pub fn read(path: &Path) -> Result<Vec<Line>, Fault> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if !(text.len() as u64).is_multiple_of(LINE_BYTES) {
        return Err("the ledger has a torn line".into());
    }
    text.lines().map(|line| parse(line).ok_or_else(|| format!("bad line: {line}").into())).collect()
}

fn parse(line: &str) -> Option<Line> {
    let mut words = line.split_ascii_whitespace();
    let (run, node) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (attempt, epoch) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let at = words.next()?.parse().ok()?;
    let word = words.next()?;
    let what = [What::Entered, What::Left, What::Failed].into_iter().find(|w| w.word() == word)?;
    Some(Line { run, node, attempt, epoch, at, what })
}
