//! [`Policy`]: what a command may.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How well a command has to be isolated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// All layers, or the command is refused.
    #[default]
    Strict,
    /// The layers that there are here, perhaps none.
    Available,
    /// None: the command does what the user may do.
    Off,
}

/// What a command reaches of the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing: it cannot make a socket.
    #[default]
    None,
    /// A network of its own, in which it is alone: a server and its client in one command find each other.
    Own,
    /// That of the machine, which includes the services of this host.
    Host,
}

/// What a command may: programs, time, memory, processes, disk, network, environment.
///
/// The default is strict: two minutes, 2 GiB of memory, 256 processes, no network. Policies are the operator's: they come from
/// code or from files outside of all workspaces, never from a file that an agent can write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How well it has to be isolated.
    pub isolation: Isolation,
    /// The programs that may be started, by the very word that a command names them with; all when absent. What an allowed
    /// program starts in turn is not looked at: this is a convenience, the boundary is the isolation.
    pub programs: Option<Vec<String>>,
    /// What it reaches of the network.
    pub network: Network,
    /// How long it may take, in milliseconds; then it is ended with all that it started.
    pub time_ms: u64,
    /// What is kept of its standard output, in bytes from the start.
    pub stdout_bytes: usize,
    /// What is kept of its standard error, in bytes from the end.
    pub stderr_bytes: usize,
    /// Memory in bytes: of all its processes together where there are control groups, else of the data of each.
    pub memory_bytes: u64,
    /// How many processes and threads it may have at once.
    pub processes: u64,
    /// How many files each of its processes may have open.
    pub open_files: u64,
    /// The largest file that it may write, in bytes.
    pub file_bytes: u64,
    /// How much fits in its private `/tmp` and `/dev/shm`, in bytes each.
    pub tmp_bytes: u64,
    /// Further folders and files that it may read and execute, such as a toolchain in the user's home.
    pub readable: Vec<PathBuf>,
    /// Variables of its environment, beside `PATH`, `HOME`, `TMPDIR`, `LANG`. Nothing is inherited.
    pub env: BTreeMap<String, String>,
}

impl Default for Policy {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            isolation: Isolation::Strict,
            programs: None,
            network: Network::None,
            time_ms: 120_000,
            stdout_bytes: 4 << 20,
            stderr_bytes: 1 << 20,
            memory_bytes: 2_048 * MIB,
            processes: 256,
            open_files: 1_024,
            file_bytes: 512 * MIB,
            tmp_bytes: 256 * MIB,
            readable: Vec::new(),
            env: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Says what is wrong with a command line; nothing when it is allowed.
    pub(super) fn refuses(&self, argv: &[String]) -> Option<String> {
        let Some(program) = argv.first().filter(|word| !word.is_empty()) else {
            return Some(
                "a command names a program: its first word is missing or empty".to_owned(),
            );
        };
        let allowed = self.programs.as_ref()?;
        (!allowed.contains(program)).then(|| {
            format!("the policy does not allow `{program}`; it allows {}", allowed.join(", "))
        })
    }

    /// Says what is wrong with the environment or the folders; nothing when all is well.
    pub(super) fn mistake(&self) -> Option<String> {
        let odd = |name: &str| name.is_empty() || name.contains(['=', '\0']);
        if let Some((name, _)) =
            self.env.iter().find(|(name, value)| odd(name) || value.contains('\0'))
        {
            return Some(format!("the variable {name:?} of the policy is not a possible one"));
        }
        let wrong = |path: &&PathBuf| !path.is_absolute() || path.parent().is_none();
        self.readable.iter().find(wrong).map(|path| {
            let path = path.display();
            format!("`readable` names folders by their full paths, and never `/`: `{path}`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_programs_by_their_very_words() {
        let policy = Policy { programs: Some(vec!["git".to_owned()]), ..Policy::default() };
        let refuses = |line: &str| {
            policy.refuses(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).is_some()
        };
        assert!(!refuses("git status"));
        for line in ["/usr/bin/git", "./git", "sh -c git", "gitk", "env git", ""] {
            assert!(refuses(line), "{line}");
        }
        assert!(Policy::default().refuses(&[]).is_some());
    }

    #[test]
    fn a_policy_is_read_from_json_and_unknown_words_are_refused() {
        let read = |text| serde_json::from_str::<Policy>(text);
        let policy = read(r#"{"network": "own", "time_ms": 5, "isolation": "available"}"#).unwrap();
        assert_eq!((policy.network, policy.time_ms), (Network::Own, 5));
        assert_eq!(policy.isolation, Isolation::Available);
        assert!(read(r#"{"networks": "own"}"#).is_err());
        assert_eq!(read("{}").unwrap(), Policy::default());
    }

    #[test]
    fn the_root_is_nothing_to_read() {
        for path in ["/", "relative"] {
            let policy = Policy { readable: vec![path.into()], ..Policy::default() };
            assert!(policy.mistake().is_some(), "{path}");
        }
    }
}
