//! The tags of a page or of a component, with their attributes and lines.

use super::token::clip;

/// The most that is read of one tag, in bytes.
const LONGEST: usize = 8 * 1024;
/// What holds a text that is no markup.
const RAW: [&str; 2] = ["script", "style"];

/// A tag that opens something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// Its name, as it is written.
    pub(super) name: &'a str,
    /// Its attributes, without the quotes of their values.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    /// Its line, from 1.
    pub(super) line: usize,
    /// What stands behind it, up to the end of the file.
    pub(super) rest: &'a str,
}

impl Tag<'_> {
    /// Tells whether it has this name, in large or small letters.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of an attribute, also of one that is bound: `:src`, `v-bind:src`, `[src]`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let same = |own: &str| {
            let own = own
                .trim_start_matches("v-bind")
                .trim_start_matches([':', '['])
                .trim_end_matches(']');
            own.trim_start_matches("attr.").eq_ignore_ascii_case(name)
        };
        self.attributes.iter().find(|(own, _)| same(own)).map(|(_, value)| *value)
    }

    /// Tells whether some of its attributes are only known when it is shown: `{...props}`, `{% if %}`, `v-bind="all"`.
    pub(super) fn is_open(&self) -> bool {
        self.attributes.iter().any(|(name, _)| name.starts_with(['{', '<']) || *name == "v-bind")
    }
}

/// Gives the tags of a text that open something. What stands in comments, scripts and styles is none.
pub(super) fn tags(text: &str) -> Vec<Tag<'_>> {
    let (mut tags, mut at, mut counted, mut line) = (Vec::new(), 0, 0, 1);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        let begin = at + found;
        line += text.get(counted..begin).unwrap_or_default().matches('\n').count();
        counted = begin;
        let rest = text.get(begin..).unwrap_or_default();
        if rest.starts_with("<!--") {
            at = begin + rest.find("-->").map_or(rest.len(), |end| end + 3);
            continue;
        }
        let Some((name, attributes, length)) = tag(clip(rest, LONGEST)) else {
            at = begin + 1;
            continue;
        };
        at = begin + length;
        let behind = text.get(at..).unwrap_or_default();
        if RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
            at += end_of(behind, name);
        }
        tags.push(Tag { name, attributes, line, rest: behind });
    }
    tags
}

/// Where `</name` stands in a text; its end where it does not.
pub(super) fn end_of(text: &str, name: &str) -> usize {
    let closes = |(at, _): &(usize, &str)| {
        let rest = text.get(at + 2..at + 2 + name.len());
        rest.is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    text.match_indices("</").find(closes).map_or(text.len(), |(at, _)| at)
}

type Parts<'a> = (&'a str, Vec<(&'a str, &'a str)>, usize);

/// Reads the tag at the beginning of a text: its name, its attributes, its length.
fn tag(text: &str) -> Option<Parts<'_>> {
    let inner = text.get(1..)?;
    let end = inner
        .find(|sign: char| !(sign.is_alphanumeric() || "-_:.".contains(sign)))
        .unwrap_or(inner.len());
    let name =
        inner.get(..end).filter(|name| name.starts_with(|sign: char| sign.is_alphabetic()))?;
    let (mut at, mut attributes) = (1 + end, Vec::new());
    loop {
        let rest = text.get(at..)?;
        let blank = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        at += blank;
        match rest.chars().next()? {
            '>' => return Some((name, attributes, at + 1)),
            '/' | '=' | '"' | '\'' | '`' => at += 1,
            '{' | '<' => {
                let length = held(rest)?;
                attributes.push((rest.get(..length)?, ""));
                at += length;
            }
            _ => {
                let end = rest.find(|sign: char| sign.is_whitespace() || "=>/{".contains(sign))?;
                let key = rest.get(..end)?;
                let (value, length) = value(rest.get(end..)?)?;
                attributes.push((key, value));
                // A sign that can be no name is passed over.
                at += (end + length).max(1);
            }
        }
    }
}

/// The value behind a name, and how long it is with its sign and its quotes.
fn value(text: &str) -> Option<(&str, usize)> {
    let rest = text.trim_start();
    let Some(rest) = rest.strip_prefix('=') else { return Some(("", 0)) };
    let given = rest.trim_start();
    let before = text.len() - given.len();
    match given.chars().next()? {
        quote @ ('"' | '\'') => {
            let end = given.get(1..)?.find(quote)?;
            Some((given.get(1..=end)?, before + end + 2))
        }
        '{' | '<' => {
            let length = held(given)?;
            Some((given.get(..length)?, before + length))
        }
        _ => {
            let end = given.find(|sign: char| sign.is_whitespace() || sign == '>')?;
            Some((given.get(..end)?, before + end))
        }
    }
}

/// The length of what is in braces, or between `<?` and `?>`, `<%` and `%>`.
fn held(text: &str) -> Option<usize> {
    if text.starts_with('<') {
        let end = if text.starts_with("<%") { "%>" } else { "?>" };
        return text.find(end).map(|at| at + 2);
    }
    let mut depth = 0_usize;
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_attributes_and_lines() {
        let text = "<p>\n<!-- <b> --><img src=\"a>b\" {...all} alt/>\n<script src=x>if (a<b) {}</script><i :a='1'>";
        let found = tags(text);
        let names: Vec<(&str, usize)> = found.iter().map(|tag| (tag.name, tag.line)).collect();
        assert_eq!(names, [("p", 1), ("img", 2), ("script", 3), ("i", 3)]);
        assert_eq!(found[1].attributes, [("src", "a>b"), ("{...all}", ""), ("alt", "")]);
        assert!(found[1].is_open() && found[3].get("a") == Some("1"));
    }
}
