//! From text to blocks, with a parser of `CommonMark`.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::block::{Block, CELL, Kind, Page, Section};

/// Reads a page. Never fails: every text is some Markdown.
pub(crate) fn read(source: &str) -> Page<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader::new(source);
    for (event, span) in Parser::new_ext(source, options).into_offset_iter() {
        reader.event(event, span);
    }
    reader.finish()
}

struct Reader<'a> {
    page: Page<'a>,
    /// Where lines begin.
    lines: Vec<usize>,
    /// The block whose words are being read.
    open: Option<Block>,
    /// Letters of it that are struck through, and all of them.
    struck: (usize, usize),
    strikes: usize,
    depth: u8,
    section: usize,
    /// Inside of what is not for readers.
    hidden: bool,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let root = Section { level: 0, title: String::new(), parent: 0 };
        let page = Page { source, blocks: Vec::new(), sections: vec![root] };
        Self {
            page,
            lines,
            open: None,
            struck: (0, 0),
            strikes: 0,
            depth: 0,
            section: 0,
            hidden: false,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, &span),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.words(&text, "", &span),
            Event::Code(text) => self.words(&text, "`", &span),
            Event::SoftBreak | Event::HardBreak => self.words("\n", "", &span),
            Event::TaskListMarker(ticked) => {
                if let Some(Block { kind: Kind::Item { tick, .. }, .. }) = &mut self.open {
                    *tick = Some(ticked);
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, span: &Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => self.begin(Kind::Heading(number(*level)), span),
            Tag::Item => self.begin(Kind::Item { tick: None, depth: self.depth }, span),
            Tag::Paragraph => {
                // The first paragraph of an item is the item's own.
                let inside = self.open.as_ref().is_some_and(|open| {
                    matches!(open.kind, Kind::Item { .. }) && open.text.is_empty()
                });
                if !inside {
                    self.begin(Kind::Text, span);
                }
            }
            Tag::CodeBlock(_) => self.begin(Kind::Code, span),
            Tag::TableHead => self.begin(Kind::Row { head: true }, span),
            Tag::TableRow => self.begin(Kind::Row { head: false }, span),
            Tag::List(_) => {
                self.close();
                self.depth = self.depth.saturating_add(1);
            }
            Tag::Strikethrough => self.strikes += 1,
            Tag::HtmlBlock | Tag::MetadataBlock(_) => self.hidden = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_)
            | TagEnd::Item
            | TagEnd::Paragraph
            | TagEnd::CodeBlock
            | TagEnd::TableHead
            | TagEnd::TableRow => self.close(),
            TagEnd::TableCell => {
                if let Some(open) = &mut self.open {
                    open.text.push(CELL);
                }
            }
            TagEnd::List(_) => {
                self.close();
                self.depth = self.depth.saturating_sub(1);
            }
            TagEnd::Strikethrough => self.strikes = self.strikes.saturating_sub(1),
            TagEnd::HtmlBlock | TagEnd::MetadataBlock(_) => self.hidden = false,
            _ => {}
        }
    }

    fn begin(&mut self, kind: Kind, span: &Range<usize>) {
        self.close();
        let line = self.lines.partition_point(|start| *start <= span.start);
        self.struck = (0, 0);
        self.open = Some(Block {
            kind,
            line,
            span: span.start..span.start,
            text: String::new(),
            struck: false,
            section: self.section,
        });
    }

    fn words(&mut self, text: &str, mark: &str, span: &Range<usize>) {
        let Some(open) = self.open.as_mut().filter(|_| !self.hidden) else { return };
        if open.text.is_empty() && open.span.is_empty() {
            open.span.start = span.start;
        }
        open.span.end = open.span.end.max(span.end);
        open.text.push_str(mark);
        let spoken = |letter: &char| *letter == '\n' || (!letter.is_control() && !turns(*letter));
        open.text.extend(text.chars().filter(spoken));
        open.text.push_str(mark);
        self.struck.1 += text.len();
        if self.strikes > 0 {
            self.struck.0 += text.len();
        }
    }

    fn close(&mut self) {
        let Some(mut block) = self.open.take() else { return };
        block.struck = self.struck.0 * 2 > self.struck.1;
        if let Kind::Heading(level) = block.kind {
            let mut parent = self.section;
            while let Some(section) = self.page.sections.get(parent).filter(|_| parent > 0) {
                if section.level < level {
                    break;
                }
                parent = section.parent;
            }
            let title = block.text.clone();
            self.page.sections.push(Section { level, title, parent });
            self.section = self.page.sections.len() - 1;
            block.section = self.section;
        }
        self.page.blocks.push(block);
    }

    fn finish(mut self) -> Page<'a> {
        self.close();
        self.page
    }
}

/// Whether a character turns the direction of writing, so that a text looks like another.
fn turns(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_lines_chapters_and_words() {
        let text = "# One\n\ntext **with** `code`\nand more\n\n## Two\n- [x] a __init__.py\n  - [ ] b\n- ~~gone~~\n\n\
                    | a | b |\n|---|---|\n| c | d |\n\n<!-- not for readers -->\n";
        let page = read(text);
        let short: Vec<(usize, &str, usize)> = page
            .blocks
            .iter()
            .map(|block| (block.line, block.text.as_str(), block.section))
            .collect();
        assert_eq!(
            short,
            [
                (1, "One", 1),
                (3, "text with `code`\nand more", 1),
                (6, "Two", 2),
                (7, "a init.py", 2),
                (8, "b", 2),
                (9, "gone", 2),
                (11, "a\u{1f}b\u{1f}", 2),
                (13, "c\u{1f}d\u{1f}", 2),
            ]
        );
        assert_eq!(page.raw(&page.blocks[3]), "a __init__.py");
        assert_eq!(page.blocks[3].kind, Kind::Item { tick: Some(true), depth: 1 });
        assert_eq!(page.blocks[4].kind, Kind::Item { tick: Some(false), depth: 2 });
        assert!(page.blocks[5].struck && !page.blocks[4].struck);
        let titles: Vec<&str> = page.chapters(2).map(|section| section.title.as_str()).collect();
        assert_eq!(titles, ["Two", "One"]);
    }

    #[test]
    fn control_characters_are_left_out() {
        let page = read("a\u{1b}[31mb\u{202e}c\n");
        assert_eq!(page.blocks[0].text, "a[31mbc");
    }
}
