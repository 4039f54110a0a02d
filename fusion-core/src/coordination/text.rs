//! From a task's text to terms: stems of its words, pairs of them, endings of its files.

use std::collections::BTreeMap;

use rust_stemmers::{Algorithm, Stemmer};

/// What the first word counts, which says what is to be done.
const FIRST: f64 = 1.6;
/// What a word counts.
const WORD: f64 = 1.0;
/// What a word counts behind one that says what for, where or how: `benchmarks for the parser` are benchmarks.
const AFTER: f64 = 0.6;
/// What a word counts that only refers to something.
const REFERENCE: f64 = 0.25;
/// What a word in parentheses counts.
const ASIDE: f64 = 0.45;
/// What a part of a path counts: the work decides, not the folder.
const PATH: f64 = 0.55;
/// The longest text that is looked at, in bytes.
const MOST: usize = 16 * 1024;
/// Words behind which it says what for, where or how.
const TURNS: [&str; 14] = [
    "for", "in", "into", "from", "with", "without", "of", "to", "using", "via", "when", "by", "on",
    "before",
];
/// Words behind which it says where something is told, which is not the work.
const REFERS: [&str; 5] = ["per", "see", "matching", "like", "following"];
/// Words that say nothing about the work.
const EMPTY: [&str; 33] = [
    "a", "an", "and", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its", "of",
    "on", "or", "per", "that", "the", "their", "then", "this", "to", "via", "when", "where",
    "which", "while", "will", "with", "without", "src",
];

/// A term of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// How much it counts.
    pub(super) weight: f64,
    /// How it stands in the text.
    pub(super) shown: String,
}

/// The terms of a text, by stem; of one that comes several times the one that counts most.
pub(super) type Terms = BTreeMap<String, Term>;

/// The word before, as its stem and as it stands: what a pair is made with.
type Before = Option<(String, String)>;

/// Makes terms of texts.
pub(super) struct Reader(Stemmer);

impl Reader {
    pub(super) fn new() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }

    /// Reads a task: without its number, its marks (`[P]`, `[US1]`) and the agents that its author named.
    pub(super) fn task(&self, text: &str) -> Terms {
        let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= MOST).last();
        let text =
            text.get(..end.filter(|_| text.len() > MOST).unwrap_or(text.len())).unwrap_or_default();
        let mut terms = Terms::new();
        let (mut before, mut weight, mut depth, mut refers): (Before, f64, usize, bool) =
            (None, FIRST, 0_usize, false);
        let pieces = text.split_inclusive(|sign: char| {
            sign.is_whitespace() || "`'\"(),;:<>{}*|!?=".contains(sign)
        });
        for piece in pieces {
            let inside = depth;
            depth = match piece.chars().last() {
                Some('(') => depth + 1,
                Some(')') => depth.saturating_sub(1),
                _ => depth,
            };
            let word = piece.trim_matches(|sign: char| {
                sign.is_whitespace() || "`'\"(),;:<>{}*|!?=.-–—".contains(sign)
            });
            if word.is_empty() || is_mark(word) {
                continue;
            }
            let lower = word.to_lowercase();
            if TURNS.contains(&lower.as_str()) {
                weight = weight.min(AFTER);
            }
            let own = match (std::mem::take(&mut refers), inside > 0) {
                (true, _) => REFERENCE,
                (false, true) => ASIDE,
                (false, false) => weight,
            };
            refers = REFERS.contains(&lower.as_str());
            if is_path(word) {
                before = self.path(word, own.min(WORD), before, &mut terms);
                continue;
            }
            for part in split(word) {
                if own == FIRST {
                    put(
                        &mut terms,
                        format!("^{}", self.stem(&part.to_lowercase())),
                        WORD,
                        part.to_lowercase(),
                    );
                }
                before = self.word(&part, own, before, &mut terms);
            }
            weight = weight.min(WORD);
        }
        terms
    }

    /// Gives the term of a word of the list: a word, one that a task begins with (`^run`), a pair of words, or the ending of a file.
    pub(super) fn term(&self, text: &str) -> String {
        let text = text.to_lowercase();
        if text.starts_with('.') {
            return text;
        }
        if let Some(first) = text.strip_prefix('^') {
            return format!("^{}", self.stem(first));
        }
        let words: Vec<String> = text.split([' ', '-']).map(|word| self.stem(word)).collect();
        match words.as_slice() {
            [one, other] => pair(one, other),
            _ => words.concat(),
        }
    }

    fn stem(&self, word: &str) -> String {
        self.0.stem(word).into_owned()
    }

    /// Adds a word, and the pair with the one before it. Gives what the next one is paired with.
    fn word(&self, word: &str, weight: f64, before: Before, terms: &mut Terms) -> Before {
        let lower = word.to_lowercase();
        if EMPTY.contains(&lower.as_str()) {
            return before;
        }
        let stem = self.stem(&lower);
        if let Some((other, shown)) = before {
            put(terms, pair(&other, &stem), weight, format!("{shown} {lower}"));
        }
        put(terms, stem.clone(), weight, lower.clone());
        Some((stem, lower))
    }

    /// Adds the folders and the name of a file, and its ending. Gives what the next word is paired with.
    fn path(&self, path: &str, weight: f64, mut before: Before, terms: &mut Terms) -> Before {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        if (1..=6).contains(&ending.len()) {
            let weight = if stem.is_empty() { PATH } else { weight };
            put(terms, format!(".{}", ending.to_lowercase()), weight, format!(".{ending}"));
        }
        let parts = folders.split('/').chain([stem]).filter(|part| part.len() > 1);
        for part in parts.flat_map(split) {
            before = self.word(&part, PATH.min(weight), before, terms);
        }
        before
    }
}

