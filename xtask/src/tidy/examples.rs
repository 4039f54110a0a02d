//! Every example says in about ten lines what it shows, and can be run by one program.

use super::Finding;
use crate::tree::Tree;

/// A README shorter than this says too little; a longer one belongs into the guide.
const README_LINES: std::ops::RangeInclusive<usize> = 5..=30;

/// Checks every folder of `examples`.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for folder in tree.within("examples").filter(|path| !tree.is_text(path)) {
        let readme = format!("{folder}/README.md");
        let lines = tree.text(&readme).unwrap_or_default().lines();
        let count = lines.filter(|line| !line.trim().is_empty()).count();
        if !README_LINES.contains(&count) {
            let what = format!(
                "{count} lines: write about ten, of what the example shows and how to run it"
            );
            found.push(Finding::new(&readme, 1, what));
        }
        if !tree.is_text(&format!("{folder}/run")) {
            let what = "no program named `run`: add one, so that CI runs the example";
            found.push(Finding::new(&format!("{folder}/run"), 1, what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    #[test]
    fn examples_have_a_page_and_a_program() {
        let page = ("examples/a/README.md", "# A\n1\n2\n3\n4\n5\n6\n");
        let program = ("examples/a/run", "#!/bin/sh\n");
        let index = ("examples/README.md", "# Examples\n");
        let short = ("examples/a/README.md", "# A\n");
        let place = ("examples/a/README.md:1", "1 lines");
        assert_rule(check, &[page, program, index], &[short, program], place);
        assert_rule(check, &[], &[program], ("examples/a/README.md:1", "0 lines"));
        assert_rule(check, &[], &[page], ("examples/a/run:1", "no program"));
    }
}
