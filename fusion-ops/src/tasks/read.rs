//! From a page to tasks and phases.

use std::collections::HashMap;

use super::fields::fields;
use super::files::files;
use super::line::{self, Line, is_number};
use super::model::{Phase, Problem, State, Task};
use crate::markdown::{Block, CELL, Kind, Page};
use crate::words;

/// How a line came to be looked at; what a file mostly uses is what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A box and an id.
    Boxed,
    /// A box and a plain number.
    Numbered,
    /// A box without an id.
    Nameless,
    /// A heading with an id.
    Heading,
    /// An id without a box: an item, a line of a paragraph, a row.
    Bare,
}

/// A line that may be a task.
#[derive(Debug)]
struct Found {
    form: Form,
    line: usize,
    read: Line,
    raw: String,
    struck: bool,
    /// The phase that it stands in.
    part: Option<usize>,
    /// Its chapter, where it stands in no phase.
    section: usize,
    block: usize,
}

/// What a page says before anything is put in order.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) tasks: Vec<Task>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) problems: Vec<Problem>,
    /// For each task the block that it stands in.
    pub(crate) blocks: Vec<usize>,
    /// For each block of the page the phase that it stands in.
    pub(crate) parts: Vec<Option<usize>>,
}

/// Reads the tasks of a page.
pub(crate) fn read(page: &Page<'_>, agents: &[String]) -> Reading {
    let mut finder = Finder::default();
    for at in 0..page.blocks.len() {
        finder.block(page, at, agents);
    }
    let Finder { phases, found, parts, .. } = finder;
    let mut reading = Reading { phases, parts, ..Reading::default() };
    let chosen = choose(found, &mut reading);
    fill(page, chosen, &mut reading);
    renumber(&mut reading);
    reading
}

/// Where a line stands.
struct Place<'p> {
    at: usize,
    block: &'p Block,
    part: Option<usize>,
    section: usize,
    agents: &'p [String],
}

#[derive(Debug, Default)]
struct Finder {
    phases: Vec<Phase>,
    /// The phases that are open, with the levels of their headings.
    open: Vec<(u8, usize)>,
    found: Vec<Found>,
    parts: Vec<Option<usize>>,
}

impl Finder {
    fn block(&mut self, page: &Page<'_>, at: usize, agents: &[String]) {
        let Some(block) = page.blocks.get(at) else { return };
        let raw = page.raw(block);
        let level = match block.kind {
            Kind::Heading(level) => Some(level),
            Kind::Text if is_bold_line(page, block) => Some(7),
            _ => None,
        };
        if let Some(level) = level
            && (level < 7 || phase_key(&block.text).is_some())
        {
            self.open.retain(|(other, _)| *other < level);
            if let Some(key) = phase_key(&block.text) {
                self.open.push((level, self.phases.len()));
                let (name, stories) = (block.text.clone(), words::stories(&block.text));
                let key = Some(key);
                self.phases.push(Phase { key, name, needs: Vec::new(), line: block.line, stories });
            }
        }
        let part = self.open.last().map(|(_, part)| *part);
        self.parts.push(part);
        let section = match block.kind {
            Kind::Heading(_) => page.sections.get(block.section).map_or(0, |own| own.parent),
            _ => block.section,
        };
        let place = &Place { at, block, part, section, agents };
        match block.kind {
            Kind::Heading(_) => self.note(raw, 0, Form::Heading, place),
            Kind::Item { tick, .. } => {
                let form = if tick.is_some() { Form::Boxed } else { Form::Bare };
                self.note(raw, 0, form, place);
                if let (Some(tick), Some(found)) = (tick, self.found.last_mut())
                    && found.block == at
                {
                    found.read.state = Some(if tick { State::Done } else { State::Open });
                }
            }
            Kind::Text => {
                for (row, text) in raw.lines().enumerate() {
                    self.note(text, row, Form::Bare, place);
                }
            }
            Kind::Row { head: false } => {
                let text = block.text.replace(CELL, " ");
                self.note(&text, 0, Form::Bare, place);
            }
            _ => {}
        }
    }

