//! The words that speak for components, and how they are found.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

use rust_stemmers::{Algorithm, Stemmer};

use super::cue::Cue;
use super::text::{Word, words};

/// The components, in the order of their ids.
pub const COMPONENTS: [&str; 25] = [
    "auth",
    "payments",
    "notifications",
    "email",
    "realtime",
    "queue-jobs",
    "database",
    "caching",
    "search",
    "file-storage",
    "api",
    "frontend",
    "cli",
    "admin-dashboard",
    "analytics",
    "monitoring",
    "audit-log",
    "security",
    "ai-llm",
    "deployment-ci",
    "i18n",
    "testing",
    "import-export",
    "documentation",
    "external-integration",
];

/// Words whose stem is also that of words with another meaning.
const WHOLE: [(&str, &str); 34] = [
    ("author", "author-"),
    ("authors", "author-"),
    ("authored", "author-"),
    ("authoring", "author-"),
    ("authoritative", "author-"),
    ("locale", "locale-"),
    ("locales", "locale-"),
    ("localization", "localization-"),
    ("localisation", "localization-"),
    ("localized", "localization-"),
    ("localize", "localization-"),
    ("important", "important-"),
    ("importance", "important-"),
    ("importantly", "important-"),
    ("container", "container-"),
    ("containers", "container-"),
    ("conversation", "conversation-"),
    ("conversations", "conversation-"),
    ("conversational", "conversation-"),
    ("relational", "relational-"),
    ("responsive", "responsive-"),
    ("responsiveness", "responsive-"),
    ("embedding", "embedding-"),
    ("embeddings", "embedding-"),
    ("terminal", "terminal-"),
    ("terminals", "terminal-"),
    ("generative", "generative-"),
    ("documentation", "documentation-"),
    ("producer", "producer-"),
    ("producers", "producer-"),
    ("consumer", "consumer-"),
    ("consumers", "consumer-"),
    ("universal", "universal-"),
    ("emailed", "emailed-"),
];

/// Words that are kept so that they are stemmed once.
const KEPT: usize = 50_000;
/// The longest word that is looked at, in bytes.
const LONGEST: usize = 40;

/// What a word is: its stem among those that are known, and what it does to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) stem: Option<u32>,
    pub(crate) cue: Cue,
    /// How many of the words behind it are its own parts.
    pub(crate) parts: usize,
}

/// A place in a line where words speak for something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// What they speak for.
    pub(crate) of: usize,
    /// How much.
    pub(crate) weight: f64,
    /// The entry of the lexicon.
    pub(crate) term: u32,
    /// Its first word in the line.
    pub(crate) at: usize,
}

/// Entries by the stems of their words.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    next: HashMap<(u32, u32), u32>,
    entries: HashMap<u32, Vec<(usize, f64, u32)>>,
    nodes: u32,
    terms: u32,
}

/// Stems and entries.
pub(crate) struct Lexicon {
    stems: HashMap<String, u32>,
    cues: HashMap<&'static str, Cue>,
    whole: HashMap<&'static str, &'static str>,
    trie: Trie,
    kept: Mutex<HashMap<Box<str>, Known>>,
    stemmer: Stemmer,
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexicon").field("terms", &self.trie.terms).finish_non_exhaustive()
    }
}

impl Lexicon {
    /// Makes one without entries.
    pub(crate) fn new() -> Self {
        Self {
            stems: HashMap::new(),
            cues: Cue::words().collect(),
            whole: WHOLE.into_iter().collect(),
            trie: Trie { nodes: 1, ..Trie::default() },
            kept: Mutex::new(HashMap::new()),
            stemmer: Stemmer::create(Algorithm::English),
        }
    }

