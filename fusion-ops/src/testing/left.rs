//! Reports that commands leave as files.

use std::path::Path;

use super::junit;
use super::report::Case;
use super::search::ends_with;
use super::suite::Kind;

/// The largest report, in bytes.
const REPORT: u64 = 64 * 1024 * 1024;
/// How deep, and how many folders, reports of Java's runners are looked for.
const DEEP: (usize, usize) = (8, 10_000);

/// Reads a report as text.
pub(super) fn text(file: &Path) -> Result<String, String> {
    let about = file.metadata().map_err(|_| "there is no file".to_owned())?;
    if about.len() > REPORT {
        return Err(format!("it has more than {REPORT} bytes"));
    }
    let bytes = std::fs::read(file).map_err(|why| why.to_string())?;
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads JUnit XML that a runner wrote.
pub(super) fn cases(text: &str, kind: Kind) -> Result<Vec<Case>, String> {
    let groups = junit::read(text).map_err(|why| why.to_string())?;
    let mut all = Vec::new();
    for group in groups {
        for mut case in group.cases {
            if kind == Kind::Node && case.class == "test" {
                case.class.clone_from(&group.name);
            }
            all.push(case);
        }
    }
    Ok(all)
}

/// Reads the reports that Java's runners wrote since a moment.
pub(super) fn java(folder: &Path, kind: Kind, since: i64) -> Result<Vec<Case>, String> {
    let Some((place, begin)) = kind.reports() else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    let mut looked = 0;
    while let Some((folder, depth)) = open.pop() {
        looked += 1;
        let is_place = folder.components().any(|part| part.as_os_str() == place);
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(about) if about.is_dir() => {
                    let skipped = name.starts_with('.') || name == "node_modules";
                    if !skipped && depth < DEEP.0 && looked < DEEP.1 {
                        open.push((entry.path(), depth + 1));
                    }
                }
                Ok(about)
                    if about.is_file()
                        && is_place
                        && name.starts_with(begin)
                        && ends_with(&name, "xml") =>
                {
                    let changed = entry.metadata().ok().and_then(|about| about.modified().ok());
                    let at = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                    let at = at.map_or(0, |at| i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
                    // Clocks of file systems are coarse.
                    if at + 2_000 >= since {
                        files.push(entry.path());
                    }
                }
                _ => {}
            }
        }
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        all.extend(cases(&text(&file)?, kind).map_err(|why| format!("{}: {why}", file.display()))?);
    }
    Ok(all)
}
