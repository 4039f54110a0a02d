//! Links between the pages lead somewhere.

use super::Finding;
use crate::tree::{Tree, folder_of, has_ending, name_of};

/// The page that leads to all others of its folder.
const INDEX: &str = "docs/README.md";

/// Checks every relative link of every Markdown file, and that the index of the docs is whole.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let index = tree.text(INDEX).unwrap_or_default();
    let pages = tree.within("docs").filter(|path| has_ending(path, "md") && *path != INDEX);
    let lost = pages.filter(|path| !index.contains(&format!("]({})", name_of(path))));
    let mut found: Vec<Finding> = lost
        .map(|path| Finding::new(path, 1, format!("no way leads here: add a row to {INDEX}")))
        .collect();
    for (path, text) in tree.texts().filter(|(path, _)| has_ending(path, "md")) {
        let mut in_code = false;
        for (line, words) in (1..).zip(text.lines()) {
            if words.trim_start().starts_with("```") {
                in_code = !in_code;
            }
            if in_code {
                continue;
            }
            for target in targets(words) {
                let file = target.split('#').next().unwrap_or_default();
                let outside = file.contains("://") || file.starts_with("mailto:");
                if !file.is_empty() && !outside && !leads(tree, path, file) {
                    let what = format!("the link leads nowhere: `{target}`; correct or remove it");
                    found.push(Finding::new(path, line, what));
                }
            }
        }
    }
    found
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

fn leads(tree: &Tree, from: &str, to: &str) -> bool {
    let mut parts: Vec<&str> = folder_of(from).split('/').filter(|part| !part.is_empty()).collect();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            name => parts.push(name),
        }
    }
    tree.has(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    #[test]
    fn relative_links_lead_somewhere() {
        let fine = "[a](../b.md#part) [c](https://example.org) [d](#here) [e](./)\n\
                    ```\n[x](gone.md)\n```\n";
        let wrong = "see [a](../b.md)\nand [b](c.md)\n";
        let at = "page/a.md";
        let other = ("b.md", "# B\n");
        let place = ("page/a.md:2", "`c.md`");
        assert_rule(check, &[(at, fine), other], &[(at, wrong), other], place);
        assert_rule(check, &[], &[(at, "[a](../../b.md)"), other], ("page/a.md:1", "nowhere"));
    }

    #[test]
    fn the_index_leads_everywhere() {
        let (page, index) = (("docs/a.md", "# A\n"), (INDEX, "[a](a.md)\n"));
        assert_rule(check, &[page, index], &[page], ("docs/a.md:1", "no way leads here"));
    }
}