    fn note(&mut self, raw: &str, row: usize, form: Form, place: &Place<'_>) {
        let Place { at, block, part, section, agents } = *place;
        let raw = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut read = line::read(&raw, agents);
        let form = match (form, read.state.is_some(), read.id.is_some()) {
            (Form::Boxed, _, true) | (Form::Bare, true, true) => Form::Boxed,
            (Form::Boxed, _, false) | (Form::Bare, true, false) => match number_of(&read.title) {
                Some((id, title)) => {
                    (read.id, read.title) = (Some(id), title);
                    Form::Numbered
                }
                None => Form::Nameless,
            },
            (form, _, true) => form,
            (_, _, false) => return,
        };
        self.found.push(Found {
            form,
            line: block.line + row,
            read,
            raw,
            struck: block.struck,
            part,
            section,
            block: at,
        });
    }
}

/// `1.2 Write it` as id and words.
fn number_of(title: &str) -> Option<(String, String)> {
    let (id, rest) = line::numbered(title)?;
    Some((id, rest.trim_start_matches([' ', ':', '-', ')']).to_owned()))
}

/// Whether a paragraph is one line in bold: what some write instead of a heading.
fn is_bold_line(page: &Page<'_>, block: &Block) -> bool {
    let before =
        block.span.start.checked_sub(2).and_then(|at| page.source.get(at..block.span.start));
    before == Some("**") && !block.text.contains('\n') && block.text.len() < 160
}

/// What stands behind the word Phase: a number or one to three capital letters.
pub(crate) fn phase_key(title: &str) -> Option<String> {
    let mut pieces = title.split(|sign: char| !sign.is_alphanumeric() && sign != '.');
    while let Some(piece) = pieces.next() {
        if piece.eq_ignore_ascii_case("phase") {
            let key = pieces.find(|piece| !piece.is_empty())?.trim_end_matches('.');
            let number = key.starts_with(|sign: char| sign.is_ascii_digit()) && key.len() <= 6;
            let letters = key.len() <= 3 && key.bytes().all(|byte| byte.is_ascii_uppercase());
            return (number || (letters && !key.is_empty())).then(|| key.to_owned());
        }
    }
    None
}

/// Takes the form that the file is written in, and of lines with one id the right one.
fn choose(found: Vec<Found>, reading: &mut Reading) -> Vec<Found> {
    let count = |form: Form| found.iter().filter(|one| one.form == form).count();
    let boxed = count(Form::Boxed);
    let form = if boxed > 0 && boxed >= count(Form::Heading) {
        Form::Boxed
    } else {
        let forms = [Form::Heading, Form::Numbered, Form::Bare, Form::Nameless];
        let Some(form) = forms.into_iter().find(|form| count(*form) > 0) else { return Vec::new() };
        form
    };
    let mut chosen: Vec<Found> = found.into_iter().filter(|one| one.form == form).collect();
    let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, one) in chosen.iter().enumerate() {
        if let Some(id) = &one.read.id {
            seen.entry(id.clone()).or_default().push(at);
        }
    }
    let mut dropped: Vec<usize> = Vec::new();
    for (id, places) in seen.into_iter().filter(|(_, places)| places.len() > 1) {
        let first = places
            .iter()
            .copied()
            .find(|at| chosen.get(*at).is_some_and(|one| one.part.is_some()))
            .or_else(|| places.first().copied());
        let Some(first) = first else { continue };
        let (at, words) = match chosen.get(first) {
            Some(one) => (one.line, one.read.title.clone()),
            None => continue,
        };
        let mut copies = 1;
        for place in places.into_iter().filter(|place| *place != first) {
            let Some(one) = chosen.get_mut(place) else { continue };
            let message = if one.part.is_none() || one.read.title == words || form == Form::Bare {
                dropped.push(place);
                format!("{id} stands here again: the task is the one in line {at}")
            } else {
                copies += 1;
                one.read.id = Some(format!("{id}-{copies}"));
                format!("{id} is already the id of line {at}: this one is called {id}-{copies}")
            };
            reading.problems.push(Problem { line: one.line, message });
        }
    }
    dropped.sort_unstable();
    let mut at = 0;
    chosen.retain(|_| {
        at += 1;
        dropped.binary_search(&(at - 1)).is_err()
    });
    chosen
}

