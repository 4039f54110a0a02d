//! The sides of a statement: what is named, and which tasks and phases that is.

use std::collections::HashSet;

use super::refs::Piece;
use super::stated::Speaker;

/// One side of a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    pub(crate) tasks: Vec<usize>,
    pub(crate) phases: Vec<usize>,
    /// Whether phases are named by number or story, or stand in a label.
    pub(crate) strong: bool,
    pub(crate) stories: bool,
    pub(crate) others: bool,
    pub(crate) previous: bool,
    pub(crate) everything: bool,
}

impl Side {
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
            && self.phases.is_empty()
            && !(self.stories || self.others || self.previous || self.everything)
    }
}

impl Speaker<'_> {
    /// The tasks of a side; of phases all that are in them.
    pub(crate) fn tasks_of(&self, side: &Side, other: &Side) -> Vec<usize> {
        let count = self.world.reading.tasks.len();
        if !side.tasks.is_empty() {
            return side.tasks.clone();
        }
        if side.everything {
            let own: HashSet<usize> = other.tasks.iter().copied().collect();
            return (0..count).filter(|at| !own.contains(at)).collect();
        }
        if side.previous {
            return (0..other.tasks.iter().copied().min().unwrap_or(0)).collect();
        }
        if !side.strong {
            return Vec::new();
        }
        self.phases_of(side, other)
            .iter()
            .filter_map(|phase| self.world.members.get(*phase))
            .flatten()
            .copied()
            .collect()
    }

    pub(crate) fn phases_of(&self, side: &Side, other: &Side) -> Vec<usize> {
        let mut found = side.phases.clone();
        if side.stories || side.others {
            let all = self.world.story_phases();
            found.extend(all.into_iter().filter(|phase| !other.phases.contains(phase)));
        }
        if side.previous {
            found.extend(0..other.phases.iter().copied().min().unwrap_or(0));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Gathers what pieces name.
    pub(crate) fn side(&mut self, parts: &[Piece], label: bool) -> Side {
        let mut side = Side::default();
        let mut names: Vec<String> = Vec::new();
        for piece in parts {
            match piece {
                Piece::Tasks(tasks) => side.tasks.extend(tasks),
                Piece::Phases(phases, open) => {
                    side.phases.extend(phases);
                    side.strong = true;
                    if *open && label {
                        let last = phases.iter().copied().max().unwrap_or(0);
                        let later = self.world.story_phases();
                        side.phases.extend(later.into_iter().filter(|phase| *phase > last));
                    }
                    names.clear();
                }
                Piece::Stories => side.stories = true,
                Piece::OtherStories => side.others = true,
                Piece::Previous => side.previous = true,
                Piece::Everything => side.everything = true,
                Piece::Name(name) => names.push(name.clone()),
                Piece::Glue => self.resolve(&mut names, &mut side),
                Piece::Aside(inner) => self.aside(inner, &mut names, &mut side, label),
                Piece::Verb(_) | Piece::Not | Piece::Break => {}
            }
        }
        self.resolve(&mut names, &mut side);
        side
    }

    /// What stands in parentheses says which phase or which tasks are meant by the words before.
    fn aside(&mut self, inner: &[Piece], names: &mut Vec<String>, side: &mut Side, label: bool) {
        if inner.iter().any(|piece| matches!(piece, Piece::Verb(_) | Piece::Break)) {
            return;
        }
        let own = self.side(inner, label);
        if !own.tasks.is_empty() && side.tasks.is_empty() {
            let name = names.join(" ");
            if !name.is_empty() {
                self.sets.entry(name).or_insert_with(|| own.tasks.clone());
            }
            if let Some(last) = names.last() {
                self.sets.entry(last.clone()).or_insert_with(|| own.tasks.clone());
            }
            let found = names.iter().find_map(|name| self.world.phase_named(name));
            side.phases.extend(found);
            side.tasks.extend(own.tasks);
            names.clear();
        }
        // `User Story 2 (Phase 4)`, `Foundational (Phase 2)`, `config (US2)`.
        if own.strong && !own.phases.is_empty() {
            let last = side.phases.len().saturating_sub(1);
            if side.stories || own.phases.len() > 1 {
                (side.stories, side.phases) = (false, Vec::new());
            } else if names.is_empty() && side.strong {
                side.phases.truncate(last);
            }
            side.phases.extend(own.phases);
            side.strong = true;
            names.clear();
        }
    }

    /// Finds what words mean: a set that a statement has named, or a phase by its title.
    fn resolve(&mut self, names: &mut Vec<String>, side: &mut Side) {
        let names = std::mem::take(names);
        let skipped = [
            "the",
            "all",
            "core",
            "completed",
            "this",
            "both",
            "can",
            "must",
            "be",
            "start",
            "final",
        ];
        let mut words = names.iter().filter(|name| !skipped.contains(&name.as_str()));
        let set = self.sets.get(&names.join(" ")).or_else(|| {
            (names.len() <= 3).then(|| names.last().and_then(|last| self.sets.get(last))).flatten()
        });
        if let Some(set) = set {
            side.tasks.extend(set);
        } else if let Some(phase) = words.next().and_then(|word| self.world.phase_named(word)) {
            side.phases.push(phase);
        }
    }
}
