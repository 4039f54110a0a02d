//! What `/proc` says of processes (Linux); elsewhere nothing is known, and callers do without.

use std::fs;

/// One line of `/proc/PID/stat`, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    /// When it started, in clock ticks since the machine did; with the pid it names a process for good.
    pub(super) start: u64,
    /// It has ended and only waits for its parent to take notice.
    pub(super) ended: bool,
}

/// Reads about one process; none when there is no such process, or none that may be seen.
pub(super) fn read(pid: i32) -> Option<Process> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads about all processes that may be seen.
pub(super) fn list() -> Vec<Process> {
    pids().into_iter().filter_map(read).collect()
}

/// The pids of all processes that may be seen.
pub(super) fn pids() -> Vec<i32> {
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Reads the environment that a process was started with: `NAME=value` with a NUL after each.
///
/// Empty when there is no such process, or when it belongs to someone else.
pub(super) fn variables(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// Tells whether a process was started with all these `NAME=value` in its environment.
pub(super) fn has_variables(pid: i32, wanted: &[Vec<u8>]) -> bool {
    let environment = variables(pid);
    let held: Vec<&[u8]> = environment.split(|byte| *byte == 0).collect();
    wanted.iter().all(|pair| held.contains(&pair.as_slice()))
}

/// The name of the program may hold blanks and brackets; all else comes after its last bracket.
fn parse(line: &str) -> Option<Process> {
    let pid = line.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse().ok();
    let threads: i64 = fields.get(17)?.parse().ok()?;
    Some(Process {
        pid,
        parent: number(1)?,
        group: number(2)?,
        session: number(3)?,
        start: fields.get(19)?.parse().ok()?,
        // The first thread may be gone while others go on: then the process still lives.
        ended: matches!(*fields.first()?, "Z" | "X") && threads <= 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_are_skipped() {
        let line = "77 (a) b (c)) S 5 6 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 2";
        let expected =
            Process { pid: 77, parent: 5, group: 6, session: 7, start: 4242, ended: false };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("77 (a"), None);
    }

    #[test]
    fn a_dead_first_thread_is_not_a_dead_process() {
        let line = |threads| format!("7 (a) Z 5 6 7 0 0 0 1 0 0 0 0 0 0 0 20 0 {threads} 0 4242 1");
        assert!(!parse(&line(2)).unwrap().ended);
        assert!(parse(&line(1)).unwrap().ended);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_listed() {
        let own = i32::try_from(std::process::id()).unwrap();
        let found = list().into_iter().find(|process| process.pid == own).unwrap();
        assert_eq!(read(own).unwrap().start, found.start);
        assert!(!found.ended);
    }
}
