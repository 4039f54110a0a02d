//! The arguments of bubblewrap. What is not named here is not there.

use std::path::{Path, PathBuf};

use super::policy::{Network, Policy};

/// What of `/etc` programs need to start, to know the hour and to trust services.
const ETC: [&str; 8] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
];
/// What of it the network needs.
const NAMES: [&str; 4] = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services"];
/// The folders of the system's programs: links on most systems.
const SYSTEM: [&str; 7] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

/// What is bound besides the system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) writable: &'a [PathBuf],
    /// The launcher and what it needs to start; its rules hide them from the program.
    pub(super) launcher: &'a [PathBuf],
    pub(super) cwd: &'a Path,
}

/// Gives the arguments, up to the command.
pub(super) fn arguments(policy: &Policy, bound: Bound<'_>) -> Vec<String> {
    let mut all = Words(Vec::new());
    all.flags();
    if policy.network == Network::Host {
        all.add(&["--share-net"]);
    }
    all.add(&["--ro-bind", "/usr", "/usr"]);
    for path in SYSTEM {
        match std::fs::read_link(path) {
            Ok(to) => all.add(&["--symlink", &to.to_string_lossy(), path]),
            Err(_) => all.add(&["--ro-bind-try", path, path]),
        }
    }
    for path in ETC {
        all.add(&["--ro-bind-try", path, path]);
    }
    if policy.network == Network::Host {
        for path in NAMES {
            all.add(&["--ro-bind-try", path, path]);
        }
    }
    let tmp = policy.tmp_bytes.max(4_096).to_string();
    all.add(&["--proc", "/proc", "--dev", "/dev"]);
    all.add(&["--size", &tmp, "--tmpfs", "/dev/shm", "--size", &tmp, "--tmpfs", "/tmp"]);
    for path in bound.launcher.iter().chain(&policy.readable) {
        all.bind("--ro-bind", path);
    }
    // After all that could lie over them.
    for path in bound.writable {
        all.bind("--bind", path);
    }
    all.add(&["--remount-ro", "/dev", "--remount-ro", "/"]);
    all.add(&["--chdir", &bound.cwd.to_string_lossy(), "--"]);
    all.0
}

struct Words(Vec<String>);

impl Words {
    fn flags(&mut self) {
        self.add(&["--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]);
        self.add(&["--hostname", "sandbox", "--cap-drop", "ALL"]);
        // A terminal of whoever started us is not its terminal; and it ends when we do.
        self.add(&["--new-session", "--die-with-parent"]);
    }

    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(|word| (*word).to_owned()));
    }

    fn bind(&mut self, how: &str, path: &Path) {
        let path = path.to_string_lossy();
        self.add(&[how, &path, &path]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_host_but_what_is_named() {
        let writable = [PathBuf::from("/srv/w")];
        let bound = Bound { writable: &writable, launcher: &[], cwd: Path::new("/srv/w") };
        let words = arguments(&Policy::default(), bound);
        let sources: Vec<&str> = words
            .windows(3)
            .filter(|three| three[0].contains("bind"))
            .map(|three| three[1].as_str())
            .collect();
        for outside in ["/", "/etc", "/home", "/root", "/var", "/run", "/tmp", "/proc", "/dev"] {
            assert!(!sources.contains(&outside), "{outside}");
        }
        assert!(!words.contains(&"--share-net".to_owned()));
        let place = |word: &str| words.iter().position(|held| held == word).unwrap();
        assert!(place("/tmp") < place("/srv/w") && place("/srv/w") < place("--remount-ro"));
        let host = Policy { network: Network::Host, ..Policy::default() };
        assert!(arguments(&host, bound).contains(&"--share-net".to_owned()));
    }
}
