//! Which program is the launcher, and what of it has to be seen in the sandbox.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// The program that can be one, and what it is told.
const PROGRAM: &str = "fusion";
const ARGUMENT: &str = "sandbox";
/// How much of a file is read to find its interpreter, in bytes.
const FIRST_LINE_BYTES: u64 = 512;

/// Finds the launcher: this program when it is `fusion`, else `fusion` of the `PATH`.
pub(super) fn find() -> Option<Vec<String>> {
    let found = own().or_else(|| {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders)
            .map(|folder| folder.join(PROGRAM))
            .find(|path| is_program(path))
    });
    Some(vec![found?.into_os_string().into_string().ok()?, ARGUMENT.to_owned()])
}

fn own() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    (own.file_name()?.to_str()? == PROGRAM).then_some(own)
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Gives what has to be there for it to start: its own file, and of a script's interpreter the folder that it is installed in.
pub(super) fn needs(launcher: &[String]) -> Vec<PathBuf> {
    let Some(path) = launcher.first().map(PathBuf::from) else { return Vec::new() };
    let mut needed = vec![path.clone()];
    if let Some(interpreter) = interpreter(&path) {
        needed.extend(home(&interpreter));
        needed.extend(interpreter.canonicalize().ok().and_then(|real| home(&real)));
        needed.extend(home(&path));
    }
    needed.retain(|path| !["/usr", "/"].iter().any(|bound| path == Path::new(bound)));
    needed.sort();
    needed.dedup();
    needed
}

/// `/opt/python` of `/opt/python/bin/python3`; nothing for what the system has anyway.
fn home(program: &Path) -> Option<PathBuf> {
    let bin = program.parent()?;
    if bin.file_name()? != "bin" || program.starts_with("/usr/bin") || program.starts_with("/bin") {
        return None;
    }
    bin.parent().map(Path::to_owned)
}

fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut line = String::new();
    let start = std::fs::File::open(path).ok()?.take(FIRST_LINE_BYTES);
    BufReader::new(start).read_line(&mut line).ok()?;
    let words = line.strip_prefix("#!")?.trim();
    words.split_whitespace().next().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_needs_its_interpreter_s_folder() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("fusion");
        std::fs::write(&script, "#!/opt/python/bin/python3 -E\n").unwrap();
        let launcher = [script.to_str().unwrap().to_owned(), "sandbox".to_owned()];
        let needed = needs(&launcher);
        assert!(needed.contains(&script) && needed.contains(&PathBuf::from("/opt/python")));
        std::fs::write(&script, "#!/usr/bin/python3\n").unwrap();
        assert_eq!(needs(&launcher), [script]);
    }
}
