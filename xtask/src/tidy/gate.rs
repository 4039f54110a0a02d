//! Runs every rule over the repository and prints what was found.

use super::{
    Finding, attributes, edges, examples, links, lock, manifests, map, shape, sizes, words,
};
use crate::tree::Tree;
use crate::{Stop, ground};

/// The rules; a new one is a file beside this and a line here.
const RULES: [fn(&Tree) -> Vec<Finding>; 10] = [
    attributes::check,
    edges::check,
    examples::check,
    links::check,
    lock::check,
    manifests::check,
    map::check,
    shape::check,
    sizes::check,
    words::check,
];

/// Checks the repository and prints each finding on a line of its own.
pub(crate) fn run() -> Result<(), Stop> {
    let found = check_all(&Tree::read(&ground::root())?);
    for finding in &found {
        println!("{finding}");
    }
    if found.is_empty() {
        println!("tidy: {} rules, nothing found", RULES.len());
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "tidy found {} breaches; each line above says what to do",
        found.len()
    )))
}

fn check_all(tree: &Tree) -> Vec<Finding> {
    let mut found: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let found = check_all(&Tree::read(&ground::root()).expect("the repository is readable"));
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}
