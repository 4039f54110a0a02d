//! From sentences to what comes before what.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::fields::below;
use super::model::{Problem, State};
use super::read::Reading;
use super::refs::{Piece, pieces};
use super::side::Side;
use super::verbs::{Verb, is_field};
use super::world::World;
use crate::markdown::{Block, CELL, Kind, Page};

/// The most pairs of tasks that statements may give.
const PAIRS: usize = 400_000;
/// Words in the headings of chapters that say what comes before what.
const CHAPTERS: [&str; 7] =
    ["depend", "order", "parallel", "prerequisit", "critical path", "sequenc", "blocking"];

/// What is said about order: pairs of (first, then), with the line.
#[derive(Debug, Default)]
pub(crate) struct Stated {
    pub(crate) tasks: BTreeMap<(usize, usize), usize>,
    pub(crate) phases: BTreeMap<(usize, usize), usize>,
    /// Pairs of phases that only follow from one blocking all stories.
    defaults: BTreeMap<(usize, usize), usize>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads all statements of a page.
pub(crate) fn stated(page: &Page<'_>, reading: &Reading) -> Stated {
    let world = World::new(reading);
    let mut reader =
        Speaker { world, sets: HashMap::new(), said: Stated::default(), heads: Vec::new() };
    let tasks: HashSet<usize> = reading.blocks.iter().copied().collect();
    let owned: HashSet<usize> = (0..reading.tasks.len())
        .flat_map(|at| below(page, &reading.blocks, at))
        .map(|block| block.line)
        .collect();
    for (at, block) in page.blocks.iter().enumerate() {
        if !tasks.contains(&at) && !owned.contains(&block.line) {
            reader.block(page, at, block);
        }
    }
    for at in 0..reading.tasks.len() {
        reader.task(page, at);
    }
    reader.finish()
}

pub(crate) struct Speaker<'r> {
    pub(crate) world: World<'r>,
    /// Sets of tasks by the name that a statement gave them: `Tests (T004-T011)`.
    pub(crate) sets: HashMap<String, Vec<usize>>,
    said: Stated,
    /// The columns of the table that is being read.
    heads: Vec<String>,
}

