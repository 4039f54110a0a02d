//! Which texts are paths inside a folder. Pure: no file is looked at.

/// The longest path, and the longest name in it, in bytes: what systems allow.
const PATH_BYTES: usize = 4_096;
const NAME_BYTES: usize = 255;

/// Gives the names of a path, from the folder on; none for the folder itself. What is wrong is said to the model.
pub(super) fn names(path: &str) -> Result<Vec<&str>, String> {
    if path.starts_with('/') {
        return Err(format!(
            "{path:?} begins with `/`: paths begin in the workspace, as `src/a.txt` does"
        ));
    }
    if path.contains('\0') {
        return Err(format!("{path:?} has a NUL in it, which no path has"));
    }
    if path.len() > PATH_BYTES {
        return Err(format!("the path has {} bytes, and {PATH_BYTES} are the most", path.len()));
    }
    let names: Vec<&str> = path.split('/').filter(|name| !["", "."].contains(name)).collect();
    for name in &names {
        if *name == ".." {
            return Err(format!(
                "{path:?} has `..` in it, and nothing outside the workspace is for you"
            ));
        }
        if name.len() > NAME_BYTES {
            return Err(format!(
                "a name in the path has {} bytes, and {NAME_BYTES} are the most",
                name.len()
            ));
        }
    }
    Ok(names)
}

/// Shows a path or a name on one line: as it is, or in quotes when it has control characters.
pub(super) fn shown(path: &str) -> String {
    if path.chars().any(char::is_control) { format!("{path:?}") } else { path.to_owned() }
}
