//! Runs programs: the only place of the chores that starts one or looks at a watch.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Stop;
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
    relayed(command, |_, work| work())
}

/// Runs a command as [`follow`] does, and stops when it fails.
pub(crate) fn done(command: &mut Command) -> Result<(), Stop> {
    let name = format!("{command:?}");
    match follow(command)? {
        (true, _) => Ok(()),
        (false, _) => Err(Stop::Failed(format!("this failed: {name}"))),
    }
}

/// Runs a command as [`follow`] does; with everything that it started, it is killed after a limit, and has failed then.
pub(crate) fn follow_within(
    command: &mut Command,
    limit: Duration,
) -> Result<(bool, Count), String> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut late = false;
    let (passed, count) = relayed(command, |id, work| {
        let (done, ended) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let late = ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
                if late {
                    kill_group(id);
                }
                late
            });
            let count = work();
            drop(done);
            late = watch.join().unwrap_or(true);
            count
        })
    })?;
    if late {
        println!("killed: it had not ended after {} s", limit.as_secs());
    }
    Ok((passed && !late, count))
}

/// Kills a process group that was made here.
fn kill_group(id: u32) {
    let folder = std::env::temp_dir();
    // It may have ended in the meantime.
    let _ = command("kill", &folder).args(["-KILL", "--", &format!("-{id}")]).status();
}

fn relayed(
    command: &mut Command,
    around: impl FnOnce(u32, &mut dyn FnMut() -> Count) -> Count,
) -> Result<(bool, Count), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("start {name}: {cause}"))?;
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let count = around(child.id(), &mut || {
        std::thread::scope(|scope| {
            let (out, err) = (out.take(), err.take());
            let errors = scope.spawn(|| err.map(|pipe| relay(pipe, std::io::stderr())));
            let own = out.map(|pipe| relay(pipe, std::io::stdout())).unwrap_or_default();
            own.plus(errors.join().ok().flatten().unwrap_or_default())
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_killed_with_its_children() {
        let folder = std::env::temp_dir();
        let mut slow = command("sh", &folder);
        slow.args(["-c", "sleep 60 & echo '2 passed in 1s'; wait"]);
        let (done, took) = timed(|| follow_within(&mut slow, Duration::from_millis(300)));
        assert_eq!(done, Ok((false, Count { passed: 2, failed: 0 })));
        assert!(took < Duration::from_secs(30), "the child held the pipe for {took:?}");
        let mut quick = command("true", &folder);
        assert_eq!(follow_within(&mut quick, Duration::from_mins(1)), Ok((true, Count::default())));
    }
}
