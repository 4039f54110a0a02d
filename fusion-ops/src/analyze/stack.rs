//! What a specification is built with.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::cue::{Mood, before, mood};
use super::lexicon::{Hit, Known, Lexicon};
use super::text::{Word, words};
use super::unit::{Class, Unit};

/// What something is built with; names in lower case, as `postgresql` or `spring-boot`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Stack {
    /// Programming languages.
    pub languages: Vec<String>,
    /// Frameworks and libraries that shape it.
    pub frameworks: Vec<String>,
    /// Databases.
    pub database: Vec<String>,
    /// What it runs on and is built by.
    pub infrastructure: Vec<String>,
}

/// Kinds, in the order of the fields.
const KINDS: usize = 4;
const LANGUAGE: usize = 0;
const FRAMEWORK: usize = 1;
const DATABASE: usize = 2;
const INFRASTRUCTURE: usize = 3;

#[derive(Debug, Deserialize)]
struct Names {
    languages: BTreeMap<String, Vec<String>>,
    frameworks: BTreeMap<String, Vec<String>>,
    database: BTreeMap<String, Vec<String>>,
    infrastructure: BTreeMap<String, Vec<String>>,
    implies: BTreeMap<String, String>,
}

/// Knows the names.
#[derive(Debug)]
pub(crate) struct Reader {
    lexicon: Lexicon,
    /// The kind and the name of each thing.
    things: Vec<(usize, String)>,
    implies: BTreeMap<String, String>,
}

/// How clearly a thing is named.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// In the lines of a plan that are about it.
    stated: f64,
    /// Anywhere else.
    named: f64,
    /// Where it is said to be unwanted, there already, or for later.
    against: f64,
    first: usize,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let mut lexicon = Lexicon::new();
        let mut things = Vec::new();
        let mut implies = BTreeMap::new();
        // The file is part of the program; a test reads it.
        if let Ok(names) = serde_json::from_str::<Names>(include_str!("stack.json")) {
            let kinds = [names.languages, names.frameworks, names.database, names.infrastructure];
            for (kind, list) in kinds.into_iter().enumerate() {
                for (name, words) in list {
                    for word in words {
                        // Longer names say more exactly what is meant.
                        lexicon.add(&word, things.len(), word.len() as f64);
                    }
                    things.push((kind, name));
                }
            }
            implies = names.implies;
        }
        Self { lexicon, things, implies }
    }

    /// Reads the stack out of the lines of a specification.
    pub(crate) fn read(&self, units: &[Unit]) -> Stack {
        let mut seen: HashMap<usize, Seen> = HashMap::new();
        let (mut parts, mut known, mut hits): (Vec<Word<'_>>, Vec<Known>, Vec<Hit>) =
            Default::default();
        for (at, unit) in units.iter().enumerate() {
            parts.clear();
            known.clear();
            hits.clear();
            words(&unit.text, &mut parts);
            self.lexicon.know(&parts, &mut known);
            self.lexicon.hits(&known, &mut hits);
            let mood = mood(&known);
            let longest = longest(&hits);
            for hit in longest {
                let Some((kind, _)) = self.things.get(hit.of) else { continue };
                if parts.get(hit.at).is_some_and(|word| word.is_part) || !fits(&parts, &hit, *kind)
                {
                    continue;
                }
                let seen =
                    seen.entry(hit.of).or_insert_with(|| Seen { first: at, ..Seen::default() });
                let own = before(&parts, &known, hit.at);
                if own == Mood::Out
                    || is_replaced(&parts, hit.at)
                    || matches!(mood, Mood::Out | Mood::Later)
                    || unit.class == Class::Out
                {
                    seen.against += 1.0;
                } else if is_about(unit, *kind) {
                    seen.stated += 1.0;
                } else {
                    seen.named += place(unit.class);
                }
            }
        }
        self.gather(&seen, units)
    }

    fn gather(&self, seen: &HashMap<usize, Seen>, units: &[Unit]) -> Stack {
        let planned = units.iter().any(|unit| unit.class == Class::Tech && unit.label.is_some());
        let mut lists: [Vec<(usize, &str)>; KINDS] = Default::default();
        for kind in 0..KINDS {
            let has = |(of, seen): (&usize, &Seen)| {
                self.things.get(*of).is_some_and(|(own, _)| *own == kind) && seen.stated > 0.0
            };
            let stated = seen.iter().any(has);
            for (of, seen) in seen {
                let Some((own, name)) = self.things.get(*of).filter(|(own, _)| *own == kind) else {
                    continue;
                };
                let enough = match *own {
                    // What a plan states counts; of what is only named elsewhere, what is named often.
                    LANGUAGE | DATABASE if stated => seen.stated > 0.0,
                    DATABASE if planned => seen.named - seen.against >= 4.0,
                    LANGUAGE => seen.named - seen.against >= 1.5,
                    DATABASE => seen.named - 2.0 * seen.against >= 1.0,
                    FRAMEWORK if stated => seen.stated > 0.0 || seen.named - seen.against >= 8.0,
                    FRAMEWORK => seen.named - seen.against >= 1.0,
                    _ => seen.stated > 0.0 || seen.named - seen.against >= 2.0,
                };
                if enough && let Some(list) = lists.get_mut(kind) {
                    list.push((seen.first, name));
                }
                // Where containers are the work, they are what it is made with.
                let built =
                    ["docker", "kubernetes", "helm", "minikube", "terraform", "kafka", "dapr"];
                if *own == INFRASTRUCTURE
                    && built.contains(&name.as_str())
                    && seen.stated > 0.0
                    && let Some(list) = lists.get_mut(FRAMEWORK)
                {
                    list.push((seen.first, name));
                }
            }
        }
        let mut stack = lists.map(|mut list| {
            list.sort_unstable();
            let mut names = std::collections::HashSet::new();
            list.retain(|(_, name)| names.insert(*name));
            list.into_iter().map(|(_, name)| name.to_owned()).collect::<Vec<_>>()
        });
        self.imply(&mut stack);
        let [languages, frameworks, database, infrastructure] = stack;
        Stack { languages, frameworks, database, infrastructure }
    }

    /// Adds the language of a framework where no line names one, and the database behind a service.
    fn imply(&self, stack: &mut [Vec<String>; KINDS]) {
        let [languages, frameworks, database, _] = stack;
        if languages.is_empty() {
            for name in frameworks.iter() {
                if let Some(language) =
                    self.implies.get(name).filter(|one| !languages.contains(one))
                {
                    languages.push(language.clone());
                }
            }
        }
        let more: Vec<String> =
            database.iter().filter_map(|name| self.implies.get(name)).cloned().collect();
        for name in more {
            if !database.contains(&name) {
                database.push(name);
            }
        }
    }
}

