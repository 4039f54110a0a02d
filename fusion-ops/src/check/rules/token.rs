//! Programs as words, signs, texts and comments with their lines: enough for rules, of any language.

/// How far is looked ahead where a quote may be something else, in bytes.
const NEAR: usize = 200;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword, a number.
    Word,
    /// One sign.
    Sign,
    /// A text in quotes, with them.
    Text,
    /// A comment.
    Note,
    /// A text or comment without an end.
    Open,
}

/// A piece of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: Kind,
    /// How it is written.
    pub(super) text: &'a str,
    /// Its line, from 1.
    pub(super) line: usize,
    /// How far it stands from the beginning of its line, in bytes.
    pub(super) column: usize,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

impl Token<'_> {
    /// Tells whether it is this word or sign.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }

    /// Tells whether it is this word, in large or small letters.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// How comments and texts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// `//`, `/* */`, and quotes of three kinds.
    Braces,
    /// As braces; a single quote may be a lifetime.
    Rust,
    /// `#`, and quotes, also of three.
    Hash,
    /// `--`, `/* */`, quotes that are doubled, and `$body$`.
    Sql,
}

/// The language of a program by the ending of its file; none for what is none that is known here.
pub(super) fn tongue(ending: &str) -> Option<Tongue> {
    let has = |list: &str| list.split(' ').any(|one| one == ending);
    if has("js jsx ts tsx mjs cjs mts cts java go kt cs php swift c cpp scala dart vue svelte") {
        return Some(Tongue::Braces);
    }
    if has("py rb ex exs") {
        return Some(Tongue::Hash);
    }
    match ending {
        "rs" => Some(Tongue::Rust),
        "sql" => Some(Tongue::Sql),
        _ => None,
    }
}

/// Gives all pieces of a text, comments too. Never fails: what is no text and no comment is words and signs.
pub(super) fn all(text: &str, tongue: Tongue) -> Vec<Token<'_>> {
    let mut reader =
        Reader { text, tongue, at: 0, line: 1, begun: 0, unclosed: false, tokens: Vec::new() };
    while let Some(sign) = reader.rest().chars().next() {
        reader.step(sign);
    }
    reader.tokens
}

/// Gives the pieces of a text without comments.
pub(super) fn code(text: &str, tongue: Tongue) -> Vec<Token<'_>> {
    let mut tokens = all(text, tongue);
    tokens.retain(|token| token.kind != Kind::Note);
    tokens
}

/// Gives a text whose comments are spaces: places in it are as they were.
pub(super) fn without_notes(text: &str, tongue: Tongue) -> String {
    let mut plain = text.to_owned();
    for note in all(text, tongue).iter().filter(|token| token.kind == Kind::Note) {
        let blank: String =
            note.text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        plain.replace_range(note.at..note.at + note.text.len(), &blank);
    }
    plain
}

struct Reader<'a> {
    text: &'a str,
    tongue: Tongue,
    at: usize,
    line: usize,
    /// Where the line begins.
    begun: usize,
    /// Whether a backtick was seen that nothing closes: no later one is looked at again.
    unclosed: bool,
    tokens: Vec<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, sign: char) {
        if sign.is_whitespace() {
            self.skip(sign.len_utf8());
            return;
        }
        let rest = self.rest();
        if let Some(length) = self.note(rest) {
            self.push(Kind::Note, length);
        } else if let Some((length, closed)) = self.quoted(rest, sign) {
            self.push(if closed { Kind::Text } else { Kind::Open }, length);
        } else if is_of_word(sign) {
            let length = rest.find(|sign| !is_of_word(sign)).unwrap_or(rest.len());
            self.push(Kind::Word, length);
        } else {
            self.push(Kind::Sign, sign.len_utf8());
        }
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default();
        let (line, column, at) = (self.line, self.at - self.begun, self.at);
        self.tokens.push(Token { kind, text, line, column, at });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or_default();
        if let Some(last) = passed.rfind('\n') {
            self.line += passed.matches('\n').count();
            self.begun = self.at + last + 1;
        }
        self.at += length;
    }

    /// The length of the comment that begins here.
    fn note(&self, rest: &str) -> Option<usize> {
        let line = match self.tongue {
            Tongue::Hash => "#",
            Tongue::Sql => "--",
            Tongue::Braces | Tongue::Rust => "//",
        };
        // The address in `https://a` begins no comment where it is text between tags.
        let is_address =
            line == "//" && self.text.get(..self.at).is_some_and(|before| before.ends_with(':'));
        if rest.starts_with(line) && !is_address {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        if self.tongue != Tongue::Hash && rest.starts_with("/*") {
            return Some(rest.get(2..)?.find("*/").map_or(rest.len(), |end| end + 4));
        }
        None
    }

    /// The length of the quoted text that begins here, and whether it ends.
    fn quoted(&mut self, rest: &str, sign: char) -> Option<(usize, bool)> {
        match (self.tongue, sign) {
            (Tongue::Sql, '\'' | '"' | '`') => Some(doubled(rest, sign)),
            (Tongue::Sql, '$') => dollars(rest),
            (Tongue::Hash, '"' | '\'') => {
                let three = if sign == '"' { "\"\"\"" } else { "'''" };
                if !rest.starts_with(three) {
                    return Some(until(rest, sign, false));
                }
                let end = rest.get(3..)?.find(three);
                Some(end.map_or((rest.len(), false), |end| (end + 6, true)))
            }
            (Tongue::Rust, '\'') => {
                // `'a` is a lifetime, `'a'` a sign.
                let signs: Vec<char> = rest.chars().skip(1).take(2).collect();
                let is_sign = matches!(signs.as_slice(), ['\\', _] | [_, '\'']);
                is_sign.then(|| until(clip(rest, NEAR), '\'', false)).filter(|(_, closed)| *closed)
            }
            (Tongue::Rust, '"') => Some(until(rest, '"', true)),
            (Tongue::Braces, '"' | '\'') => Some(until(rest, sign, false)),
            (Tongue::Braces, '`') if !self.unclosed => {
                let (length, closed) = until(rest, '`', true);
                self.unclosed = !closed;
                closed.then_some((length, true))
            }
            (Tongue::Braces, '/') if self.may_be_pattern() => {
                Some(until(rest, '/', false)).filter(|(_, closed)| *closed)
            }
            _ => None,
        }
    }

    /// Whether a slash here begins a pattern, by what stands before it.
    fn may_be_pattern(&self) -> bool {
        self.tokens.last().is_some_and(|last| {
            last.is("return") || (last.kind == Kind::Sign && "(,=:[!&|?;".contains(last.text))
        })
    }
}

