//! Runs programs: the only place of the chores that starts one or looks at a watch.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::test::Count;

/// A command in a folder.
#[expect(clippy::disallowed_methods, reason = "chores run programs; they have no `Env`")]
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

/// The `cargo` that started this program.
pub(crate) fn cargo(folder: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(program, folder);
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// Whether the program can be started at all.
pub(crate) fn has(program: &str) -> bool {
    let folder = std::env::temp_dir();
    let mut command = command(program, &folder);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// Runs a command to its end and gives back what it wrote on its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|cause| format!("start {name}: {cause}"))?;
    if !out.status.success() {
        return Err(format!("{name} ended with {}", out.status));
    }
    String::from_utf8(out.stdout).map_err(|cause| format!("the output of {name}: {cause}"))
}

/// Runs a command, shows its lines as they come, and counts the tests that they tell of.
pub(crate) fn follow(command: &mut Command) -> Result<(bool, Count), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("start {name}: {cause}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let count = std::thread::scope(|scope| {
        let errors = scope.spawn(|| err.map(|pipe| relay(pipe, std::io::stderr())));
        let own = out.map(|pipe| relay(pipe, std::io::stdout())).unwrap_or_default();
        own.plus(errors.join().ok().flatten().unwrap_or_default())
    });
    let status = child.wait().map_err(|cause| format!("wait for {name}: {cause}"))?;
    Ok((status.success(), count))
}

fn relay(from: impl Read, mut to: impl Write) -> Count {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    let mut count = Count::default();
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        count = count.plus(Count::of_line(&String::from_utf8_lossy(&line)));
        // Nobody reads any more: the program still has to be heard to its end.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        line.clear();
    }
    count
}

/// Measures how long something takes.
#[expect(clippy::disallowed_methods, reason = "chores show real durations; they have no `Env`")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}
