//! Names and paths that packages may use: what no file system, terminal or version control takes amiss.

use std::fmt;

use fusion_core::error::{Code, Error, Result};

/// The longest name, in bytes.
const NAME_BYTES: usize = 64;
/// The longest path, in bytes, and its deepest nesting.
const PATH_BYTES: usize = 240;
const DEPTH: usize = 12;
/// What Windows takes for a device, with whatever ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Folders and files that are not for components: version control runs programs of its own, and the rest is ours.
const OWN: [&str; 7] =
    [".git", ".hg", ".svn", ".fusion", ".fusion-change", "fusion.lock", "fusion.toml"];

/// Checks the name of a component, a specification or what a component provides: `auth`, `queue-jobs`.
pub(super) fn name(what: &str, text: &str) -> Result<()> {
    let fine = text.len() <= NAME_BYTES
        && text.starts_with(|sign: char| sign.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-');
    if fine && !is_device(text) {
        return Ok(());
    }
    let message = format!("{} is no name of {what}", Shown(text));
    let hint = "lower-case letters, digits and `-`, a letter first, 64 at most, and no name of a device such as `con`";
    Err(Error::new(Code::InvalidId, message).hint(hint))
}

/// Checks a path inside of a package or a project: relative, plain, the same on every system.
pub(super) fn path(what: &str, text: &str) -> Result<()> {
    let wrong = |why: &str| {
        let message = format!("{what} {} {why}", Shown(text));
        Err(Error::new(Code::InvalidInput, message)
            .hint("write a path within the folder, such as `src/auth/readme.md`"))
    };
    if text.is_empty() || text.len() > PATH_BYTES {
        return wrong("is empty or longer than 240 bytes");
    }
    if text.starts_with('/') || text.starts_with('~') || text.get(1..2) == Some(":") {
        return wrong("is a full path: it would lead out of the folder");
    }
    let parts: Vec<&str> = text.split('/').collect();
    if parts.len() > DEPTH {
        return wrong("is nested deeper than 12 folders");
    }
    for part in parts {
        if part == ".." || part == "." || part.is_empty() {
            return wrong("has `..`, `.` or an empty part: it could lead out of the folder");
        }
        if part.chars().any(is_wild) {
            return wrong(
                "has a sign that not every system allows in names, or that terminals obey",
            );
        }
        if part.ends_with(['.', ' ']) || part.starts_with(' ') || is_device(part) {
            return wrong("is a name that Windows keeps for devices, or that it cuts");
        }
    }
    Ok(())
}

/// Checks a path that a component writes: it may not be version control's or our own.
pub(super) fn target(text: &str) -> Result<()> {
    path("the path", text)?;
    let first = text.split('/').next().unwrap_or_default().to_lowercase();
    if !OWN.contains(&first.as_str()) && !text.to_lowercase().split('/').any(|part| part == ".git")
    {
        return Ok(());
    }
    let message = format!("a component may not write {}", Shown(text));
    Err(Error::new(Code::InvalidInput, message)
        .hint("what version control and Fusion keep for themselves is not for components"))
}

/// Checks words for people: nothing that a terminal obeys.
pub(super) fn words(what: &str, text: &str, most: usize) -> Result<()> {
    let wild = |sign: char| (sign.is_control() && sign != '\n') || turns(sign);
    let why = if text.len() > most {
        format!("is longer than {most} bytes")
    } else if text.contains(wild) {
        "has control characters, which a terminal would obey".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(Code::InvalidInput, format!("{what} {} {why}", Shown(text)))
        .hint("write plain text"))
}

fn is_wild(sign: char) -> bool {
    sign.is_control() || turns(sign) || "<>:\"|?*\\".contains(sign)
}

/// Whether a sign turns the direction of writing, so that a name looks like another.
fn turns(sign: char) -> bool {
    matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_number = |rest: &str| {
        let mut signs = rest.chars();
        matches!((signs.next(), signs.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    DEVICES.contains(&stem.as_str()) || numbered.is_some_and(is_number)
}

/// Text of others in a message: quoted, its control characters escaped, and cut.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.0.chars().take(80).collect();
        let plain = short.escape_debug().to_string();
        write!(f, "`{plain}`{}", if short.len() < self.0.len() { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for fine in ["auth", "queue-jobs", "i18n", "a"] {
            assert!(name("a component", fine).is_ok(), "{fine}");
        }
        for bad in ["", "Auth", "-a", "a-", "1a", "a_b", "con", "a/b", "a\u{1b}[2J", "ä", ".."] {
            let error = name("a component", bad).unwrap_err();
            assert_eq!(error.code(), Code::InvalidId, "{bad}");
            assert!(!error.message().contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn paths_stay_inside_on_every_system() {
        for fine in ["a", "src/auth/x.py", ".env.example", "ä/b c.md", "console/x", "com10.txt"] {
            assert!(target(fine).is_ok(), "{fine}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/.",
            "c:x",
            "C:/x",
            "a\\b",
            "~/x",
            "nul",
            "src/CON.txt",
            "a/aux",
            "lpt1.md",
            "com0",
            "a.",
            "a ",
            " a",
            "a\u{0}b",
            "a\u{1b}[31m",
            "a\nb",
            "a:b",
            "a*",
            "\u{202e}gpj.exe",
            "com¹",
            ".git/hooks/post-commit",
            "sub/.git/config",
            ".GIT/x",
            ".fusion/x",
            "fusion.lock",
            "a/b/c/d/e/f/g/h/i/j/k/l/m",
        ] {
            let error = target(bad).unwrap_err();
            assert_eq!(error.code(), Code::InvalidInput, "{bad}");
            assert!(!error.message().contains(['\u{1b}', '\u{202e}']), "{error}");
        }
    }
}