    /// Adds a phrase that speaks for something.
    pub(crate) fn add(&mut self, phrase: &str, of: usize, weight: f64) {
        let mut parts = Vec::new();
        words(phrase, &mut parts);
        let mut node = 0;
        for word in parts.into_iter().filter(|word| !word.is_part) {
            let stem = self.stem(&word.text.to_lowercase()).into_owned();
            let count = u32::try_from(self.stems.len()).unwrap_or(u32::MAX);
            let stem = *self.stems.entry(stem).or_insert(count);
            let new = self.trie.nodes;
            node = *self.trie.next.entry((node, stem)).or_insert(new);
            if node == new {
                self.trie.nodes += 1;
            }
        }
        if node > 0 {
            self.trie.entries.entry(node).or_default().push((of, weight, self.trie.terms));
            self.trie.terms += 1;
        }
    }

    fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        match self.whole.get(word) {
            Some(whole) => Cow::Borrowed(*whole),
            None => self.stemmer.stem(word),
        }
    }

    /// Says what the words of a line are.
    pub(crate) fn know(&self, line: &[Word<'_>], found: &mut Vec<Known>) {
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for word in line {
            if let Some(known) = kept.get(word.text) {
                found.push(Known { parts: word.parts, ..*known });
                continue;
            }
            let lower = word.text.to_lowercase();
            let stem = (lower.len() <= LONGEST).then(|| self.stem(&lower));
            let known = Known {
                stem: stem.and_then(|stem| self.stems.get(stem.as_ref()).copied()),
                cue: self.cues.get(lower.as_str()).copied().unwrap_or(Cue::None),
                parts: word.parts,
            };
            if kept.len() < KEPT && lower.len() <= LONGEST {
                kept.insert(word.text.into(), known);
            }
            found.push(known);
        }
    }

    /// Finds all entries in a line.
    pub(crate) fn hits(&self, line: &[Known], found: &mut Vec<Hit>) {
        for at in 0..line.len() {
            let (mut node, mut next) = (0, at);
            while let Some(known) = line.get(next) {
                next += 1 + known.parts;
                let Some(stem) = known.stem else { break };
                let Some(to) = self.trie.next.get(&(node, stem)) else { break };
                node = *to;
                for (of, weight, term) in self.trie.entries.get(&node).into_iter().flatten() {
                    found.push(Hit { of: *of, weight: *weight, term: *term, at });
                }
            }
        }
    }
}

/// The words of components.
pub(crate) fn components() -> Lexicon {
    let mut lexicon = Lexicon::new();
    // The file is part of the program; a test reads it.
    let entries: HashMap<String, HashMap<String, f64>> =
        serde_json::from_str(include_str!("lexicon.json")).unwrap_or_default();
    let mut all: Vec<(usize, &String, f64)> = Vec::new();
    for (of, id) in COMPONENTS.iter().enumerate() {
        let own = entries.get(*id).into_iter().flatten();
        all.extend(own.map(|(phrase, weight)| (of, phrase, *weight)));
    }
    all.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
    for (of, phrase, weight) in all {
        lexicon.add(phrase, of, weight);
    }
    lexicon
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_knows_all_components_and_no_others() {
        let entries: HashMap<String, HashMap<String, f64>> =
            serde_json::from_str(include_str!("lexicon.json")).unwrap();
        let mut names: Vec<&str> = entries.keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut ids = COMPONENTS.to_vec();
        ids.sort_unstable();
        assert_eq!(names, ids);
        assert!(entries.values().flatten().all(|(_, weight)| (0.0..=4.0).contains(weight)));
    }

    #[test]
    fn phrases_are_found_by_their_stems() {
        let lexicon = components();
        let of = |text: &str| {
            let (mut parts, mut known, mut hits) = (Vec::new(), Vec::new(), Vec::new());
            words(text, &mut parts);
            lexicon.know(&parts, &mut known);
            lexicon.hits(&known, &mut hits);
            let mut ids: Vec<&str> = hits.iter().map(|hit| COMPONENTS[hit.of]).collect();
            ids.dedup();
            ids
        };
        assert_eq!(of("users authenticate"), ["auth"]);
        assert!(of("the author's credit").is_empty(), "{:?}", of("the author's credit"));
        assert_eq!(of("Payments are refunded"), ["payments"]);
        assert!(of("LoginForm.tsx").contains(&"frontend"));
    }
}
