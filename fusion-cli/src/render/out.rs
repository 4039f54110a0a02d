//! Where everything that is printed goes.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use fusion_core::error::Error;
use serde_json::Value;

use super::error;
use super::safe::{Line, safe, safe_json};
use crate::args::Global;

/// Whether something that was printed never arrived; standard output is one, and so is this.
static LOST: AtomicBool = AtomicBool::new(false);

/// The streams of the command, and how they are written.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    /// JSON is wanted on standard output.
    pub json: bool,
    /// Only results and errors are wanted.
    pub quiet: bool,
    color: bool,
    color_err: bool,
    live: bool,
}

impl Out {
    pub(crate) fn new(global: &Global) -> Self {
        let plain = global.no_color || set("NO_COLOR") || set_to("TERM", "dumb");
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self {
            json: global.json,
            quiet: global.quiet,
            color: stdout && !plain,
            color_err: stderr && !plain,
            live: stderr && !plain && !global.json && !global.quiet && global.verbose == 0,
        }
    }

    /// Tells whether a person watches who likes to see things move.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Tells whether a person can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks a question that is answered by yes or no.
    pub(crate) fn ask(question: &str) -> bool {
        let mut err = std::io::stderr();
        let _ = write!(err, "{question} [y/N] ");
        let _ = err.flush();
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).unwrap_or(0);
        read > 0 && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Writes a line for people on standard output, unless it shall be quiet or JSON.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet && !self.json {
            Self::result(text);
        }
    }

    /// Writes a result for people on standard output; what could act on a terminal is shown instead.
    pub(crate) fn result(text: &str) {
        Self::note_loss(writeln!(std::io::stdout().lock(), "{}", safe(text)));
    }

    /// Begins a line with colours for standard output.
    pub(crate) fn line(&self) -> Line {
        Line::new(self.color)
    }

    /// Writes a line on standard output.
    pub(crate) fn print(line: &Line) {
        Self::note_loss(writeln!(std::io::stdout().lock(), "{}", line.text().trim_end()));
    }

    /// Writes a text without a line end of its own on standard output.
    pub(crate) fn text(text: &str) {
        Self::bytes(safe(text).as_bytes());
    }

    /// Writes lines of JSON on standard output: as they are, or on a terminal so that they do no harm there.
    pub(crate) fn json_text(bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) if std::io::stdout().is_terminal() => Self::bytes(safe_json(text).as_bytes()),
            _ => Self::bytes(bytes),
        }
    }

    fn bytes(bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        Self::note_loss(stdout.write_all(bytes).and_then(|()| stdout.flush()));
    }

    /// Writes a note on standard error: what to do next.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{}", safe(text));
        }
    }

    /// Writes JSON on standard output.
    pub(crate) fn value(value: &Value) {
        Self::result(&safe_json(&format!("{value:#}")));
    }

    /// Writes JSON on one line of standard output.
    pub(crate) fn json_line(value: &Value) {
        Self::result(&safe_json(&value.to_string()));
    }

    /// Remembers that a result could not be written. A reader that went away has seen enough.
    fn note_loss(written: std::io::Result<()>) {
        if written.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            LOST.store(true, Ordering::Relaxed);
        }
    }

    /// Tells whether all results reached standard output.
    pub(crate) fn is_whole() -> bool {
        let flushed = std::io::stdout().flush();
        Self::note_loss(flushed);
        !LOST.load(Ordering::Relaxed)
    }

    /// Writes an error: for people on standard error, as JSON on standard output.
    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            return Self::value(&serde_json::json!({"error": error::json(error)}));
        }
        let text = error::text(error, self.color_err);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the rim: the environment is read here"
)]
fn set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the rim: the environment is read here"
)]
fn set_to(name: &str, wanted: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value == wanted)
}
