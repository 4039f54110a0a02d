//! Recordings on disk: JSON lines, or one JSON document.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};

use super::Exchange;

/// The version of the form; a file of a later one is refused.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    fusion_recording: u32,
}

#[derive(Deserialize)]
struct Whole {
    fusion_recording: u32,
    exchanges: Vec<Exchange>,
}

/// Reads a recording: a first line `{"fusion_recording": 1}` and an exchange a line, or one document with `exchanges`.
///
/// # Errors
/// `FU0201` when the file cannot be read, `FU0202` when it is no recording, `FU0303` when a later version wrote it.
pub fn read(path: &Path) -> Result<Vec<Exchange>> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Error::new(Code::FileUnreadable, format!("the recording {shown} cannot be read"))
            .because(error)
    })?;
    let wrong = |line: usize, error: serde_json::Error| {
        let what = format!("{shown}: line {line} is not part of a recording");
        Error::new(Code::Syntax, what).because(error)
    };
    if let Ok(whole) = serde_json::from_str::<Whole>(&text) {
        return known(whole.fusion_recording, path).map(|()| whole.exchanges);
    }
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let Some((at, first)) = lines.next() else {
        return Err(Error::new(Code::Syntax, format!("the recording {shown} is empty")));
    };
    let head: Head = serde_json::from_str(first).map_err(|error| wrong(at, error))?;
    known(head.fusion_recording, path)?;
    lines.map(|(at, line)| serde_json::from_str(line).map_err(|error| wrong(at, error))).collect()
}

fn known(version: u32, path: &Path) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    let what = format!("{} is a recording of version {version}", path.display());
    let hint = format!("this program reads version {VERSION}: record it again, or update");
    Err(Error::new(Code::StoreNewer, what).hint(hint))
}

/// Writes a recording: whole, or not at all; one that was there is replaced in one step.
///
/// # Errors
/// `FU0201` when the file cannot be written.
pub fn write(path: &Path, exchanges: &[Exchange]) -> Result<()> {
    let lines: serde_json::Result<Vec<String>> =
        exchanges.iter().map(serde_json::to_string).collect();
    let lines = lines.map_err(|error| {
        Error::new(Code::InvalidInput, "an exchange cannot be written as JSON").because(error)
    })?;
    write_lines(path, &lines)
}

/// Writes a recording whose exchanges are text already.
pub(super) fn write_lines(path: &Path, lines: &[String]) -> Result<()> {
    let unwritable = |error: std::io::Error| {
        let what = format!("the recording {} cannot be written", path.display());
        Error::new(Code::FileUnreadable, what).because(error)
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = fs::File::create(&beside).map_err(unwritable)?;
    writeln!(file, "{{\"fusion_recording\":{VERSION}}}").map_err(unwritable)?;
    lines.iter().try_for_each(|line| writeln!(file, "{line}")).map_err(unwritable)?;
    file.sync_all().map_err(unwritable)?;
    drop(file);
    fs::rename(&beside, path).map_err(unwritable)
}