/// The beginning of a text, at most so many bytes of it.
pub(super) fn clip(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

fn is_of_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_' || sign == '$'
}

/// A text with `\` before signs that do not end it; one of a single line ends with it.
fn until(rest: &str, quote: char, many: bool) -> (usize, bool) {
    let mut escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if !many => return (at, false),
            _ if sign == quote => return (at + sign.len_utf8(), true),
            _ => {}
        }
    }
    (rest.len(), false)
}

/// A text whose quotes are doubled inside of it.
fn doubled(rest: &str, quote: char) -> (usize, bool) {
    let mut signs = rest.char_indices().skip(1).peekable();
    let mut escaped = false;
    while let Some((at, sign)) = signs.next() {
        if escaped {
            escaped = false;
        } else if sign == '\\' {
            // `\'` is a quote in MySQL and the end of a text elsewhere: it is an end where no other follows on its line.
            let line = clip(rest.get(at + 2..).unwrap_or_default(), NEAR);
            let line = line.lines().next().unwrap_or_default();
            escaped = line.matches(quote).count() % 2 == 1;
        } else if sign == quote {
            if signs.peek().is_none_or(|(_, next)| *next != quote) {
                return (at + 1, true);
            }
            signs.next();
        }
    }
    (rest.len(), false)
}

/// A body between `$$` and `$$`, or `$name$` and `$name$`.
fn dollars(rest: &str) -> Option<(usize, bool)> {
    let end = rest.get(1..)?.find(|sign: char| !(sign.is_alphanumeric() || sign == '_'))? + 1;
    let mark = rest.get(..=end).filter(|mark| mark.ends_with('$'))?;
    let body = rest.get(mark.len()..)?;
    Some(body.find(mark).map_or((rest.len(), false), |at| (at + 2 * mark.len(), true)))
}

/// The place behind the parenthesis that closes the one at a place; the end where none does.
pub(super) fn behind(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" if token.kind == Kind::Sign => depth += 1,
            ")" | "]" | "}" if token.kind == Kind::Sign => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, tongue: Tongue) -> Vec<(Kind, &str)> {
        all(text, tongue).into_iter().map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn texts_and_comments_are_told_from_code() {
        use Kind::{Note, Open, Sign, Text, Word};
        let js = read("a('it\\'s', `x\n${y}`) // no\n/[\"']/.b", Tongue::Braces);
        assert_eq!(js[2], (Text, "'it\\'s'"));
        assert_eq!(js[4], (Text, "`x\n${y}`"));
        assert_eq!(js[6], (Note, "// no"));
        let py = read("x = '''a\n#b''' # c\n", Tongue::Hash);
        assert_eq!(py[2..], [(Text, "'''a\n#b'''"), (Note, "# c")]);
        let sql = read("a 'it''s' -- n\n$f$ 'x $f$ \"q", Tongue::Sql);
        assert_eq!(
            sql[1..],
            [(Text, "'it''s'"), (Note, "-- n"), (Text, "$f$ 'x $f$"), (Open, "\"q")]
        );
        assert_eq!(
            read("&'a 'x'", Tongue::Rust),
            [(Sign, "&"), (Sign, "'"), (Word, "a"), (Text, "'x'")]
        );
        assert_eq!(without_notes("a // é\nb", Tongue::Braces), "a      \nb");
    }
}
