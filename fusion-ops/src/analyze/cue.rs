//! Words that change what others say: negations, and what is there already.

use super::lexicon::Known;
use super::text::Word;

/// What a word does to the words near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    None,
    /// `no`, `without`: what follows is not wanted.
    No,
    /// `not`: with some words behind it as `no`.
    Not,
    /// Words that make a `not` a `no`: required, needed, included.
    Wanted,
    /// `existing`: what follows is there already.
    Existing,
    /// `unchanged`, `already`: all of the line is.
    Kept,
    /// `future`, `deferred`, `later`.
    Later,
    /// `scope`.
    Scope,
    /// `out`, `beyond`, `outside`.
    Out,
}

impl Cue {
    /// The words.
    pub(crate) fn words() -> impl Iterator<Item = (&'static str, Self)> {
        let lists: [(Self, &[&str]); 8] = [
            (
                Self::No,
                &[
                    "no",
                    "without",
                    "none",
                    "excluding",
                    "excludes",
                    "exclude",
                    "non",
                    "avoid",
                    "instead",
                    "neither",
                    "nor",
                    "lacks",
                ],
            ),
            (Self::Not, &["not", "doesn", "don", "isn", "aren", "won", "never"]),
            (
                Self::Wanted,
                &[
                    "required",
                    "needed",
                    "include",
                    "included",
                    "require",
                    "requires",
                    "need",
                    "needs",
                    "supported",
                    "support",
                    "implemented",
                    "involve",
                    "involves",
                    "affected",
                    "applicable",
                    "necessary",
                    "planned",
                    "part",
                    "cover",
                    "covered",
                    "introduce",
                    "introduced",
                    "use",
                    "used",
                    "using",
                    "provided",
                    "touch",
                    "modify",
                    "modified",
                    "changed",
                    "change",
                ],
            ),
            (Self::Existing, &["existing", "preexisting", "reuse", "reuses", "reusing", "reused"]),
            (
                Self::Kept,
                &["unchanged", "already", "remains", "unmodified", "untouched", "unaffected"],
            ),
            (Self::Later, &["future", "deferred", "postponed", "v2", "later"]),
            (Self::Scope, &["scope", "goal", "goals"]),
            (Self::Out, &["out", "beyond", "outside"]),
        ];
        lists.into_iter().flat_map(|(cue, words)| words.iter().map(move |word| (*word, cue)))
    }
}

/// How a line as a whole is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Plain,
    /// It is out of scope, or not required.
    Out,
    /// It is there and stays as it is.
    Kept,
    /// It may come later.
    Later,
}

/// Reads how a line is meant.
pub(crate) fn mood(line: &[Known]) -> Mood {
    let cue = |at: usize| line.get(at).map_or(Cue::None, |known| known.cue);
    let mut mood = Mood::Plain;
    for at in 0..line.len() {
        match cue(at) {
            Cue::Scope
                if at > 0
                    && (1..=3).any(|back| {
                        at >= back && matches!(cue(at - back), Cue::Out | Cue::Not | Cue::No)
                    }) =>
            {
                return Mood::Out;
            }
            Cue::Kept => mood = Mood::Kept,
            Cue::Later if mood == Mood::Plain => mood = Mood::Later,
            _ => {}
        }
    }
    mood
}

/// How many words before a hit are looked at.
const BACK: usize = 5;

/// Whether the words before a place in a line take it back, or say that it is there already.
pub(crate) fn before(words: &[Word<'_>], line: &[Known], at: usize) -> Mood {
    let mut back = at;
    for _ in 0..BACK {
        if words.get(back).is_none_or(|word| word.breaks) || back == 0 {
            break;
        }
        back -= 1;
        match line.get(back).map_or(Cue::None, |known| known.cue) {
            Cue::No => return Mood::Out,
            // `does not require`, `is not part of`; `must not store passwords` asks for something.
            Cue::Not
                if (1..=2).any(|ahead| {
                    line.get(back + ahead).is_some_and(|known| known.cue == Cue::Wanted)
                }) =>
            {
                return Mood::Out;
            }
            Cue::Existing => return Mood::Kept,
            _ => {}
        }
    }
    // `authentication is not required`
    let after = line.iter().zip(words).skip(at + 1).take(6);
    let mut not = false;
    for (known, word) in after {
        if word.breaks {
            break;
        }
        match known.cue {
            Cue::Not => not = true,
            Cue::Wanted if not => return Mood::Out,
            _ => {}
        }
    }
    Mood::Plain
}
