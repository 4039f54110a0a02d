//! What can be read of an answer; of HTML its words, headings, lists and links. Pure.

/// Elements whose inside is not for people.
const HIDDEN: [&str; 6] = ["script", "style", "noscript", "template", "svg", "iframe"];
/// Elements that begin a paragraph, and those that begin a line.
const PARAGRAPHS: [&str; 20] = [
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "nav",
    "aside",
    "table",
    "ul",
    "ol",
    "dl",
    "blockquote",
    "pre",
    "form",
    "figure",
    "details",
    "title",
    "hr",
];
const LINES: [&str; 5] = ["br", "tr", "dt", "dd", "option"];
/// The named signs that are common; others stay as they are.
const SIGNS: [(&str, &str); 16] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("mdash", "—"),
    ("ndash", "–"),
    ("hellip", "…"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("copy", "©"),
    ("rarr", "→"),
    ("times", "×"),
];

/// Tells whether a type of content is text.
pub(super) fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let words = [
        "json",
        "xml",
        "javascript",
        "ecmascript",
        "yaml",
        "toml",
        "x-www-form-urlencoded",
        "ndjson",
    ];
    kind.starts_with("text/") || words.iter().any(|word| kind.ends_with(word))
}

/// Gives the text of an answer of this type.
pub(super) fn text(kind: &str, bytes: &[u8]) -> String {
    let western = ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| kind.contains(name));
    let text = match std::str::from_utf8(bytes) {
        Err(_) if western => bytes.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let is_html = kind.contains("html") || (kind.is_empty() && text.trim_start().starts_with('<'));
    if is_html { Reader::default().read(&text) } else { text }
}

/// Makes words of HTML. It is no parser: what is broken is read as far as it goes.
#[derive(Default)]
struct Reader {
    said: String,
    /// Where the links that are open lead.
    links: Vec<String>,
    /// How many elements are open that keep their blanks.
    keeps: usize,
    is_blank: bool,
}

impl Reader {
    fn read(mut self, html: &str) -> String {
        let mut rest = html;
        while let Some((words, inside)) = rest.split_once('<') {
            self.words(words);
            rest = self.markup(inside);
        }
        self.words(rest);
        self.said.trim().to_owned()
    }

    /// Takes a tag, and gives what follows it.
    fn markup<'h>(&mut self, inside: &'h str) -> &'h str {
        if let Some(comment) = inside.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        if !inside.starts_with(|sign: char| sign.is_ascii_alphabetic() || "/!?".contains(sign)) {
            // A sign of its own, as in `a < b`.
            self.words("<");
            return inside;
        }
        let end = end_of_tag(inside);
        let (tag, rest) =
            (inside.get(..end).unwrap_or_default(), inside.get(end + 1..).unwrap_or_default());
        let name: String =
            tag.chars().take_while(|sign| !sign.is_whitespace() && *sign != '>').collect();
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        if HIDDEN.contains(&name.as_str()) && !tag.ends_with('/') {
            return after_element(rest, &name);
        }
        self.tag(&name, tag);
        rest
    }

    fn tag(&mut self, name: &str, tag: &str) {
        let (closes, plain) = name.strip_prefix('/').map_or((false, name), |plain| (true, plain));
        match plain {
            "a" if closes => {
                if let Some(to) = self.links.pop().filter(|to| !to.is_empty()) {
                    self.said.extend(["](", &to, ")"]);
                }
            }
            "a" => {
                let idle = |to: &String| {
                    ["#", "javascript:", "data:"].iter().any(|word| to.starts_with(word))
                };
                let to = attribute(tag, "href").filter(|to| !idle(to)).unwrap_or_default();
                if !to.is_empty() {
                    self.space();
                    self.said.push('[');
                }
                self.links.push(to);
            }
            "li" if !closes => {
                self.line(1);
                self.said.push_str("- ");
            }
            "td" | "th" if closes => self.words(" | "),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.line(2);
                if !closes {
                    let depth = plain.bytes().last().map_or(1, |digit| usize::from(digit - b'0'));
                    self.said.push_str(&"#".repeat(depth));
                    self.said.push(' ');
                }
            }
            _ if PARAGRAPHS.contains(&plain) => self.line(2),
            _ if LINES.contains(&plain) => self.line(1),
            _ => {}
        }
        if ["pre", "textarea"].contains(&plain) {
            self.keeps = if closes { self.keeps.saturating_sub(1) } else { self.keeps + 1 };
        }
    }

    /// Adds words: blanks become one, signs become what they stand for.
    fn words(&mut self, words: &str) {
        let words = signs(words);
        if self.keeps > 0 {
            self.said.push_str(&words);
            return;
        }
        for (index, word) in words.split(char::is_whitespace).enumerate() {
            self.is_blank |= index > 0;
            if !word.is_empty() {
                self.space();
                self.said.push_str(word);
            }
        }
    }

    /// Adds the blank that was read before.
    fn space(&mut self) {
        let is_first = self.said.is_empty() || self.said.ends_with(['\n', ' ', '[']);
        if std::mem::take(&mut self.is_blank) && !is_first {
            self.said.push(' ');
        }
    }

    /// Ends the line, so many times at the most.
    fn line(&mut self, ends: usize) {
        self.is_blank = false;
        let there = self.said.bytes().rev().take_while(|byte| *byte == b'\n').count();
        if !self.said.is_empty() {
            self.said.push_str(&"\n".repeat(ends.saturating_sub(there)));
        }
    }
}

