//! Rules for texts: links that lead somewhere, headings.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::finding::{Beside, Findings, Look};
use super::tag::tags;

/// A text of more paragraphs than these has a heading.
const SHORT: usize = 8;
/// Texts that are as others have written them.
const GIVEN: [&str; 6] = ["license", "licence", "copying", "notice", "authors", "patents"];

/// Whether an ending is that of a page.
pub(super) fn is_page(ending: &str) -> bool {
    ["md", "markdown"].contains(&ending)
}

/// A page as its links and what they can lead to.
#[derive(Debug, Default)]
struct Page {
    /// Each link with its line.
    links: Vec<(String, usize)>,
    /// What a link behind `#` can name.
    anchors: Vec<String>,
    /// How often the same words were a heading.
    seen: BTreeMap<String, usize>,
    /// How many headings there are.
    headings: usize,
    /// How many paragraphs there are.
    paragraphs: usize,
}

/// Looks at a page.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    // What a program fills in has other links then.
    if !is_page(&look.ending()) || look.text.contains("{{") || look.text.contains("{%") {
        return;
    }
    let page = read(look.text);
    let is_given = GIVEN.iter().any(|name| look.stem().to_lowercase().starts_with(name));
    if page.headings == 0 && page.paragraphs > SHORT && !is_given && !look.text.contains("title:") {
        found.say(
            ("docs/heading", 1),
            "it has no heading",
            "begin it with `# …`, and its parts with `## …`",
        );
    }
    let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (link, line) in &page.links {
        let Some((path, anchor)) = local(link) else { continue };
        let own;
        let anchors = if path.is_empty() {
            &page.anchors
        } else {
            let Some(whole) = joined(look.folder(), &path) else { continue };
            match (look.beside)(&whole) {
                Beside::Nothing => {
                    let wrong = format!("`{link}` leads nowhere: there is no {whole}");
                    found.say(
                        ("docs/link", *line),
                        wrong,
                        "write the path from the folder of this file, or make what it names",
                    );
                    continue;
                }
                Beside::Something => continue,
                Beside::Text(text) => {
                    own = others.entry(whole).or_insert_with(|| read(&text).anchors);
                    &*own
                }
            }
        };
        if let Some(anchor) = anchor.filter(|anchor| !anchors.contains(&anchor.to_lowercase())) {
            found.say(
                ("docs/anchor", *line),
                format!("`{link}` leads to no heading: there is no `{anchor}`"),
                "name a heading as it is written, in small letters with `-` between its words",
            );
        }
    }
}

/// Reads a page.
fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    let (mut line, mut counted) = (1, 0);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        if let Some(passed) = text.get(counted..span.start) {
            line += passed.matches('\n').count();
            counted = span.start;
        }
        match event {
            Event::Start(Tag::Heading { .. }) => {
                page.headings += 1;
                heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) => {
                let words = heading.take().unwrap_or_default();
                page.heading(&words);
            }
            Event::Start(Tag::Paragraph) => page.paragraphs += 1,
            Event::Start(
                Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. },
            ) if !matches!(link_type, LinkType::Email | LinkType::Autolink) => {
                page.links.push((dest_url.to_string(), line));
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            Event::Html(markup) | Event::InlineHtml(markup) => {
                for tag in tags(&markup) {
                    page.headings +=
                        usize::from(["h1", "h2", "h3"].iter().any(|name| tag.is(name)));
                    page.anchors.extend(
                        ["id", "name"].iter().filter_map(|key| tag.get(key)).map(str::to_lowercase),
                    );
                }
            }
            _ => {}
        }
    }
    page
}

impl Page {
    /// Adds the name that a heading has in links: its words in small letters, `-` for each blank; further ones of the same words are
    /// numbered. `{#name}` at its end is another name that some know.
    fn heading(&mut self, words: &str) {
        let words = match words.rsplit_once("{#") {
            Some((before, name)) => {
                self.anchors.push(name.trim_end_matches('}').to_lowercase());
                before.trim_end()
            }
            None => words,
        };
        let kept =
            words.trim().chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        let name: String = kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect();
        let name = name.to_lowercase();
        let count = self.seen.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            self.anchors.push(format!("{name}-{}", *count - 1));
            self.anchors.push(format!("{name}_{}", *count - 1));
        }
        // Others write a heading with fewer dashes.
        let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
        self.anchors.push(parts.join("-"));
        self.anchors.push(name);
    }
}

/// The path and the heading that a link within the project names; none for addresses, and for what a site's root is needed for.
fn local(link: &str) -> Option<(String, Option<String>)> {
    let scheme = link.split(['/', '#', '?']).next().unwrap_or_default();
    if scheme.contains(':')
        || link.starts_with(['/', '\\', '<'])
        || link.contains(['$', '*'])
        || link.is_empty()
    {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(plain(anchor))),
        None => (link, None),
    };
    let path = path.split('?').next().unwrap_or_default();
    // `#L12` is a line of a program, `#/` an address within a page's program, `#:~:` words of a text.
    let is_heading = |anchor: &String| {
        let is_line = anchor
            .strip_prefix('L')
            .is_some_and(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit()));
        !is_line && !anchor.is_empty() && !anchor.starts_with(['/', ':', '!']) && anchor != "top"
    };
    Some((plain(path), anchor.filter(is_heading)))
}

/// A part of an address with its signs: `a b` of `a%20b`.
fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let digits = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte =
            digits.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { more.get(2..).unwrap_or_default() } else { more };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A path from a folder; none for one that leads out of the workspace.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split(['/', '\\']).chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