/// Of entries that overlap the longest.
fn longest(hits: &[Hit]) -> Vec<Hit> {
    let mut found: Vec<Hit> = Vec::new();
    for hit in hits {
        match found.last_mut() {
            Some(last) if last.at == hit.at && last.weight < hit.weight => *last = *hit,
            Some(last) if last.at == hit.at => {}
            _ => found.push(*hit),
        }
    }
    found
}

/// `Go` and `Swift` are names only where they are written so.
fn fits(parts: &[Word<'_>], hit: &Hit, kind: usize) -> bool {
    let word = parts.get(hit.at).map_or("", |word| word.text);
    let common = [
        "go", "swift", "rust", "dart", "click", "rich", "express", "solid", "remix", "render",
        "echo", "gin", "phoenix", "ruby", "unity", "neon", "helm", "rails", "railway", "convex",
        "click",
    ];
    let lower = word.to_lowercase();
    if kind == DATABASE && lower == "neon" {
        return true;
    }
    !(common.contains(&lower.as_str()) && word == lower)
}

/// `Replace aiokafka with Dapr`: what goes is not what it is built with.
fn is_replaced(parts: &[Word<'_>], at: usize) -> bool {
    let from = at.saturating_sub(3);
    parts.get(from..at).unwrap_or_default().iter().any(|word| {
        let word = word.text.to_lowercase();
        ["replac", "remov", "deprecat", "supersed"].iter().any(|start| word.starts_with(start))
    })
}

/// Whether a line of a plan is about things of a kind: `Storage: PostgreSQL`.
fn is_about(unit: &Unit, kind: usize) -> bool {
    if unit.class != Class::Tech {
        return false;
    }
    let Some(label) = &unit.label else { return true };
    let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
    if has(&[
        "testing",
        "constraint",
        "performance",
        "scale",
        "platform",
        "branch",
        "date",
        "project type",
        "goal",
    ]) {
        return kind == INFRASTRUCTURE && !has(&["testing", "branch", "constraint"]);
    }
    match kind {
        LANGUAGE => {
            has(&["language", "version", "backend", "frontend", "runtime", "summary", "stack"])
        }
        DATABASE => has(&["storage", "database", "data", "persist", "dependenc", "backend"]),
        _ => true,
    }
}

/// How much a name counts elsewhere.
fn place(class: Class) -> f64 {
    match class {
        Class::Title => 2.0,
        Class::Requirement | Class::Task | Class::Tech => 1.0,
        Class::Polish | Class::Plan | Class::Structure | Class::Story => 0.5,
        Class::Side => 0.4,
        Class::Out => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        let names: Names = serde_json::from_str(include_str!("stack.json")).unwrap();
        let all = [&names.languages, &names.frameworks, &names.database];
        let known = |name: &str| all.iter().any(|list| list.contains_key(name));
        for (from, to) in &names.implies {
            assert!(known(from) && known(to), "{from} {to}");
        }
    }
}
