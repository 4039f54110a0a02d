//! The files that a line names.

/// Endings that are not of files of a project.
const NOT: [&str; 8] = ["com", "org", "io", "net", "dev", "g", "e", "js"];

/// Gives the paths of a line, each once, in their order.
pub(crate) fn files(raw: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let pieces = raw.split(|sign: char| sign.is_whitespace() || "`\"'(),;<>|*[]".contains(sign));
    for piece in pieces {
        let piece = piece.trim_matches(|sign: char| ".:!?→-–—~".contains(sign));
        // `.env` begins with a point that was just taken away.
        if is_file(piece) && !found.iter().any(|one| one == piece) {
            found.push(piece.to_owned());
        }
    }
    found
}

fn is_file(piece: &str) -> bool {
    if piece.contains("://") || piece.contains("...") || piece.starts_with('@') || piece.len() > 300
    {
        return false;
    }
    let (folder, name) = piece.rsplit_once('/').unwrap_or(("", piece));
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let fits = !stem.is_empty()
        && (1..=10).contains(&ending.len())
        && ending.bytes().all(|sign| sign.is_ascii_alphanumeric())
        && ending.starts_with(|sign: char| sign.is_ascii_lowercase());
    if !fits || folder.starts_with("github.com") {
        return false;
    }
    // `Node.js` and `example.com` are no files; `src/index.js` is one.
    let alone = folder.is_empty();
    let name_of_something = alone && (NOT.contains(&ending) && !stem.contains(['.', '_', '-']));
    !name_of_something && !stem.ends_with('(')
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn paths_are_found_and_names_are_not() {
        let raw = "Add `src/a.py`, tests/unit/test_b.ts and go.mod (see README.md) with Node.js v1.2 e.g. example.com.";
        assert_eq!(files(raw), ["src/a.py", "tests/unit/test_b.ts", "go.mod", "README.md"]);
        assert!(files("run `go test ./...` at https://x.org/a.html").is_empty());
    }
}
