//! Text that is safe to print: what programs wrote cannot move the cursor, colour the screen or hide itself.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use super::words::Color;

/// Shows the control characters of a text instead of sending them: `^[` for an escape, `<U+202E>` for what turns the
/// direction of writing. Line ends and tabs stay.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // The line end of other systems.
            '\r' if rest.peek() == Some(&'\n') => {}
            '\u{7f}' => shown.push_str("^?"),
            c if is_unsafe(c) && c.is_ascii() => {
                shown.push('^');
                shown.push(char::from(c as u8 ^ 0x40));
            }
            c if is_unsafe(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "<U+{:04X}>", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Gives a text on one line: for cells of tables and lines that move.
pub(crate) fn one_line(text: &str) -> String {
    safe(text).replace(['\n', '\t'], " ")
}

/// Escapes what terminals would act on and JSON leaves as it is; such characters only stand inside of strings.
pub(crate) fn safe_json(json: &str) -> Cow<'_, str> {
    let wild = |c: char| is_unsafe(c) && u32::from(c) >= 0x7f;
    if !json.contains(wild) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if wild(c) {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_unsafe(c: char) -> bool {
    turns(c) || (c.is_control() && c != '\n' && c != '\t')
}

/// Tells whether a character turns the direction of writing, so that text looks like another.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Standard error for what is traced, where only escapes are taken out already.
#[derive(Debug)]
pub(crate) struct Traced;

impl io::Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut shown = String::from_utf8_lossy(bytes).into_owned();
        if shown.contains(turns) {
            shown = shown.replace(turns, "\u{fffd}");
        }
        io::Write::write_all(&mut io::stderr().lock(), shown.as_bytes()).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut io::stderr())
    }
}

/// A line with colours of ours, and nothing of others that could act on a terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    text: String,
    color: bool,
}

impl Line {
    /// Begins an empty line, with colours or without.
    pub(super) fn new(color: bool) -> Self {
        Self { text: String::new(), color }
    }

    /// Adds plain text.
    #[must_use]
    pub(crate) fn add(mut self, text: &str) -> Self {
        self.text.push_str(&safe(text));
        self
    }

    /// Adds text in a colour.
    #[must_use]
    pub(crate) fn paint(mut self, color: Color, text: &str) -> Self {
        self.text.push_str(&color.paint(&safe(text), self.color));
        self
    }

    /// Gives what is printed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown_not_sent() {
        assert_eq!(safe("plain\ttext\n"), "plain\ttext\n");
        assert_eq!(safe("\u{1b}[2J\u{7}bell\u{0}"), "^[[2J^Gbell^@");
        assert_eq!(safe("dos\r\nand 10%\r20%\u{7f}"), "dos\nand 10%^M20%^?");
        assert_eq!(safe("\u{9b}31m \u{202e}txt.exe"), "<U+009B>31m <U+202E>txt.exe");
        assert_eq!(one_line("a\nb\tc"), "a b c");
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({"a\u{9b}": "\u{1b}[31m \u{85} \u{2066} \u{7f} é"});
        let plain = value.to_string();
        let shown = safe_json(&plain);
        assert!(!shown.contains(is_unsafe), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn only_our_colours_pass() {
        let line = Line::new(true).paint(Color::Red, "a\u{1b}[0m").add("\u{1b}[32mb");
        assert_eq!(line.text(), "\u{1b}[31ma^[[0m\u{1b}[0m^[[32mb");
    }
}