impl Speaker<'_> {
    fn block(&mut self, page: &Page<'_>, at: usize, block: &Block) {
        let part = self.world.reading.parts.get(at).copied().flatten();
        let inside = |title: &str| {
            let title = title.to_lowercase();
            CHAPTERS.iter().any(|word| title.contains(word))
                && super::read::phase_key(&title).is_none()
        };
        let mut chapters =
            page.chapters(block.section).filter(|own| super::read::phase_key(&own.title).is_none());
        let about = chapters.any(|own| inside(&own.title));
        let own = Side { phases: part.into_iter().collect(), strong: true, ..Side::default() };
        match block.kind {
            Kind::Row { head } if about => self.row(block, head),
            Kind::Code if about => {
                for (row, text) in block.text.lines().enumerate() {
                    if text.contains('→') || text.contains("->") {
                        self.say(text, &Side::default(), block.line + row + 1, Some(Verb::Arrow));
                    }
                }
            }
            Kind::Item { .. } | Kind::Text if about => {
                for (row, text) in block.text.lines().enumerate() {
                    self.sentence(text, &Side::default(), block.line + row);
                }
            }
            Kind::Item { .. } | Kind::Text if part.is_some() => {
                // `Prerequisites: Phase 1` within a phase.
                let field = block.text.split_once(':').filter(|(label, _)| is_field(label));
                if let Some((_, value)) = field {
                    let text = format!("depends on {value}");
                    self.say(&text, &own, block.line, None);
                }
            }
            _ => {}
        }
    }

    /// `| US2 | Setup | - |` below `| Story | Depends On | … |`.
    fn row(&mut self, block: &Block, head: bool) {
        let cells: Vec<&str> = block.text.split(CELL).map(str::trim).collect();
        if head {
            self.heads = cells.iter().map(|cell| cell.to_lowercase()).collect();
            return;
        }
        let column = self.heads.iter().position(|head| is_field(head));
        let (Some(subject), Some(value)) = (cells.first(), column.and_then(|at| cells.get(at)))
        else {
            return;
        };
        let mut missing = Vec::new();
        let side = self.side(&pieces(subject, &self.world, &mut missing), true);
        if !side.is_empty() {
            self.say(&format!("depends on {value}"), &side, block.line, None);
        }
    }

    /// A line that may begin with a label: `**US2 (Phase 4)**: Depends on …`.
    fn sentence(&mut self, text: &str, subject: &Side, line: usize) {
        let label = text.split_once(':').filter(|(label, _)| label.len() <= 100);
        let Some((label, rest)) = label else { return self.say(text, subject, line, None) };
        let mut missing = Vec::new();
        let parts = pieces(label, &self.world, &mut missing);
        if parts.iter().any(|piece| matches!(piece, Piece::Verb(_))) {
            // `Task: "…"`, `T004 depends on: T001`.
            return self.say(&text.replacen(':', " ", 1), subject, line, None);
        }
        let mut side = self.side(&parts, true);
        side.strong = true;
        // `User Story 1 (P1): Foundational components`: what it stands on, without a verb.
        let mut first =
            rest.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
        let word = first.next().unwrap_or_default().to_lowercase();
        let next = first.next().unwrap_or_default();
        if word.starts_with("foundation")
            && next != "only"
            && let (Some(other), false) = (self.world.phase_named(&word), side.phases.is_empty())
        {
            let object = Side { phases: vec![other], ..Side::default() };
            self.relate(&object, &side, line, Verb::Before);
        }
        self.say(rest, &side, line, None);
    }

    /// What stands in the line of a task and below it.
    fn task(&mut self, page: &Page<'_>, at: usize) {
        let reading = self.world.reading;
        let Some(task) = reading.tasks.get(at) else { return };
        if task.state == State::Cancelled && task.title.is_empty() {
            return;
        }
        let subject = Side { tasks: vec![at], ..Side::default() };
        let mut missing = Vec::new();
        let parts = pieces(&task.title, &self.world, &mut missing);
        let mut given: Vec<(Verb, Vec<usize>)> = Vec::new();
        let mut gone = Vec::new();
        near(&parts, &missing, &mut given, &mut gone);
        self.missing(gone, task.line);
        for (verb, tasks) in given {
            let object = Side { tasks, ..Side::default() };
            self.relate_verb(verb, &subject, &object, task.line);
        }
        for block in below(page, &reading.blocks, at) {
            let Some((label, value)) = block.text.split_once(':') else { continue };
            if is_field(label) {
                self.say(&format!("depends on {value}"), &subject, block.line, None);
            } else if label.trim().to_lowercase().starts_with("block") {
                self.say(&format!("blocks {value}"), &subject, block.line, None);
            }
        }
    }

    /// Reads what a text says about a subject; with `only`, verbs of other kinds are passed over.
    fn say(&mut self, text: &str, subject: &Side, line: usize, only: Option<Verb>) {
        let mut missing = Vec::new();
        let parts = pieces(text, &self.world, &mut missing);
        self.missing(missing, line);
        self.clauses(&parts, subject, line, only);
    }

    /// Notes ids that are written like those of tasks, and are of none.
    fn missing(&mut self, words: Vec<String>, line: usize) {
        let known = self.world.reading.tasks.iter().map(|task| task.id.as_str());
        for word in words {
            let hint = fusion_core::error::nearest::nearest(&word, known.clone());
            let hint = hint.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
            let message = format!("there is no task {word}{hint}");
            self.said.problems.push(Problem { line, message });
        }
    }

    fn clauses(&mut self, parts: &[Piece], subject: &Side, line: usize, only: Option<Verb>) {
        let mut subject = subject.clone();
        for clause in parts.split(|piece| *piece == Piece::Break) {
            let subject = &mut subject;
            if subject.is_empty() && !clause.iter().any(|piece| matches!(piece, Piece::Verb(_))) {
                // `User Story 6 - extensions (relies on all others)`
                *subject = self.side(clause, false);
            }
            let subject = &*subject;
            for piece in clause {
                if let Piece::Aside(inner) = piece {
                    let begins = matches!(inner.first(), Some(Piece::Verb(_)));
                    let tasks = inner.iter().any(|piece| matches!(piece, Piece::Tasks(_)));
                    if begins
                        || (tasks && inner.iter().any(|piece| matches!(piece, Piece::Verb(_))))
                    {
                        let before = self.side(
                            clause.split(|one| one == piece).next().unwrap_or_default(),
                            false,
                        );
                        let whole = if before.tasks.is_empty() { subject.clone() } else { before };
                        self.clauses(inner, &whole, line, only);
                    }
                }
            }
            self.clause(clause, subject, line, only);
        }
    }

    fn clause(&mut self, clause: &[Piece], subject: &Side, line: usize, only: Option<Verb>) {
        let verbs: Vec<(usize, Verb)> = clause
            .iter()
            .enumerate()
            .filter_map(|(at, piece)| match piece {
                Piece::Verb(verb) => Some((at, *verb)),
                _ => None,
            })
            .collect();
        for (index, (at, verb)) in verbs.iter().enumerate() {
            if only.is_some_and(|only| only != *verb) {
                continue;
            }
            let from = if *verb == Verb::Arrow && index > 0 {
                verbs.get(index - 1).map_or(0, |(at, _)| at + 1)
            } else {
                0
            };
            let to = verbs.get(index + 1).map_or(clause.len(), |(at, _)| *at);
            let before = clause.get(from..*at).unwrap_or_default();
            let after = clause.get(at + 1..to).unwrap_or_default();
            if before.iter().rev().take(3).any(|piece| *piece == Piece::Not) {
                continue;
            }
            let before: Vec<Piece> =
                before.iter().filter(|piece| !matches!(piece, Piece::Verb(_))).cloned().collect();
            let mut own = self.side(&before, false);
            // What a label names is the subject, unless the sentence has tasks of its own.
            let speaks = !own.tasks.is_empty() || own.strong || own.stories || own.previous;
            if !speaks && !subject.is_empty() || own.is_empty() {
                own = subject.clone();
            }
            let object = self.side(after, false);
            let tested = after.iter().any(|piece| matches!(piece, Piece::Name(word) if word.starts_with("tested") || word == "testing"));
            // `Stories can be built in parallel after …` allows more than it asks for.
            let may =
                before.iter().any(|piece| matches!(piece, Piece::Name(word) if word == "can"));
            let verb =
                if may && own.stories && *verb == Verb::Needs { Verb::NeedsAtLeast } else { *verb };
            if !(own.is_empty() || object.is_empty() || tested) {
                self.relate_verb(verb, &own, &object, line);
            }
        }
    }

    fn relate_verb(&mut self, verb: Verb, own: &Side, object: &Side, line: usize) {
        match verb {
            Verb::Needs | Verb::NeedsAtLeast => self.relate(object, own, line, verb),
            _ => self.relate(own, object, line, verb),
        }
    }

    /// Notes that one side comes first.
    fn relate(&mut self, first: &Side, then: &Side, line: usize, verb: Verb) {
        let (before, after) = (self.tasks_of(first, then), self.tasks_of(then, first));
        let by_task = !(first.tasks.is_empty() && then.tasks.is_empty());
        if by_task || first.everything || then.everything {
            for (one, other) in
                before.iter().flat_map(|one| after.iter().map(move |other| (*one, *other)))
            {
                let both = (then.tasks.contains(&one) && first.tasks.len() > 1) || one == other;
                if !both && self.said.tasks.len() < PAIRS {
                    self.said.tasks.entry((one, other)).or_insert(line);
                }
            }
        }
        if verb == Verb::Arrow {
            return;
        }
        let strong =
            (first.strong && first.tasks.is_empty()) || (then.strong && then.tasks.is_empty());
        let (before, after) = (self.phases_of(first, then), self.phases_of(then, first));
        let general = matches!(verb, Verb::Blocks | Verb::NeedsAtLeast) && then.stories;
        let group = (then.stories || then.previous || then.others || first.stories) && !by_task;
        if !(strong || group) {
            return;
        }
        for (one, other) in
            before.iter().flat_map(|one| after.iter().map(move |other| (*one, *other)))
        {
            if one != other {
                let pairs = if general { &mut self.said.defaults } else { &mut self.said.phases };
                pairs.entry((one, other)).or_insert(line);
            }
        }
    }

    fn finish(mut self) -> Stated {
        // What blocks all stories counts for those that say nothing of their own.
        let own: HashSet<usize> = self.said.phases.keys().map(|(_, then)| *then).collect();
        for ((first, then), line) in std::mem::take(&mut self.said.defaults) {
            if !own.contains(&then) {
                self.said.phases.entry((first, then)).or_insert(line);
            }
        }
        self.said
    }
}