/// Finds the `>` that ends a tag: not one in quotes.
fn end_of_tag(inside: &str) -> usize {
    let mut quote = None;
    for (at, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    // A quote that never ends is none.
    inside.find('>').unwrap_or(inside.len())
}

/// Gives what follows an element whose inside is skipped.
fn after_element<'h>(html: &'h str, name: &str) -> &'h str {
    let mut at = 0;
    while let Some(found) = html.get(at..).and_then(|rest| rest.find("</")) {
        let start = at + found + 2;
        let named = html.get(start..start + name.len());
        if named.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            let end = html.get(start..).and_then(|rest| rest.find('>'));
            return end.and_then(|end| html.get(start + end + 1..)).unwrap_or_default();
        }
        at = start;
    }
    ""
}

/// Finds an attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.match_indices(name).find_map(|(at, _)| {
        let before = lower.get(..at)?.ends_with(char::is_whitespace);
        let after = lower.get(at + name.len()..)?.trim_start().starts_with('=');
        (before && after).then_some(at + name.len())
    })?;
    let value = tag.get(at..)?.trim_start().strip_prefix('=')?.trim_start();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
        _ => value.split(|sign: char| sign.is_whitespace() || sign == '>').next()?,
    };
    Some(signs(value.trim()))
}

/// Puts signs in the place of their names: `&amp;`, `&#38;`, `&#x26;`.
fn signs(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        said.push_str(before);
        let near = after.char_indices().take(10).find(|(_, sign)| *sign == ';').map(|(at, _)| at);
        let name = near.and_then(|end| after.get(..end));
        if let Some(sign) = name.and_then(sign) {
            said.push_str(&sign);
            rest = near.and_then(|end| after.get(end + 1..)).unwrap_or_default();
        } else {
            said.push('&');
            rest = after;
        }
    }
    said.push_str(rest);
    said
}

fn sign(name: &str) -> Option<String> {
    let number = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        },
        None => {
            return SIGNS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, sign)| (*sign).to_owned());
        }
    };
    number.and_then(char::from_u32).map(String::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn html(text: &str) -> String {
        super::text("text/html; charset=utf-8", text.as_bytes())
    }

    #[test]
    fn a_page_is_read_as_people_see_it() {
        let page = r#"<!doctype html><html><head><title>Rain &amp; snow</title><style>p { color: red }</style>
            <script>if (a < b) { alert("</p>") }</script></head>
            <body><!-- <p>not this</p> --><h1>Weather</h1><p>It is <b>wet</b>,
            and 2 &lt; 3&#8212;or not.</p><ul><li>one</li><li><a href="/two?a=1&amp;b=2">two</a></li></ul>
            <pre>  a
   b</pre><a href="javascript:x()">no link</a><table><tr><td>x</td><td>y</td></tr></table></body></html>"#;
        insta::assert_snapshot!(html(page), @r"
        Rain & snow

        # Weather

        It is wet, and 2 < 3—or not.

        - one
        - [two](/two?a=1&b=2)

          a
           b

        no link

        x | y |
        ");
    }

    #[test]
    fn what_is_broken_is_read_as_far_as_it_goes() {
        for (page, told) in [
            ("a < b and c > d", "a < b and c > d"),
            ("<p title=\"x>y\">in</p>", "in"),
            ("<p title=\"never closed>in</p> after", "in\n\nafter"),
            ("a<script>never closed", "a"),
            ("a<!-- never closed", "a"),
            ("a<", "a<"),
            ("a<b", "a"),
            ("&bogus; &#xd800; &", "&bogus; &#xd800; &"),
            ("<SCRIPT>x</ScRiPt >y", "y"),
            ("</a></a>x", "x"),
        ] {
            assert_eq!(html(page), told, "{page}");
        }
    }

    #[test]
    fn only_texts_are_texts() {
        for (kind, holds) in [
            ("text/html; charset=utf-8", true),
            ("application/json", true),
            ("application/problem+json", true),
            ("application/xhtml+xml", true),
            ("image/png", false),
            ("application/octet-stream", false),
            ("application/zip", false),
        ] {
            assert_eq!(is_text(kind), holds, "{kind}");
        }
        assert_eq!(super::text("text/plain; charset=iso-8859-1", b"gr\xfcn"), "grün");
        assert_eq!(super::text("text/plain", b"gr\xfcn"), "gr\u{fffd}n");
    }

    proptest! {
        #[test]
        fn no_page_is_too_odd(parts in proptest::collection::vec(
            prop_oneof!["<[/!a-z]{0,4}", "[ a-z&;#]{0,4}", Just("<script>".to_owned()), Just("</script>".to_owned()),
                Just("<a href='x'>".to_owned()), Just("</a>".to_owned()), Just("<!--".to_owned()), Just("-->".to_owned()),
                Just("\"".to_owned()), Just(">".to_owned()), "\\PC{0,3}"], 0..40)) {
            html(&parts.concat());
        }
    }
}
