//! The lines of a specification, each with what kind of statement it is.

use crate::markdown::{self, Block, CELL, Kind, Page};
use crate::spec::Document;
use crate::words;

/// What kind of statement a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The title, and what was asked for.
    Title,
    Requirement,
    Story,
    Task,
    /// A task of the phase in which things are polished.
    Polish,
    /// The summary and the technical context of a plan.
    Tech,
    Plan,
    /// Files and folders.
    Structure,
    /// Entities, success criteria, edge cases, assumptions.
    Side,
    /// What is out of scope.
    Out,
}

/// How many classes there are.
pub(crate) const CLASSES: usize = 10;

/// A line.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) class: Class,
    /// The document, as an index.
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) text: String,
    /// The label before a colon, in lower case: `storage`.
    pub(crate) label: Option<String>,
    /// Whether something is made; a task may only look after what is there.
    pub(crate) made: bool,
}

/// The most lines that are looked at.
const UNITS: usize = 40_000;
/// The longest line that is looked at, in bytes.
const LONGEST: usize = 4_000;

/// Chapters of which nothing counts: how the document was made, checks on it, left-over templates, business.
const NOTHING: [&str; 27] = [
    "checklist",
    "execution flow",
    "execution status",
    "quick guidelines",
    "constitution",
    "complexity tracking",
    "progress tracking",
    "documentation (this feature)",
    "for ai generation",
    "section requirements",
    "skills to",
    "gate",
    "compliance",
    "revenue",
    "pricing",
    "business model",
    "market",
    "agent assignment",
    "parallel example",
    "parallel execution",
    "implementation strategy",
    "test count",
    "path convention",
    "format:",
    "dependencies & execution",
    "alternatives",
    "rejected",
];
const OUT: [&str; 10] = [
    "out of scope",
    "out-of-scope",
    "non-goal",
    "non goals",
    "not in scope",
    "exclusion",
    "future",
    "deferred",
    "won't",
    "later phase",
];
const SIDE: [&str; 16] = [
    "edge case",
    "success",
    "measurable",
    "entit",
    "assumption",
    "dependenc",
    "clarification",
    "constraint",
    "risk",
    "question",
    "glossary",
    "reference",
    "background",
    "context",
    "problem",
    "review",
];
/// What stands in the template for specifications, and means nothing when it was left there.
const TEMPLATE: [&str; 8] = [
    "[NEEDS CLARIFICATION: auth method not specified",
    "[specific capability",
    "[key interaction",
    "[data requirement",
    "[behavior, e.g.",
    "[NEEDS CLARIFICATION: retention period",
    "[e.g., Python 3.11",
    "[e.g., FastAPI",
];

/// Takes documents apart.
pub(crate) fn units(documents: &[Document]) -> Vec<Unit> {
    let mut found = Vec::new();
    for (file, document) in documents.iter().enumerate() {
        if document.name.rsplit_once('.').is_none_or(|(_, ending)| ending != "md") {
            continue;
        }
        let page = markdown::read(&document.text);
        for block in &page.blocks {
            if found.len() < UNITS {
                one(&page, block, (file, &document.name), &mut found);
            }
        }
    }
    found
}

