//! What a sentence names: tasks, phases, stories, groups of them; and its verbs.

use super::line::is_number;
use super::read::is_key;
use super::token::{Token, tokens};
use super::verbs::{Verb, is_not, verb};
use super::world::World;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Tasks(Vec<usize>),
    /// Phases by number or by story; and whether all after the last are meant, too (`Phase 3+`).
    Phases(Vec<usize>, bool),
    Stories,
    OtherStories,
    Previous,
    Everything,
    Name(String),
    Verb(Verb),
    Not,
    Glue,
    Aside(Vec<Piece>),
    Break,
}

/// Reads sentences; ids that are written like tasks and are none go to `missing`.
pub(crate) fn pieces(text: &str, world: &World<'_>, missing: &mut Vec<String>) -> Vec<Piece> {
    let tokens = tokens(text);
    let mut reader = Reader { tokens: &tokens, at: 0, world, missing };
    reader.until_close(0)
}

struct Reader<'t, 'w, 'r> {
    tokens: &'t [Token],
    at: usize,
    world: &'w World<'r>,
    missing: &'t mut Vec<String>,
}

impl Reader<'_, '_, '_> {
    fn lower(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.lower.as_str())
    }

    fn until_close(&mut self, depth: usize) -> Vec<Piece> {
        let mut found = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            let ends = token.ends;
            let start = self.at;
            match token.lower.as_str() {
                ")" => {
                    self.at += 1;
                    if depth > 0 {
                        return found;
                    }
                    continue;
                }
                "(" => {
                    self.at += 1;
                    if depth < 4 {
                        found.push(Piece::Aside(self.until_close(depth + 1)));
                    }
                    continue;
                }
                _ => self.one(&mut found),
            }
            self.at = self.at.max(start + 1);
            if ends {
                found.push(Piece::Break);
            }
        }
        found
    }

    fn one(&mut self, found: &mut Vec<Piece>) {
        let Some(token) = self.tokens.get(self.at) else { return };
        let ahead: Vec<&str> = (0..3).map(|ahead| self.lower(ahead)).collect();
        if let Some((verb, taken)) = verb(&ahead) {
            self.at += taken;
            return found.push(Piece::Verb(verb));
        }
        if let Some(tasks) = self.tasks() {
            return found.push(Piece::Tasks(tasks));
        }
        if let Some(piece) = self.phases().or_else(|| self.story()).or_else(|| self.group()) {
            return found.push(piece);
        }
        let piece = match token.lower.as_str() {
            "," | "+" | "&" | "/" | "and" | "or" => Piece::Glue,
            ";" | "-" | "." | "–" | "—" => Piece::Break,
            word if is_not(word) => Piece::Not,
            word => Piece::Name(word.to_owned()),
        };
        self.at += 1;
        found.push(piece);
    }

    /// A task, or a range of tasks.
    fn tasks(&mut self) -> Option<Vec<usize>> {
        let token = self.tokens.get(self.at)?;
        let word = token.text.as_str();
        if let Some(first) = self.world.task(word) {
            self.at += 1;
            let sign = self.lower(0);
            let ranged = ["to", "through", "thru", "–", "—", "-", "…"].contains(&sign);
            let joined = self.tokens.get(self.at).is_some_and(|token| !token.spaced);
            if ranged
                && (joined || sign.len() > 1)
                && let Some(last) =
                    self.tokens.get(self.at + 1).and_then(|next| self.end(first, &next.text))
            {
                self.at += 2;
                return Some(between(first, last));
            }
            return Some(vec![first]);
        }
        let range = word.match_indices(['-', '.']).find_map(|(at, sign)| {
            let (first, last) = (word.get(..at)?, word.get(at + sign.len()..)?);
            let first = self.world.task(first)?;
            Some((first, self.end(first, last.trim_start_matches('.'))))
        });
        match range {
            Some((first, Some(last))) => {
                self.at += 1;
                Some(between(first, last))
            }
            Some((first, None)) => {
                self.at += 1;
                self.note(word.rsplit('-').next().unwrap_or_default().to_owned());
                Some(vec![first])
            }
            None => {
                if self.world.is_missing(word) {
                    self.note(word.to_owned());
                }
                None
            }
        }
    }

    fn note(&mut self, word: String) {
        if self.world.is_missing(&word) && !self.missing.contains(&word) && self.missing.len() < 100
        {
            self.missing.push(word);
        }
    }

    /// The last task of a range: an id, or the number of one that is written like the first.
    fn end(&self, first: usize, word: &str) -> Option<usize> {
        if let Some(last) = self.world.task(word) {
            return Some(last);
        }
        let id = &self.world.reading.tasks.get(first)?.id;
        let short = is_number(word).then(|| id.len().checked_sub(word.len())).flatten()?;
        self.world.task(&format!("{}{word}", id.get(..short)?))
    }

    fn phases(&mut self) -> Option<Piece> {
        if !["phase", "phases"].contains(&self.lower(0)) {
            return None;
        }
        let mut found: Vec<usize> = Vec::new();
        let mut open = false;
        let mut at = self.at + 1;
        while let Some(token) = self.tokens.get(at) {
            let word = token.text.trim_end_matches('.');
            if let Some((first, last)) = word.split_once('-')
                && let (Some(first), Some(last)) = (self.world.key(first), self.world.key(last))
            {
                found.extend(between(first, last));
            } else if let Some(phase) = self.world.key(word) {
                let range = self
                    .tokens
                    .get(at - 1)
                    .is_some_and(|sign| ["–", "—", "to", "through"].contains(&sign.lower.as_str()));
                match found.last().copied().filter(|_| range) {
                    Some(first) => found.extend(between(first, phase).into_iter().skip(1)),
                    None => found.push(phase),
                }
            } else if token.lower == "+" && !token.spaced && !found.is_empty() {
                open = true;
            } else {
                let glue =
                    [",", "and", "&", "+", "–", "—", "to", "through", "phase", "phases", "/"];
                let next = self.tokens.get(at + 1).is_some_and(|next| {
                    let key = next.text.trim_end_matches('.');
                    self.world.key(key).is_some()
                        || ["and", "phase"].contains(&next.lower.as_str())
                        || key
                            .split_once('-')
                            .is_some_and(|(one, other)| is_key(one) && is_key(other))
                });
                if found.is_empty() || !glue.contains(&token.lower.as_str()) || !next {
                    break;
                }
            }
            at += 1;
        }
        if found.is_empty() {
            return None;
        }
        self.at = at;
        Some(Piece::Phases(found, open))
    }

    /// `US1`, `US1-US4`, `User Stories 1, 2 and 3`.
    fn story(&mut self) -> Option<Piece> {
        let number = |word: &str| {
            word.strip_prefix("us")
                .map(|rest| rest.trim_start_matches('-').to_owned())
                .filter(|rest| is_number(rest))
        };
        let first = self.lower(0).to_owned();
        if let Some(one) = number(&first) {
            self.at += 1;
            return Some(Piece::Phases(self.world.story(&one), false));
        }
        if let Some((one, other)) = first.split_once('-')
            && let Some(one) = number(one)
            && let Some(other) =
                number(other).or_else(|| is_number(other).then(|| other.to_owned()))
        {
            self.at += 1;
            return Some(Piece::Phases(self.numbered(&one, &other), false));
        }
        let skip = usize::from(first == "user");
        if !["story", "stories"].contains(&self.lower(skip)) {
            return None;
        }
        let mut at = self.at + skip + 1;
        let mut found: Vec<usize> = Vec::new();
        let mut any = false;
        while let Some(token) = self.tokens.get(at) {
            if let Some((one, other)) = token.text.split_once('-')
                && is_number(one)
                && is_number(other)
            {
                found.extend(self.numbered(one, other));
            } else if is_number(&token.text) {
                found.extend(self.world.story(&token.text));
            } else {
                let next = self.tokens.get(at + 1).map_or("", |next| next.text.as_str());
                let glue = [",", "and", "&", "+", "/"].contains(&token.lower.as_str());
                if !any || !glue || !(is_number(next) || next == "and") {
                    break;
                }
            }
            any = true;
            at += 1;
        }
        if !any && skip == 0 {
            return None;
        }
        self.at = at;
        Some(if any { Piece::Phases(found, false) } else { Piece::Stories })
    }

    fn numbered(&self, one: &str, other: &str) -> Vec<usize> {
        let range = one.parse::<u16>().unwrap_or(1)..=other.parse::<u16>().unwrap_or(0);
        range.take(200).flat_map(|number| self.world.story(&number.to_string())).collect()
    }

    fn group(&mut self) -> Option<Piece> {
        let words = [self.lower(0), self.lower(1), self.lower(2), self.lower(3)];
        let (piece, taken) = match words {
            ["everything", ..] => (Piece::Everything, 1),
            ["all", "other", "tasks", _] => (Piece::Everything, 3),
            ["all" | "any" | "every" | "each", "user", "story" | "stories", _]
            | ["all" | "any", "desired" | "the", "stories", _] => (Piece::Stories, 3),
            [
                "all" | "any",
                "desired" | "of" | "the" | "implemented" | "planned",
                "user",
                "stories" | "story",
            ] => (Piece::Stories, 4),
            ["all", "other", "features" | "stories", _] => (Piece::OtherStories, 3),
            ["all", "other", "user", "stories"] => (Piece::OtherStories, 4),
            ["other", "stories" | "features", ..] => (Piece::OtherStories, 2),
            ["all" | "any", before, "phases" | "tasks" | "work", _] if is_before(before) => {
                (Piece::Previous, 3)
            }
            ["all", "tasks", "above", ..] => (Piece::Previous, 3),
            ["all", "above" | "previous", ..] | ["previous" | "prior", "phases", ..] => {
                (Piece::Previous, 2)
            }
            _ => return None,
        };
        self.at += taken;
        Some(piece)
    }
}

fn between(first: usize, last: usize) -> Vec<usize> {
    if first <= last { (first..=last).collect() } else { (last..=first).collect() }
}

fn is_before(word: &str) -> bool {
    ["previous", "prior", "preceding", "earlier", "above", "other", "implementation"]
        .contains(&word)
}
