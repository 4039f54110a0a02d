//! From the text of `spec.md` to what it says.

use super::model::{Kind, Requirement, Scenario, Spec, Statement, Story};
use crate::markdown::{self, Block, CELL, Kind as Form, Page};
use crate::words;

/// Chapters that tell how the document was made: nothing in them is said about the thing itself.
const NOTHING: [&str; 6] =
    ["checklist", "execution flow", "execution status", "quick guidelines", "review", "coverage"];
/// Chapters about what is left out.
const OUT: [&str; 6] =
    ["out of scope", "out-of-scope", "non-goal", "non goals", "not in scope", "exclusion"];
/// The longest text that is kept of a statement, in characters.
const LONGEST: usize = 8_000;
/// The mark of what is open.
const OPEN: &str = "NEEDS CLARIFICATION";

/// Reads the text of a `spec.md`. Never fails: what is not there is empty.
///
/// ```
/// let text = "# Login\n\n### User Story 1 - Sign in (Priority: P1)\n\n1. **Given** a user, **When** she signs in, **Then** she is in.\n\n\
///             ## Requirements\n\n- **FR-001**: Users MUST be able to sign in.\n";
/// let spec = fusion_ops::spec::read(text);
/// assert_eq!(spec.requirements[0].id, "FR-001");
/// assert_eq!(spec.stories[0].priority.as_deref(), Some("P1"));
/// assert_eq!(spec.stories[0].scenarios[0].then, "she is in.");
/// ```
pub fn read(text: &str) -> Spec {
    let page = markdown::read(text);
    let mut reader = Reader::default();
    for block in &page.blocks {
        reader.block(&page, block);
    }
    reader.spec
}

#[derive(Default)]
struct Reader {
    spec: Spec,
    /// The chapter of the story that is open, by its level.
    story: Option<u8>,
    /// A scenario whose parts stand in several statements.
    parts: Option<(usize, String)>,
}

impl Reader {
    fn block(&mut self, page: &Page<'_>, block: &Block) {
        let titles: Vec<String> =
            page.chapters(block.section).map(|own| own.title.to_lowercase()).collect();
        let inside = |words: &[&str]| {
            titles.iter().any(|title| words.iter().any(|word| title.contains(word)))
        };
        if let Form::Heading(level) = block.kind {
            self.heading(level, block);
        }
        if block.struck || block.kind == Form::Code || inside(&NOTHING) {
            return;
        }
        if matches!(block.kind, Form::Row { head: true }) {
            return;
        }
        for (row, line) in lines(block).into_iter().enumerate() {
            let line = Line { number: block.line + row, text: &line };
            self.open(&line);
            if matches!(block.kind, Form::Heading(_)) {
                self.requirement(&line);
                continue;
            }
            if inside(&OUT) {
                push(&mut self.spec.out_of_scope, &line);
                continue;
            }
            if self.requirement(&line) {
                continue;
            }
            if inside(&["assumption"]) {
                push(&mut self.spec.assumptions, &line);
            } else if inside(&["entit"]) && !matches!(block.kind, Form::Text) {
                push(&mut self.spec.entities, &line);
            }
            self.scenario(&line);
        }
    }

    /// Takes a heading: the page's title, a story, or the end of one.
    fn heading(&mut self, level: u8, block: &Block) {
        self.parts = None;
        if self.spec.title.is_empty() && level == 1 {
            let title = block.text.split_once(':').map_or(block.text.as_str(), |(_, title)| title);
            self.spec.title = short(title);
        }
        if let Some(story) = story(block) {
            self.story = Some(level);
            self.spec.stories.push(story);
        } else if self.story.is_some_and(|own| level < own) {
            self.story = None;
        }
    }

    /// Takes a line that begins with the id of a requirement.
    fn requirement(&mut self, line: &Line<'_>) -> bool {
        // Below a story, an id alone names a requirement that stands elsewhere.
        let own = defined(line.text).filter(|(_, text)| !text.is_empty() || self.story.is_none());
        let Some((id, text)) = own else {
            if let (Some(_), Some(story)) = (self.story, self.spec.stories.last_mut()) {
                for id in words::requirements(line.text) {
                    if !story.requirements.contains(&id) {
                        story.requirements.push(id);
                    }
                }
            }
            return false;
        };
        let kind = match id.get(..2) {
            Some("NF") => Kind::Quality,
            Some("SC") => Kind::Success,
            _ => Kind::Functional,
        };
        self.spec.requirements.push(Requirement { id, line: line.number, kind, text });
        true
    }

