//! The name of this process for others on the host, and whether the bearer of such a name still lives.
//!
//! The text is `host boot-id pid start pid-namespace`, with `-` for what the machine does not tell. A process that is
//! gone, or whose pid now belongs to one that started at another moment, is dead. Anything less certain is "not dead":
//! another host, another start of this host, another container, a `/proc` that is missing. Then only the lease decides.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::process;

/// Where a process lives; two processes can only judge each other when all of it is the same and known.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    boot: String,
    namespace: String,
}

impl Place {
    fn read() -> Self {
        let word = |path: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let text: String = text.trim().chars().filter(|c| !c.is_whitespace()).collect();
            if text.is_empty() { "-".to_owned() } else { text }
        };
        Self {
            host: word("/proc/sys/kernel/hostname"),
            boot: word("/proc/sys/kernel/random/boot_id"),
            namespace: namespace().unwrap_or_else(|| "-".to_owned()),
        }
    }

    fn is_known(&self) -> bool {
        self.boot != "-" && self.namespace != "-"
    }
}

/// Names this process. It is read anew each time, as a fork is another process.
pub(super) fn identity() -> String {
    let Place { host, boot, namespace } = Place::read();
    let pid = std::process::id();
    let start = i32::try_from(pid).ok().and_then(process::read).map(|own| own.start.to_string());
    let start = start.unwrap_or_else(|| "-".to_owned());
    format!("{host} {boot} {pid} {start} {namespace}")
}

/// Tells whether the process of this name has certainly ended.
pub(super) fn is_dead(identity: &str) -> bool {
    let words: Vec<&str> = identity.split(' ').collect();
    let [host, boot, pid, start, namespace] = *words else { return false };
    let theirs =
        Place { host: host.to_owned(), boot: boot.to_owned(), namespace: namespace.to_owned() };
    if !theirs.is_known() || theirs != Place::read() {
        return false;
    }
    let (Ok(pid), Ok(start)) = (pid.parse::<i32>(), start.parse::<u64>()) else { return false };
    // The kernel is asked first: `/proc` may hide the processes of other users.
    if Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH)) {
        return true;
    }
    process::read(pid).is_some_and(|found| found.start != start || found.ended)
}

/// The pid namespace, when `/proc` shows the same one that this process lives in.
fn namespace() -> Option<String> {
    let own = fs::read_link("/proc/self").ok()?;
    if own.to_str()?.parse() != Ok(std::process::id()) {
        return None;
    }
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_str()?.to_owned())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// The name that a child of ours would give itself.
    fn name_of(pid: u32, start: u64) -> String {
        let own = identity();
        let words: Vec<&str> = own.split(' ').collect();
        format!("{} {} {pid} {start} {}", words[0], words[1], words[4])
    }

    #[expect(clippy::disallowed_methods, reason = "a process of its own is what is tested")]
    fn sleeper() -> std::process::Child {
        Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap()
    }

    fn start_of(pid: u32) -> u64 {
        process::read(i32::try_from(pid).unwrap()).unwrap().start
    }

    #[test]
    fn this_process_lives() {
        assert!(!is_dead(&identity()));
    }

    #[test]
    fn a_killed_process_is_dead_before_and_after_its_parent_looks() {
        let mut child = sleeper();
        let name = name_of(child.id(), start_of(child.id()));
        assert!(!is_dead(&name), "{name}");
        child.kill().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let options =
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(pid), options).unwrap();
        assert!(is_dead(&name), "a zombie is dead");
        child.wait().unwrap();
        assert!(is_dead(&name));
    }

    #[test]
    fn a_reused_pid_is_not_the_old_process() {
        let mut child = sleeper();
        let other = name_of(child.id(), start_of(child.id()) - 1);
        assert!(is_dead(&other));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn doubt_is_not_death() {
        let own = identity();
        let words: Vec<&str> = own.split(' ').collect();
        let gone = "4194304";
        for (index, word) in [(0, "elsewhere"), (1, "boot"), (4, "pid:[1]"), (1, "-"), (3, "x")] {
            let mut changed = words.clone();
            changed[2] = gone;
            if index == 3 {
                changed[2] = words[2];
            }
            changed[index] = word;
            assert!(!is_dead(&changed.join(" ")), "{changed:?}");
        }
        for text in ["", "a", "a b c d e", "a b c d e f"] {
            assert!(!is_dead(text), "{text}");
        }
    }
}
