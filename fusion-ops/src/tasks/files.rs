//! The files that a line names.

/// Endings that are not of files of a project.
const NOT: [&str; 8] = ["com", "org", "io", "net", "dev", "g", "e", "js"];

/// Files whose names have no ending; others that look like them are the names of endings (`.ts`).
const HIDDEN: [&str; 10] = [
    ".dockerignore",
    ".editorconfig",
    ".env",
    ".eslintrc",
    ".gitattributes",
    ".gitignore",
    ".gitkeep",
    ".npmrc",
    ".nvmrc",
    ".prettierrc",
];

/// Gives the paths of a line, each once, in their order.
pub(crate) fn files(raw: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let raw = without_templates(raw);
    let pieces = raw.split(|sign: char| sign.is_whitespace() || "`\"'(),;<>|*[]".contains(sign));
    for piece in pieces {
        let piece =
            piece.trim_matches(|sign: char| ":!?→-–—~".contains(sign)).trim_end_matches('.');
        let piece = piece.strip_prefix("./").unwrap_or(piece);
        // `.github/a.yml` and `../a.py` are whole; of `...a.py` the points are none of it.
        let points = piece.len() - piece.trim_start_matches('.').len();
        let is_whole = match points {
            0 => true,
            // `.env.example` and `.eslintrc.json` have an ending of their own.
            1 => piece.contains('/') || HIDDEN.contains(&piece) || piece.matches('.').count() > 1,
            _ => piece.starts_with("../"),
        };
        let piece = if is_whole { piece } else { piece.trim_start_matches('.') };
        if (is_file(piece) || HIDDEN.contains(&piece)) && !found.iter().any(|one| one == piece) {
            found.push(piece.to_owned());
        }
    }
    found
}

/// Leaves out `{{ templates }}`: what stands there is no path.
fn without_templates(raw: &str) -> String {
    let mut kept = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((_, behind)) = after.split_once("}}") else { break };
        kept.push_str(before);
        kept.push(' ');
        rest = behind.strip_prefix('/').unwrap_or(behind);
    }
    kept.push_str(rest);
    kept
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
        assert_eq!(
            files("Put it into `.github/workflows/ci.yml`, ./a/b.py, `.gitignore`, .env.example."),
            [".github/workflows/ci.yml", "a/b.py", ".gitignore", ".env.example"]
        );
        assert_eq!(
            files("not ../up.py, but {{ inputs.workspace }}/b.py ...c.py .ts"),
            ["../up.py", "b.py", "c.py"]
        );
        assert!(files("run `go test ./...` at https://x.org/a.html").is_empty());
    }
}
