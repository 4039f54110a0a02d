//! SQL as statements, each with its words and the comments that stand by it.

use super::token::{Kind, Token, Tongue, all};

/// A statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement<'a> {
    /// Its pieces, without comments.
    pub(super) tokens: Vec<Token<'a>>,
    /// Whether somebody has written something about it: in it, behind it, or in the lines above it.
    pub(super) has_note: bool,
}

impl Statement<'_> {
    /// Its line, from 1.
    pub(super) fn line(&self) -> usize {
        self.tokens.first().map_or(1, |token| token.line)
    }

    /// Tells whether a piece is this word.
    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word(word))
    }

    /// Tells whether these words stand in it, one behind the other.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        let fits = |window: &[Token<'_>]| {
            window.iter().zip(words).all(|(token, word)| token.is_word(word))
        };
        self.tokens.windows(words.len()).any(fits)
    }

    /// The name that begins at a place, without its quotes and what it belongs to, in small letters: `notes` of `public."Notes"`;
    /// and the place behind it.
    pub(super) fn name(&self, from: usize) -> (String, usize) {
        let (mut at, mut name) = (from, String::new());
        while let Some(token) = self.tokens.get(at) {
            // `[name]`, as one of the dialects quotes.
            let is_bracket = token.is("[") || token.is("]");
            if !is_bracket {
                name = token.text.trim_matches(['"', '`']).to_lowercase();
            }
            let closes = self.tokens.get(at + 1).is_some_and(|next| next.is("]"));
            at += 1;
            if is_bracket && token.is("[") || closes {
                continue;
            }
            if !self.tokens.get(at).is_some_and(|next| next.is(".")) {
                break;
            }
            at += 1;
        }
        (name, at)
    }
}

/// A script of SQL.
#[derive(Debug, Default)]
pub(super) struct Script<'a> {
    /// What is done.
    pub(super) up: Vec<Statement<'a>>,
    /// Whether it also says how to undo that, behind a comment such as `-- migrate:down`.
    pub(super) has_down: bool,
    /// A quote or comment that nothing closes, and its line.
    pub(super) open: Option<(String, usize)>,
}

/// Reads a script. Statements end with `;` outside of parentheses; what is below the way back is left out.
pub(super) fn read(text: &str) -> Script<'_> {
    let mut script = Script::default();
    let mut own = Statement::default();
    let (mut depth, mut note) = (0_usize, None::<(usize, usize)>);
    let mut ended = 0;
    for token in all(text, Tongue::Sql) {
        match token.kind {
            Kind::Note => {
                if is_down(token.text) {
                    script.has_down = true;
                    break;
                }
                let (first, last) = (token.line, token.line + token.text.matches('\n').count());
                if first == ended
                    && own.tokens.is_empty()
                    && let Some(before) = script.up.last_mut()
                {
                    before.has_note |= says(token.text);
                } else if says(token.text) {
                    own.has_note |= !own.tokens.is_empty();
                    note = Some((first, last));
                }
                continue;
            }
            Kind::Open => {
                let sign: String = token.text.chars().take(1).collect();
                script.open.get_or_insert((sign, token.line));
            }
            _ => {}
        }
        if own.tokens.is_empty() {
            own.has_note = note.is_some_and(|(_, last)| last + 1 >= token.line);
        }
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth = depth.saturating_sub(1);
        }
        if token.is(";") && depth == 0 {
            ended = token.line;
            if !own.tokens.is_empty() {
                script.up.push(std::mem::take(&mut own));
            }
            continue;
        }
        own.tokens.push(token);
    }
    if !own.tokens.is_empty() {
        script.up.push(own);
    }
    script
}

/// Whether a comment says something: two words at least.
fn says(note: &str) -> bool {
    let is_word = |word: &&str| word.chars().filter(|sign| sign.is_alphabetic()).count() > 1;
    note.split_whitespace().filter(is_word).count() > 1
}

/// Whether a comment begins the way back: `-- migrate:down`, `-- +goose Down`, `-- rollback`.
fn is_down(note: &str) -> bool {
    let words: Vec<String> = super::finding::words(note);
    let is = |word: &str| words.iter().any(|own| own == word);
    words.len() <= 4 && (is("down") || is("rollback") || is("revert") || is("undo"))
}