fn one(page: &Page<'_>, block: &Block, (file, name): (usize, &str), found: &mut Vec<Unit>) {
    let Some(class) = class(page, block, name) else { return };
    if block.struck || TEMPLATE.iter().any(|text| block.text.contains(text)) {
        return;
    }
    let lines: Vec<&str> = match block.kind {
        Kind::Code => block.text.lines().collect(),
        // `**Storage**: …` below `**Language**: …` without an empty line between is one paragraph, and two statements.
        Kind::Text | Kind::Item { .. } if fields(&block.text) > 1 => block.text.lines().collect(),
        _ => vec![&block.text],
    };
    for (row, line) in lines.into_iter().enumerate().take(2_000) {
        let end =
            (0..=LONGEST.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        let text = line.get(..end).unwrap_or_default().replace(['\n', CELL], " ");
        let label = text.split_once([':', '\u{1f}']).map(|(label, _)| label.trim().to_lowercase());
        let label = label.filter(|label| (2..=40).contains(&label.len()));
        if label
            .as_deref()
            .is_some_and(|label| label == "independent test" || label == "checkpoint")
        {
            continue;
        }
        let own = words::requirement(text.split([' ', ':']).next().unwrap_or_default());
        let class = match &own {
            Some(id)
                if class != Class::Out
                    && !name.starts_with("tasks")
                    && name.starts_with("spec") =>
            {
                if id.starts_with("SC") {
                    Class::Side
                } else {
                    Class::Requirement
                }
            }
            _ => class,
        };
        let line = block.line + row + usize::from(block.kind == Kind::Code);
        let made = !matches!(class, Class::Task | Class::Polish) || makes(&text);
        found.push(Unit { class, file, line, text, label, made });
    }
}

/// Whether a task makes something: `Verify that …` and `Run …` only look at it.
fn makes(text: &str) -> bool {
    let looks = [
        "verify", "test", "ensure", "check", "run", "confirm", "validate", "review", "document",
        "update", "refactor", "remove", "delete", "clean", "manually", "manual", "smoke",
        "measure", "monitor", "inspect", "read", "rename", "move", "deploy", "apply", "expose",
        "start", "launch", "access", "open", "navigate", "install",
    ];
    let mut words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| word.len() > 1);
    let first = words.find(|word| {
        let mark = word.len() <= 5 && word.bytes().any(|byte| byte.is_ascii_digit());
        !mark && !word.starts_with("US")
    });
    !first.is_some_and(|word| looks.contains(&word.to_lowercase().as_str()))
}

/// How many lines of a paragraph begin with a label.
fn fields(text: &str) -> usize {
    let is_field = |line: &&str| {
        line.split_once(':').is_some_and(|(label, _)| (2..=40).contains(&label.trim().len()))
    };
    if text.contains('\n') { text.lines().filter(is_field).count() } else { 0 }
}

fn class(page: &Page<'_>, block: &Block, name: &str) -> Option<Class> {
    let titles: Vec<String> =
        page.chapters(block.section).map(|own| own.title.to_lowercase()).collect();
    // The title of the page is no chapter.
    let chapters = titles.split_last().map_or(&[][..], |(first, rest)| {
        if first.starts_with("phase") { &titles[..] } else { rest }
    });
    let any =
        |words: &[&str]| chapters.iter().any(|title| words.iter().any(|word| title.contains(word)));
    let is_heading = matches!(block.kind, Kind::Heading(_));
    if titles.len() <= 1 && (is_heading || block.text.starts_with("Input")) && name != "tasks.md" {
        return Some(Class::Title);
    }
    if any(&OUT) {
        return Some(Class::Out);
    }
    if name == "tasks.md" {
        if any(&[
            "checklist",
            "parallel",
            "strategy",
            "dependenc",
            "notes",
            "agent assign",
            "success",
        ]) || block.kind == Kind::Code
            || is_heading
        {
            return None;
        }
        let is_task = matches!(block.kind, Kind::Item { tick: Some(_), .. })
            || titles.iter().any(|title| phased(title));
        let polish = ["polish", "cross-cutting", "cleanup", "final"];
        return is_task.then_some(if any(&polish) { Class::Polish } else { Class::Task });
    }
    if any(&NOTHING) {
        return None;
    }
    if name == "plan.md" {
        if any(&["structure", "source code"]) {
            return Some(Class::Structure);
        }
        if block.kind == Kind::Code {
            return Some(Class::Structure);
        }
        return Some(if any(&["summary", "technical context", "stack", "technolog", "overview"]) {
            Class::Tech
        } else {
            Class::Plan
        });
    }
    if block.kind == Kind::Code {
        return None;
    }
    if name != "spec.md" {
        return Some(Class::Plan);
    }
    if any(&["functional requirement", "requirements"]) && !any(&["entit"]) {
        return Some(Class::Requirement);
    }
    if any(&SIDE) {
        return Some(Class::Side);
    }
    if any(&["scenario", "user stor", "acceptance", "stories"]) {
        return Some(Class::Story);
    }
    Some(if any(&["requirement"]) { Class::Requirement } else { Class::Side })
}

/// Whether a heading is one of a phase or of a story, below which tasks stand.
fn phased(title: &str) -> bool {
    title.starts_with("phase ") || title.contains("(phase ") || title.contains("user story ")
}
