//! A specification to begin with: the pages that spec-kit's own commands fill in.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};

/// The pages by name; `{{name}}` and `{{title}}` are filled in.
const PAGES: [(&str, &str); 3] = [
    ("spec.md", include_str!("pages/spec.md")),
    ("plan.md", include_str!("pages/plan.md")),
    ("tasks.md", include_str!("pages/tasks.md")),
];
/// The longest name, in bytes.
const LONGEST: usize = 60;

/// Makes `NNN-name` in a folder of specifications, with `spec.md`, `plan.md` and `tasks.md`; the number is the one after the
/// greatest that is there.
///
/// # Errors
/// `FU0101` for a name without letters, `FU0201` when something cannot be written.
pub fn create(specs: &Path, name: &str) -> Result<PathBuf> {
    let slug = slug(name);
    if slug.is_empty() {
        let message = format!("`{name}` has no letters to make the name of a folder of");
        return Err(Error::new(Code::InvalidInput, message).hint("name it like `user-login`"));
    }
    let unwritable = |path: &Path, why: std::io::Error| {
        Error::new(Code::FileUnreadable, format!("{} cannot be written", path.display()))
            .because(why)
    };
    std::fs::create_dir_all(specs).map_err(|why| unwritable(specs, why))?;
    let taken = std::fs::read_dir(specs).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let digits: String =
            name.to_string_lossy().chars().take_while(char::is_ascii_digit).take(6).collect();
        digits.parse::<u32>().ok()
    });
    let number = taken.max().unwrap_or(0) + 1;
    let branch = format!("{number:03}-{slug}");
    let folder = specs.join(&branch);
    // Made by one: a second process with the same number is told.
    std::fs::create_dir(&folder).map_err(|why| unwritable(&folder, why))?;
    for (file, text) in pages(&branch, name) {
        let path = folder.join(file);
        std::fs::write(&path, text).map_err(|why| unwritable(&path, why))?;
    }
    Ok(folder)
}

/// Gives the pages of a specification to begin with, each with the name of its file: `spec.md`, `plan.md`, `tasks.md`. `folder` is
/// the name of their folder, `name` what it is called.
pub fn pages(folder: &str, name: &str) -> [(&'static str, String); 3] {
    let title: String = name.chars().filter(|sign| !sign.is_control()).collect();
    let title = title.trim().replace("<!--", "").replace(['\u{202e}', '`'], "");
    PAGES.map(|(file, text)| (file, text.replace("{{name}}", folder).replace("{{title}}", &title)))
}

/// Tells whether a `tasks.md` is the page of [`create`] into which nobody has written tasks.
pub fn is_unfilled(tasks: &str) -> bool {
    tasks.contains("`fusion spec plan` makes them of the requirements")
}

/// A name of small letters, digits and hyphens; empty for a text without letters and digits of the English alphabet.
pub fn slug(name: &str) -> String {
    let mut made = String::new();
    for sign in name.to_lowercase().chars() {
        if sign.is_ascii_alphanumeric() {
            made.push(sign);
        } else if !made.is_empty() && !made.ends_with('-') {
            made.push('-');
        }
        if made.len() >= LONGEST {
            break;
        }
    }
    made.trim_end_matches('-').to_owned()
}