    /// Notes what is open.
    fn open(&mut self, line: &Line<'_>) {
        let marks = line.text.match_indices(OPEN).filter_map(|(at, _)| {
            let rest = line.text.get(at + OPEN.len()..)?.strip_prefix(':')?;
            Some(rest.split(']').next().unwrap_or(rest).trim().to_owned())
        });
        for text in marks {
            self.spec.clarifications.push(Statement { line: line.number, text: short(&text) });
        }
    }

    fn scenario(&mut self, line: &Line<'_>) {
        if self.story.is_none() {
            return;
        }
        let begins = place(line.text, "given").is_some_and(|at| at < 24);
        let (number, text) = match self.parts.take() {
            Some((number, text)) if !begins => (number, format!("{text}, {}", line.text)),
            _ if begins => (line.number, line.text.to_owned()),
            _ => return,
        };
        match parts(&text) {
            Some((given, when, then)) => {
                let scenario = Scenario { line: number, given, when, then };
                if let Some(story) = self.spec.stories.last_mut() {
                    story.scenarios.push(scenario);
                }
            }
            None if text.len() < LONGEST => self.parts = Some((number, text)),
            None => {}
        }
    }
}

struct Line<'a> {
    number: usize,
    text: &'a str,
}

/// The statements of a block: lines that begin with an id or a label are statements of their own.
fn lines(block: &Block) -> Vec<String> {
    let several = block.text.lines().skip(1).any(|line| {
        defined(line).is_some()
            || ["Given", "When", "Then"].iter().any(|word| line.starts_with(word))
    });
    if several {
        return block.text.lines().map(|line| line.replace(CELL, " ")).collect();
    }
    vec![block.text.replace(['\n', CELL], " ")]
}

/// Reads `FR-001: text` and its like.
fn defined(line: &str) -> Option<(String, String)> {
    let line = line.trim_start_matches(['[', '(', ' ', '`']);
    let end = line.find(|sign: char| !(sign.is_ascii_alphanumeric() || "-_".contains(sign)));
    let (word, rest) = line.split_at_checked(end.unwrap_or(line.len()))?;
    let id = words::requirement(word)?;
    let rest = rest.trim_start_matches([']', ')', '`']);
    // `FR-001, FR-002 and FR-003 are ...` and `FR-001 to FR-003` speak of requirements; they define none.
    let speaks = rest.starts_with(',')
        || rest.starts_with('/')
        || [" to ", " and ", " through ", "–FR", "-FR"].iter().any(|word| rest.starts_with(word));
    if speaks {
        return None;
    }
    let text = rest.trim_start_matches([' ', ':', '.', '-', '–', '—', '|']);
    Some((id, short(text)))
}

/// Reads the heading of a story: `User Story 1 - Sign in (Priority: P1)`.
fn story(block: &Block) -> Option<Story> {
    let lower = block.text.to_lowercase();
    let numbered = ["user story", "story ", "us-", "us"].iter().any(|word| lower.starts_with(word));
    let id = words::stories(&block.text.replace("US-", "US")).into_iter().next();
    let id = match id {
        Some(id) if numbered => id,
        // The older form of the template has one story, without a number.
        _ if lower.contains("primary user story") => "US1".to_owned(),
        _ => return None,
    };
    let marks = [" - ", " – ", " — ", ": "];
    let cut = marks.iter().filter_map(|mark| block.text.find(mark).map(|at| (at, at + mark.len())));
    let title = cut.min().and_then(|(_, end)| block.text.get(end..)).unwrap_or(&block.text);
    let mut pieces = title.split(|sign: char| !sign.is_ascii_alphanumeric());
    let priority = pieces.find(|piece| {
        piece
            .strip_prefix('P')
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let title = title.split(" (Priority").next().unwrap_or(title);
    Some(Story {
        id,
        line: block.line,
        title: short(title),
        priority: priority.map(str::to_owned),
        requirements: Vec::new(),
        scenarios: Vec::new(),
    })
}

/// Takes a scenario apart.
fn parts(text: &str) -> Option<(String, String, String)> {
    let given = place(text, "given")?;
    let when = given + place(text.get(given..)?, "when")?;
    let then = when + place(text.get(when..)?, "then")?;
    let part = |from: usize, word: usize, to: usize| {
        let part = text.get(from + word..to).unwrap_or_default();
        short(part.trim_matches([' ', ',', ':', ';']))
    };
    Some((part(given, 5, when), part(when, 4, then), part(then, 4, text.len())))
}

/// Where a word stands by itself, in whatever case.
fn place(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.windows(word.len()).enumerate().find_map(|(at, piece)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + word.len());
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        (piece.eq_ignore_ascii_case(word.as_bytes()) && ends(before) && ends(after)).then_some(at)
    })
}

fn push(list: &mut Vec<Statement>, line: &Line<'_>) {
    let text = short(line.text);
    if !text.is_empty() {
        list.push(Statement { line: line.number, text });
    }
}

fn short(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}
