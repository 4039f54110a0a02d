//! Which files of a workspace changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::Env;
use tokio::sync::oneshot;

/// The most files that are looked at: of a larger workspace nobody says what changed.
const FILES: usize = 200_000;
/// The most files that are named.
const NAMED: usize = 10_000;
/// The folder that git keeps for itself.
const GIT: &str = ".git";

/// The files of a workspace at one moment, by their paths in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Seen(Option<BTreeMap<String, Stamp>>);

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    inode: u64,
    changed_ns: i64,
}

impl Seen {
    /// Looks at a workspace, away from the tasks. Links are not followed.
    pub(super) async fn look(env: &Arc<dyn Env>, workspace: PathBuf) -> Self {
        let (reply, seen) = oneshot::channel();
        env.blocking(Box::new(move || {
            let mut files = BTreeMap::new();
            let whole = walk(&workspace, &workspace, &mut files);
            // Nobody waits for it when the run has ended.
            let _gone = reply.send(Self(whole.then_some(files)));
        }));
        seen.await.unwrap_or_default()
    }

    /// Names the files that were made, changed or removed since then, or since a moment in milliseconds since 1970.
    pub(super) fn changed(&self, before: &Self, began_ms: i64) -> Vec<String> {
        let (Some(now), Some(before)) = (&self.0, &before.0) else { return Vec::new() };
        let since_ns = began_ms.saturating_mul(1_000_000);
        let is_new = |(path, stamp): &(&String, &Stamp)| {
            before.get(*path) != Some(*stamp) || stamp.changed_ns >= since_ns
        };
        let changed = now.iter().filter(is_new).map(|(path, _)| path);
        let removed = before.keys().filter(|path| !now.contains_key(*path));
        let mut all: Vec<String> = changed.chain(removed).cloned().collect();
        all.sort();
        all.truncate(NAMED);
        all
    }
}

/// Notes the files of a folder and of those below; `false` when there are too many.
fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Stamp>) -> bool {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, Ok(data)) = (entry.path(), entry.metadata()) else { continue };
            if data.is_dir() {
                if entry.file_name() != GIT {
                    open.push(path);
                }
                continue;
            }
            if files.len() >= FILES {
                return false;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let changed_ns =
                data.mtime().saturating_mul(1_000_000_000).saturating_add(data.mtime_nsec());
            files.insert(name, Stamp { bytes: data.len(), inode: data.ino(), changed_ns });
        }
    }
    true
}
