//! Validates every whole workflow that a page shows, so that readers copy only what works.

use std::path::Path;

use super::Count;
use crate::tree::{Tree, has_ending};
use crate::{Stop, ground, process};

/// Gives each `yaml` block of the pages that begins with `fusion:` to `fusion validate`.
pub(crate) fn run(root: &Path) -> Result<(bool, Count), Stop> {
    let fusion = ground::fusion()?;
    let scratch = ground::Scratch::new("snippets")?;
    let file = scratch.path().join("workflow.yaml");
    let mut count = Count::default();
    let tree = Tree::read(root)?;
    for (path, text) in tree.texts().filter(|(path, _)| has_ending(path, "md")) {
        for (line, block) in workflows(text) {
            std::fs::write(&file, block).map_err(|cause| format!("write a snippet: {cause}"))?;
            let mut command = process::command(&fusion, scratch.path());
            let (passed, _) = process::follow(command.arg("validate").arg(&file))?;
            println!("{path}:{line}: {}", if passed { "ok" } else { "FAILED" });
            count = count.plus(Count::one(passed));
        }
    }
    Ok((count.failed == 0, count))
}

/// The workflows of a page, each with the line of its fence.
fn workflows(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (line, words) in (1..).zip(page.lines()) {
        open = match open.take() {
            None => (words == "```yaml").then(|| (line, String::new())),
            Some(block) if words == "```" => {
                found.extend(block.1.starts_with("fusion:").then_some(block));
                None
            }
            Some((at, block)) => Some((at, block + words + "\n")),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_workflows_are_found() {
        let page =
            "a\n```yaml\nfusion: 1\nb: 2\n```\n```yaml\npart: 1\n```\n```sh\nfusion: 1\n```\n";
        assert_eq!(workflows(page), [(2, "fusion: 1\nb: 2\n".to_owned())]);
    }
}
