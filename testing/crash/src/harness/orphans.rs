//! Processes that outlived the worker which started them.

use std::fs;

use crate::worker::MARK;

/// Lists the processes of commands with this mark that are alive now.
pub(super) fn living(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    let mut found = Vec::new();
    for entry in folder.flatten() {
        let path = entry.path();
        // Of other users' processes and of zombies nothing can be read: none of them is meant.
        let Ok(environment) = fs::read(path.join("environ")) else { continue };
        if environment.split(|byte| *byte == 0).any(|word| word == wanted.as_bytes()) {
            let line = fs::read(path.join("cmdline")).unwrap_or_default();
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push(format!("{name} {}", String::from_utf8_lossy(&line).replace('\0', " ")));
        }
    }
    found
}