/// Statements in the line of a task: only where the ids stand right behind the verb.
fn near(
    parts: &[Piece],
    missing: &[String],
    found: &mut Vec<(Verb, Vec<usize>)>,
    gone: &mut Vec<String>,
) {
    let unknown = |word: &str| missing.iter().find(|one| one.eq_ignore_ascii_case(word));
    let mut rest = parts;
    while let Some((piece, after)) = rest.split_first() {
        match piece {
            Piece::Aside(inner) => near(inner, missing, found, gone),
            Piece::Verb(verb) => {
                let mut tasks = Vec::new();
                let close = after.iter().enumerate().take_while(|(at, piece)| {
                    matches!(piece, Piece::Tasks(_) | Piece::Glue)
                        || matches!(piece, Piece::Name(word) if unknown(word).is_some())
                        || (*at < 2 && matches!(piece, Piece::Name(word) if ["task", "tasks", "completion", "of", "on"].contains(&word.as_str())))
                });
                for (_, piece) in close {
                    match piece {
                        Piece::Tasks(own) => tasks.extend(own),
                        Piece::Name(word) => gone.extend(unknown(word).cloned()),
                        _ => {}
                    }
                }
                if !tasks.is_empty() {
                    found.push((*verb, tasks));
                }
            }
            _ => {}
        }
        rest = after;
    }
}
