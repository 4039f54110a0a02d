//! Control groups: a bound on the processes and the memory of all that a command starts.
//!
//! They are there for who may make one: root, or a user to whom a part of the tree was given. Without them processes are bounded by
//! `RLIMIT_NPROC`, which counts those of the command's own user namespace (and does not hold for root), and memory by
//! `RLIMIT_DATA` of each process.

use std::fs;
use std::path::{Path, PathBuf};

use super::policy::Policy;

const ROOT: &str = "/sys/fs/cgroup";
/// What a command has beside the program: bubblewrap twice, and the shell that becomes it.
const OWN_PROCESSES: u64 = 3;
/// What `sh` does before it becomes bubblewrap.
const DOOR: &str = "for door in $0; do echo $$ > \"$door\" || { \
    echo 'fusion sandbox: its control group cannot be entered' >&2; exit 125; }; done; exec \"$@\"";

/// The groups of one command.
#[derive(Debug, Default)]
pub(super) struct Group {
    folders: Vec<PathBuf>,
    pub(super) processes: bool,
    pub(super) memory: bool,
}

impl Group {
    /// Makes what can be made here; perhaps nothing.
    pub(super) fn make(name: &str, policy: &Policy) -> Self {
        let mut group = Self::default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        for line in own.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
            if controllers.is_empty() {
                group.unified(path, name, policy);
                continue;
            }
            let base = Path::new(ROOT).join(controllers).join(path.trim_start_matches('/'));
            let all: Vec<&str> = controllers.split(',').collect();
            if all.contains(&"pids") && !group.processes {
                let most = policy.processes.saturating_add(OWN_PROCESSES);
                group.processes = group.add(&base.join(name), &[("pids.max", most)]);
            }
            if all.contains(&"memory") && !group.memory {
                let most = [("memory.limit_in_bytes", policy.memory_bytes)];
                group.memory = group.add(&base.join(name), &most);
            }
        }
        group
    }

    /// The newer tree, in which one folder has all controllers that the one above gives away.
    fn unified(&mut self, path: &str, name: &str, policy: &Policy) {
        let own = Path::new(ROOT).join(path.trim_start_matches('/'));
        for base in [own, PathBuf::from(ROOT)] {
            let given = fs::read_to_string(base.join("cgroup.subtree_control")).unwrap_or_default();
            let has = |controller: &str| given.split_whitespace().any(|word| word == controller);
            let mut limits = Vec::new();
            if has("pids") && !self.processes {
                limits.push(("pids.max", policy.processes.saturating_add(OWN_PROCESSES)));
            }
            if has("memory") && !self.memory {
                limits.push(("memory.max", policy.memory_bytes));
            }
            if !limits.is_empty() && self.add(&base.join(name), &limits) {
                self.processes |= has("pids");
                self.memory |= has("memory");
                return;
            }
        }
    }

    fn add(&mut self, folder: &Path, limits: &[(&str, u64)]) -> bool {
        // The shell takes the names apart at blanks.
        let odd =
            folder.to_str().is_none_or(|path| path.contains(|sign: char| !sign.is_ascii_graphic()));
        if odd || fs::create_dir(folder).is_err() {
            return false;
        }
        let set =
            |(file, most): &(&str, u64)| fs::write(folder.join(file), most.to_string()).is_ok();
        if limits.iter().all(set)
            && rustix::fs::access(folder.join("cgroup.procs"), rustix::fs::Access::WRITE_OK).is_ok()
        {
            self.folders.push(folder.to_owned());
            return true;
        }
        let _ = fs::remove_dir(folder);
        false
    }

    /// Gives the words that come before a command so that it begins in the groups.
    pub(super) fn words(&self) -> Vec<String> {
        if self.folders.is_empty() {
            return Vec::new();
        }
        let doors: Vec<String> = self
            .folders
            .iter()
            .map(|folder| folder.join("cgroup.procs").display().to_string())
            .collect();
        vec!["/bin/sh".to_owned(), "-c".to_owned(), DOOR.to_owned(), doors.join(" ")]
    }

    /// Takes the groups away; `false` while somebody is still in one.
    pub(super) fn remove(&mut self) -> bool {
        self.folders.retain(|folder| fs::remove_dir(folder).is_err() && folder.exists());
        self.folders.is_empty()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.remove();
    }
}
