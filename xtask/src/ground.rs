//! Where the chores stand: the repository's folder and the programs built from it.

use std::path::{Path, PathBuf};

/// The repository's folder: the parent of this crate's, wherever the checkout is now.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

/// The development build of the `fusion` command, which lies beside this program.
pub(crate) fn fusion() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|cause| format!("where am I: {cause}"))?;
    let beside = own.with_file_name(format!("fusion{}", std::env::consts::EXE_SUFFIX));
    if beside.is_file() {
        return Ok(beside);
    }
    Err(format!("{} is not built: run `cargo build -p fusion-cli` first", beside.display()))
}

/// A folder that is empty at first and gone when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one under the system's folder for temporary files.
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("fusion-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path)
            .map_err(|cause| format!("make {}: {cause}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind on a failure, it costs a few kilobytes until the system clears its folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
