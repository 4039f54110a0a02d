//! Which sets of rules an agent's name stands for.

use fusion_core::coordination::Card;

use super::finding::words;
use super::set::Set;

/// Words of names, and what an agent that is called so works at.
const KINDS: [(&[Set], &str); 8] = [
    (
        &[Set::Frontend],
        "frontend ui ux react vue svelte angular component components css html page pages webpage designer interactive",
    ),
    (&[Set::Api], "api apis rest openapi graphql endpoint endpoints route routes server crud http"),
    (&[Set::Api, Set::Database], "backend"),
    (
        &[Set::Database],
        "database databases db dba sql postgres postgresql mysql sqlite migration migrations schema",
    ),
    (&[Set::Testing], "test tests tester testers testing qa verification verifier"),
    (
        &[Set::Devops],
        "devops ops infra infrastructure deploy deployer deployment docker container containers kubernetes k8s ci cd sre release platform",
    ),
    (&[Set::Docs], "docs doc documentation documenter writer techwriter readme"),
    (&[Set::Frontend, Set::Api, Set::Database], "fullstack"),
];

/// Two words that are one: `front-end`, `full stack`.
const PAIRS: [&str; 5] = ["front end", "back end", "full stack", "data model", "dev ops"];
/// The pair of these that stands for a table's form.
const MODEL: &str = "datamodel";

/// Gives the sets that count for the work of an agent, by the words of its name: `@frontend-dev`, `DatabaseAgent`, `./qa.sh`. One of the
/// known [cards](Card::known) works at what its card says that it can do. None for a name that says nothing.
///
/// ```
/// use fusion_ops::check::rules::{Set, sets_of};
///
/// assert_eq!(sets_of("@database-architect"), [Set::Database]);
/// assert_eq!(sets_of("@codex"), [Set::Frontend]);
/// assert!(sets_of("somebody").is_empty());
/// ```
pub fn sets_of(agent: &str) -> Vec<Set> {
    let name = plain(agent);
    let known = Card::known().into_iter().find(|card| plain(&card.name) == name);
    let mut found = match known {
        Some(card) => card.capabilities.keys().flat_map(|one| of_words(one)).collect(),
        None => of_words(&name_of(agent)),
    };
    found.sort_unstable();
    found.dedup();
    found
}

/// A name as names are compared: without the sign before it, in small letters.
pub(super) fn plain(agent: &str) -> String {
    agent.trim().trim_start_matches('@').to_lowercase()
}

/// The name of an agent that is a program: the program's, without its folders, ending and arguments.
fn name_of(agent: &str) -> String {
    let line = agent.strip_prefix("command:").unwrap_or(agent).trim();
    if !line.contains('/') {
        return line.to_owned();
    }
    let program = line.split_whitespace().next().unwrap_or_default().trim_matches('\'');
    let file = program.rsplit('/').next().unwrap_or_default();
    file.split_once('.').map_or(file, |(name, _)| name).to_owned()
}

fn of_words(name: &str) -> Vec<Set> {
    let words = words(name);
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let pairs =
        pairs.filter(|pair| PAIRS.contains(&pair.as_str())).map(|pair| pair.replace(' ', ""));
    let mut found = Vec::new();
    for word in words.iter().cloned().chain(pairs) {
        if word == MODEL {
            found.push(Set::Database);
        }
        let kinds = KINDS.iter().filter(|(_, own)| own.split(' ').any(|one| one == word));
        found.extend(kinds.flat_map(|(sets, _)| sets.iter().copied()));
    }
    found
}
