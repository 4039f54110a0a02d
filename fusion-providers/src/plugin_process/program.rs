//! Which program is started to run a plugin.

use std::path::{Path, PathBuf};

use fusion_core::model::chat::{Fault, FaultKind};

/// The program that can be one, and what it is told.
const PROGRAM: &str = "fusion";
const ARGUMENT: &str = "plugin-host";

/// Finds the program: this one when it is `fusion`, else `fusion` of the `PATH`.
///
/// # Errors
/// `invalid_request` that says what to do when there is none.
pub(super) fn program() -> Result<Vec<String>, Fault> {
    let found = own().or_else(|| {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders)
            .map(|folder| folder.join(PROGRAM))
            .find(|path| is_program(path))
    });
    let text = found.and_then(|path| path.into_os_string().into_string().ok());
    let path = text.ok_or_else(|| {
        let message = "a plugin that is not trusted runs in a process of its own, and there is no `fusion` on the PATH to run it: install the command, name another program with `Plugins::host`, or trust the plugin with `fusion plugins trust`";
        Fault::new(FaultKind::InvalidRequest, message)
    })?;
    Ok(vec![path, ARGUMENT.to_owned()])
}

/// Gives this program when it is `fusion`.
fn own() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let name = own.file_name()?.to_str()?;
    if name.trim_end_matches(" (deleted)") != PROGRAM {
        return None;
    }
    // The very one that runs, also when a newer one has come into its place.
    let running = Path::new("/proc/self/exe");
    Some(if cfg!(target_os = "linux") && running.exists() { running.to_owned() } else { own })
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
