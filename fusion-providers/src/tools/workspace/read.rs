//! Read a file, by lines.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::BorrowedFd;

use super::names::shown;
use super::open;
use crate::tools::away::Halt;

/// The largest file that is read, in bytes.
pub(super) const FILE_BYTES: u64 = 8 * 1024 * 1024;
/// How much of a file one call shows, in bytes; agents show a model no more than 64 KiB of a result by default.
const SHOWN_BYTES: usize = 48 * 1024;
/// How far one looks for a NUL, which no text has, in bytes.
const SNIFF_BYTES: usize = 8 * 1024;

/// Gives lines of a file, as they are; what is left is said at the end.
pub(super) fn read(
    root: BorrowedFd<'_>,
    path: &str,
    (from, most): (usize, usize),
    halt: &Halt,
) -> Result<String, String> {
    let (file, size) = open::file(root, path)?;
    let bytes = whole(file, size, halt).map_err(|why| format!("`{}` {why}", shown(path)))?;
    if is_binary(&bytes) {
        return Err(format!("`{}` is no text: it has {} bytes", shown(path), bytes.len()));
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut shown = lines(&text, from, most);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        shown.push_str("\n[what is no UTF-8 is shown as \u{fffd}]");
    }
    Ok(shown)
}

/// Reads a whole file that is not too large.
pub(super) fn whole(file: File, size: u64, halt: &Halt) -> Result<Vec<u8>, String> {
    let large =
        || format!("has more than {FILE_BYTES} bytes, which is too much to read: search in it");
    if size > FILE_BYTES {
        return Err(large());
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    halt.check()?;
    if bytes.len() as u64 > FILE_BYTES { Err(large()) } else { Ok(bytes) }
}

/// Tells whether bytes are something else than text.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(SNIFF_BYTES).any(|byte| *byte == 0)
}

/// Gives at most so many lines from a line on (from 1), and says which ones they are unless they are all.
pub(super) fn lines(text: &str, from: usize, most: usize) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let start = from.max(1) - 1;
    let mut shown = String::new();
    let mut next = start;
    for line in all.iter().skip(start).take(most) {
        if shown.len() + line.len() > SHOWN_BYTES {
            if shown.is_empty() {
                // One line that is too long: its beginning is better than nothing.
                let end =
                    (0..=SHOWN_BYTES).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                shown.push_str(line.get(..end).unwrap_or_default());
                let _ = write!(shown, "\n[line {} has {} bytes: cut here]\n", next + 1, line.len());
                next += 1;
            }
            break;
        }
        shown.push_str(line);
        next += 1;
    }
    if all.is_empty() {
        return "[the file is empty]".to_owned();
    }
    if start >= all.len() {
        return format!("[the file has only {} lines]", all.len());
    }
    if start > 0 || next < all.len() {
        if !shown.ends_with('\n') {
            shown.push('\n');
        }
        let _ = write!(shown, "[lines {}-{next} of {}]", start + 1, all.len());
    }
    shown
}
