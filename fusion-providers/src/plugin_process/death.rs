//! How a process ended, in words.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// The signals that end processes, by number: those of Linux, of which the first ones are everywhere the same.
const SIGNALS: [(i32, &str); 12] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL, an illegal instruction"),
    (5, "SIGTRAP"),
    (6, "SIGABRT: it gave up, or an exception left it"),
    (8, "SIGFPE, an arithmetic error"),
    (9, "SIGKILL"),
    (11, "SIGSEGV: it touched memory that is not its own"),
    (13, "SIGPIPE"),
    (14, "SIGALRM"),
    (15, "SIGTERM"),
];

/// Says how a process ended: "was killed by signal 11 (SIGSEGV: ...)".
pub(super) fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => {
            let known = SIGNALS.iter().find(|(number, _)| *number == signal);
            let name = known.map(|(_, name)| format!(" ({name})")).unwrap_or_default();
            format!("was killed by signal {signal}{name}")
        }
        (None, Some(code)) => format!("ended by itself with the exit code {code}"),
        (None, None) => format!("ended: {status}"),
    }
}