fn put(terms: &mut Terms, stem: String, weight: f64, shown: String) {
    let term = terms.entry(stem).or_insert_with(|| Term { weight: 0.0, shown });
    term.weight = term.weight.max(weight);
}

/// Two words that stand together, in whatever order.
fn pair(one: &str, other: &str) -> String {
    if one <= other { format!("{one} {other}") } else { format!("{other} {one}") }
}

/// Numbers of tasks, marks in brackets, names of agents, boxes to tick.
fn is_mark(word: &str) -> bool {
    let is_number = |text: &str| {
        let rest = text.trim_start_matches(|sign: char| sign.is_ascii_alphabetic());
        rest.len() < text.len()
            && rest.len() >= 3
            && rest.bytes().all(|sign| sign.is_ascii_digit() || sign == b'-')
    };
    word.starts_with('[')
        || word.ends_with(']')
        || word.starts_with('@')
        || is_number(word)
        || !word.chars().any(char::is_alphanumeric)
}

fn is_path(word: &str) -> bool {
    let ending = word.rsplit_once('.').filter(|(stem, ending)| {
        !stem.is_empty()
            && (1..=5).contains(&ending.len())
            && ending.bytes().all(|sign| sign.is_ascii_alphanumeric())
            && ending.bytes().any(|sign| sign.is_ascii_alphabetic())
    });
    ending.is_some()
        || word.matches('/').count() > 1
        || word.starts_with('/')
        || word.starts_with("./")
        || word.ends_with('/')
}

/// Splits `useAuth`, `task_manager`, `pre-flight` and `create/update` into words; `E2E` and `CI/CD` stay legible.
fn split(word: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in word.split(|sign: char| !sign.is_alphanumeric()) {
        let mut current = String::new();
        let mut is_low = false;
        for sign in part.chars() {
            if sign.is_uppercase() && is_low {
                words.push(std::mem::take(&mut current));
            }
            is_low = sign.is_lowercase();
            current.push(sign);
        }
        words.push(current);
    }
    words.retain(|word| !word.is_empty());
    words
}