fn fill(page: &Page<'_>, chosen: Vec<Found>, reading: &mut Reading) {
    let mut made = 0;
    let mut chapters: HashMap<usize, usize> = HashMap::new();
    for one in chosen {
        let part = one.part.unwrap_or_else(|| {
            *chapters.entry(one.section).or_insert_with(|| {
                let name = page.sections.get(one.section).map_or("", |own| own.title.as_str());
                let stories = words::stories(name);
                let (name, line) = (name.to_owned(), one.line);
                reading.phases.push(Phase { key: None, name, needs: Vec::new(), line, stories });
                reading.phases.len() - 1
            })
        });
        let id = one.read.id.unwrap_or_else(|| {
            made += 1;
            format!("T{made:03}")
        });
        let state = match one.read.state {
            _ if one.struck => State::Cancelled,
            Some(state) => state,
            None if one.raw.ends_with('✅') => State::Done,
            None => State::Open,
        };
        reading.blocks.push(one.block);
        reading.tasks.push(Task {
            id,
            line: one.line,
            title: one.read.title,
            phase: None,
            parallel: one.read.parallel,
            state,
            agent: one.read.agent,
            stories: one.read.stories,
            requirements: words::requirements(&one.raw),
            files: files(&one.raw),
            needs: Vec::new(),
            part,
        });
    }
    fields(page, reading);
}

/// Leaves out phases without tasks and gives tasks the keys of theirs.
fn renumber(reading: &mut Reading) {
    let mut order: Vec<usize> = Vec::new();
    let mut seen = vec![false; reading.phases.len()];
    for task in &reading.tasks {
        if let Some(seen) = seen.get_mut(task.part).filter(|seen| !**seen) {
            *seen = true;
            order.push(task.part);
        }
    }
    let mut places: Vec<Option<usize>> = vec![None; reading.phases.len()];
    for (at, part) in order.iter().enumerate() {
        if let Some(place) = places.get_mut(*part) {
            *place = Some(at);
        }
    }
    let place = |part: usize| places.get(part).copied().flatten();
    for task in &mut reading.tasks {
        task.phase = reading.phases.get(task.part).and_then(|phase| phase.key.clone());
        task.part = place(task.part).unwrap_or(0);
    }
    for part in &mut reading.parts {
        *part = part.and_then(place);
    }
    reading.phases = order.iter().filter_map(|part| reading.phases.get(*part).cloned()).collect();
    // A phase without a story in its heading is of the one that all its tasks are marked with.
    let mut common: Vec<Option<&Vec<String>>> = vec![None; reading.phases.len()];
    let mut mixed = vec![false; reading.phases.len()];
    for task in &reading.tasks {
        if let (Some(common), Some(mixed)) = (common.get_mut(task.part), mixed.get_mut(task.part)) {
            *mixed |= *common.get_or_insert(&task.stories) != &task.stories;
        }
    }
    let parts = reading.phases.iter_mut().zip(common).zip(mixed);
    for ((phase, common), mixed) in parts.filter(|((phase, _), _)| phase.stories.is_empty()) {
        phase.stories = common.filter(|_| !mixed).cloned().unwrap_or_default();
    }
}

/// Whether a text is a key of a phase.
pub(crate) fn is_key(text: &str) -> bool {
    text.split('.').all(is_number) && text.len() <= 6
}
