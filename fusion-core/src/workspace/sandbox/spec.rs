//! What the launcher is told, by one variable of its environment: what a list of processes shows are arguments, and the
//! program's variables may be secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::policy::Network;

/// The variable that has it, in JSON.
pub(super) const VARIABLE: &str = "FUSION_SANDBOX";
/// With what the launcher's complaints begin.
pub(super) const COMPLAINT: &str = "fusion sandbox: ";
/// What the launcher writes on standard error just before it becomes the program: whoever did not get so far was refused.
pub(super) const BEGUN: &str = "fusion sandbox: begun\n";
/// The exit code of a launcher that refuses.
pub(super) const REFUSED: u8 = 125;
/// The exit code when the program itself cannot be started.
pub(super) const MISSING: u8 = 127;

/// What the launcher is to do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Spec {
    /// Say which layers there are, instead of running anything.
    #[serde(default)]
    pub(super) probe: bool,
    /// Put these layers on, or refuse.
    pub(super) landlock: bool,
    pub(super) seccomp: bool,
    /// It runs in namespaces of its own, where `/tmp` and `/dev/shm` are nobody else's.
    pub(super) private: bool,
    pub(super) network: Network,
    pub(super) writable: Vec<PathBuf>,
    pub(super) readable: Vec<PathBuf>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) cwd: PathBuf,
    pub(super) limits: Limits,
}

/// The limits of each process.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Limits {
    pub(super) data_bytes: Option<u64>,
    pub(super) processes: Option<u64>,
    pub(super) open_files: Option<u64>,
    pub(super) file_bytes: Option<u64>,
}

/// What a probe answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) landlock: Option<u32>,
    pub(super) seccomp: bool,
    pub(super) missing: Vec<String>,
}
