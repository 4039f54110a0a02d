//! From a line to words: lower case, camel case and paths taken apart.

/// A word of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'l> {
    /// The word as it stands; its case does not count.
    pub(crate) text: &'l str,
    /// Whether a clause ends before it.
    pub(crate) breaks: bool,
    /// How many parts of it follow.
    pub(crate) parts: usize,
    /// Whether it is a part of a longer word.
    pub(crate) is_part: bool,
}

impl Word<'_> {
    fn sign(text: &'static str) -> Self {
        Self { text, breaks: false, parts: 0, is_part: false }
    }
}

/// Stands for an HTTP call: `POST /users`.
pub(crate) const CALL: &str = "httpcall";
/// Stands for a path of an interface: `/api/users`.
pub(crate) const API: &str = "apipath";
/// Stands for an option of a command: `--verbose`.
pub(crate) const FLAG: &str = "dashflag";

/// Stands for the interface of somebody else's product: `SignalHire API`, `GitHub API`.
pub(crate) const BRAND: &str = "brandapi";

/// Takes a line apart. A word with humps (`userService`) stands there whole, and then in its parts.
pub(crate) fn words<'l>(line: &'l str, found: &mut Vec<Word<'l>>) {
    let mut start: Option<usize> = None;
    let mut breaks = false;
    let mut signs = line.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, sign)) = signs.next() {
        let next = signs.peek().map_or(' ', |(_, next)| *next);
        if sign.is_alphanumeric() {
            start.get_or_insert(at);
        } else {
            if let Some(from) = start.take() {
                push(line, (from, at), &mut breaks, found);
            }
            match sign {
                ',' | ';' | ':' | '(' | ')' | '|' | '!' | '?' | '—' | '–' => breaks = true,
                '.' if !next.is_alphanumeric() => breaks = true,
                '-' if before == '-' && next.is_alphabetic() => found.push(Word::sign(FLAG)),
                '-' if before == ' ' && next == ' ' => breaks = true,
                '#' if before == 'C' => found.push(Word::sign("csharp")),
                '+' if before == 'C' && next == '+' => found.push(Word::sign("cpp")),
                '/' if is_call(found) && (before == ' ' || before == '`') => {
                    found.push(Word::sign(CALL));
                }
                '/' if line.get(at..).is_some_and(|rest| rest.starts_with("/api/")) => {
                    found.push(Word::sign(API));
                }
                _ => {}
            }
        }
        before = sign;
    }
    if let Some(from) = start {
        push(line, (from, line.len()), &mut breaks, found);
    }
}

/// Where the humps of a word begin: a capital behind a small letter, and the last of several before a small one.
fn humps(word: &str) -> Vec<usize> {
    if word.is_ascii() && !word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) {
        return Vec::new();
    }
    let bytes = word.as_bytes();
    let mut found = Vec::new();
    let mut signs = word.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, sign)) = signs.next() {
        let next = signs.peek().map_or(' ', |(_, next)| *next);
        let last = before.is_uppercase() && next.is_lowercase() && !is_plural(bytes, at);
        if at > 0 && sign.is_uppercase() && (before.is_lowercase() || last) {
            found.push(at);
        }
        before = sign;
    }
    found
}

/// `APIs`: the small letter at the end makes no new word.
fn is_plural(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1) == Some(&b's') && !bytes.get(at + 2).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the word before a place has a capital within, as names of products have and those of one's own things rarely do.
fn is_brand(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let Some(rest) = before.strip_suffix(' ') else { return false };
    let name = rest.rsplit(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
    let first = name.starts_with(|sign: char| sign.is_uppercase());
    let own = [
        "GraphQL",
        "OpenAPI",
        "WebSocket",
        "RESTful",
        "JavaScript",
        "TypeScript",
        "FastAPI",
        "NextJS",
        "MyBatis",
    ];
    first
        && name.len() >= 4
        && name.chars().skip(1).any(char::is_uppercase)
        && name.chars().any(char::is_lowercase)
        && !own.contains(&name)
}

fn is_call(found: &[Word<'_>]) -> bool {
    found.last().is_some_and(|word| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&word.text))
}

fn push<'l>(
    line: &'l str,
    (from, to): (usize, usize),
    breaks: &mut bool,
    found: &mut Vec<Word<'l>>,
) {
    let Some(text) = line.get(from..to) else { return };
    if (text == "API" || text == "SDK") && is_brand(line, from) {
        found.push(Word::sign(BRAND));
    }
    let humps = humps(text);
    let breaks = std::mem::take(breaks);
    let parts = if humps.is_empty() { 0 } else { humps.len() + 1 };
    found.push(Word { text, breaks, parts, is_part: false });
    if parts > 0 {
        let ends = humps.iter().copied().chain([text.len()]);
        let mut begin = 0;
        for end in ends {
            let text = text.get(begin..end).unwrap_or_default();
            found.push(Word { text, breaks: false, parts: 0, is_part: true });
            begin = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart() {
        let mut found = Vec::new();
        words("POST /api/users via userService.tsx, REST APIs with --dry-run", &mut found);
        let texts: Vec<&str> = found.iter().map(|word| word.text).collect();
        assert_eq!(
            texts,
            [
                "POST",
                CALL,
                "api",
                "users",
                "via",
                "userService",
                "user",
                "Service",
                "tsx",
                "REST",
                "APIs",
                "with",
                FLAG,
                "dry",
                "run"
            ]
        );
        assert!(found[9].breaks && !found[10].breaks);
    }
}
