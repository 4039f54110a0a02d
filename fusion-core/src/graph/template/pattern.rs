//! Regular expressions whose every step is counted.
//!
//! A library searches without stopping: `(a?){900}b` over a text of some megabytes takes many minutes, and nobody can end it
//! meanwhile. So the library only compiles, and the search is here: the simulation of all alternatives side by side (Pike's),
//! in time of the text's length times the pattern's, which asks its budget as it goes. What matches is what the library finds:
//! the leftmost match, and of those the one whose alternatives stand first.

use std::error::Error as _;

use minijinja::Error;
use regex_automata::nfa::thompson::{Compiler, NFA, State};
use regex_automata::util::interpolate;
use regex_automata::util::primitives::StateID;

use super::brief::Brief;
use super::budget::{Budget, SPENT};
use super::convert::refused;

/// The largest compiled form of a pattern, in bytes.
const PATTERN_BYTES: usize = 8 << 20;
/// How many states of a pattern cost as much time as one value.
const STEP_STATES: u64 = 32;
/// How many copied places cost as much time as one state.
const STATE_SLOTS: u64 = 8;
/// How many bytes of memory cost as much time as one value when they are made ready.
const STEP_ZEROS: u64 = 1024;
/// The place that a group has not.
const NOWHERE: usize = usize::MAX;

/// A compiled regular expression; a copy is cheap.
#[derive(Debug, Clone)]
pub(super) struct Pattern(NFA);

impl Pattern {
    /// Compiles a regular expression; the error is one line.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let limit = NFA::config().nfa_size_limit(Some(PATTERN_BYTES));
        let nfa = Compiler::new().configure(limit).build(text).map_err(|error| {
            let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            let last = said.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })?;
        Ok(Self(nfa))
    }

    /// Tells whether it matches anywhere.
    pub(super) fn is_match(&self, text: &str, budget: &mut Budget) -> Result<bool, Error> {
        Ok(Search::new(self, text, 0, budget)?.next(0)?.is_some())
    }

    /// Replaces every match; `$1` and `${name}` stand for its groups.
    pub(super) fn replace(
        &self,
        text: &str,
        with: &str,
        budget: &mut Budget,
    ) -> Result<String, Error> {
        let groups = with.matches('$').count();
        let slots = if groups == 0 { 2 } else { self.0.group_info().slot_len() };
        let mut search = Search::new(self, text, slots, budget)?;
        let (mut out, mut rest, mut at, mut last) = (String::new(), 0, 0, None);
        while let Some(found) = search.next(at)? {
            let (start, end) = (place(&found, 0), place(&found, 1));
            if start == end && last == Some(end) {
                // An empty match right behind the one before is none.
                at = end + 1;
                continue;
            }
            search.budget.make((with.len() + groups * (end - start)) as u64)?;
            out.push_str(text.get(rest..start).unwrap_or_default());
            let group = |index: usize, out: &mut String| {
                let span = place(&found, 2 * index)..place(&found, 2 * index + 1);
                out.push_str(text.get(span).unwrap_or_default());
            };
            let name = |name: &str| self.0.group_info().to_index(0_usize.try_into().ok()?, name);
            interpolate::string(with, group, name, &mut out);
            (rest, at, last) = (end, end, Some(end));
        }
        out.push_str(text.get(rest..).unwrap_or_default());
        Ok(out)
    }
}

fn place(slots: &[usize], slot: usize) -> usize {
    slots.get(slot).copied().unwrap_or(NOWHERE)
}

/// A search in one text.
struct Search<'s> {
    nfa: &'s NFA,
    text: &'s str,
    budget: &'s mut Budget,
    /// States that were looked at and are not paid for yet.
    looked: u64,
    now: Threads,
    next: Threads,
    open: Vec<Open>,
    /// The places of the thread that goes on.
    slots: Vec<usize>,
}

/// What is left to do while all that is reached without a sign is found.
enum Open {
    State(StateID),
    /// The place goes back to what it was.
    Slot(usize, usize),
}

impl<'s> Search<'s> {
    fn new(
        pattern: &'s Pattern,
        text: &'s str,
        slots: usize,
        budget: &'s mut Budget,
    ) -> Result<Self, Error> {
        let nfa = &pattern.0;
        let states = nfa.states().len();
        let bytes = (states as u64).saturating_mul(16 * (slots as u64 + 2));
        budget.fits(bytes)?;
        budget.walk(bytes / STEP_ZEROS)?;
        let (now, next) = (Threads::new(states, slots), Threads::new(states, slots));
        let slots = vec![NOWHERE; slots];
        Ok(Self { nfa, text, budget, looked: 0, now, next, open: Vec::new(), slots })
    }

    /// Finds the first match from a place on, and gives the places of its groups.
    fn next(&mut self, from: usize) -> Result<Option<Vec<usize>>, Error> {
        self.now.clear();
        let mut found = None;
        for at in from..=self.text.len() {
            if found.is_none() && (at == from || !self.nfa.is_always_start_anchored()) {
                // No match begins within a character, not even an empty one.
                if self.text.is_char_boundary(at) {
                    self.slots.fill(NOWHERE);
                    self.reach(false, self.nfa.start_anchored(), at);
                }
            } else if self.now.order.is_empty() {
                break;
            }
            found = self.step(at).or(found);
            self.pay()?;
            if found.is_some() && self.now.slots == 0 {
                // Nobody asks where it ends.
                break;
            }
            std::mem::swap(&mut self.now, &mut self.next);
            self.next.clear();
        }
        Ok(found)
    }

    /// Lets every thread take the byte at a place; gives the match of the first one that has one.
    fn step(&mut self, at: usize) -> Option<Vec<usize>> {
        let (nfa, text) = (self.nfa, self.text.as_bytes());
        for index in 0..self.now.order.len() {
            let id = *self.now.order.get(index)?;
            let to = match nfa.state(id) {
                State::ByteRange { trans } => trans.matches(text, at).then_some(trans.next),
                State::Sparse(ranges) => ranges.matches(text, at),
                State::Dense(table) => table.matches(text, at),
                State::Match { .. } => {
                    return Some(self.now.of(id).to_vec());
                }
                _ => None,
            };
            self.looked += 1;
            if let Some(to) = to {
                self.slots.copy_from_slice(self.now.of(id));
                self.reach(true, to, at + 1);
            }
        }
        None
    }

    /// Adds a thread for every state that is reached from one without taking a byte, in the order of the alternatives.
    fn reach(&mut self, next: bool, from: StateID, at: usize) {
        let slots = &mut *self.slots;
        let threads = if next { &mut self.next } else { &mut self.now };
        self.open.push(Open::State(from));
        while let Some(open) = self.open.pop() {
            let mut id = match open {
                Open::State(id) => id,
                Open::Slot(slot, old) => {
                    set(slots, slot, old);
                    continue;
                }
            };
            loop {
                self.looked += 1;
                if !threads.add(id) {
                    break;
                }
                match self.nfa.state(id) {
                    State::Look { look, next } => {
                        if !self.nfa.look_matcher().matches(*look, self.text.as_bytes(), at) {
                            break;
                        }
                        id = *next;
                    }
                    State::Union { alternates } => {
                        let Some((first, others)) = alternates.split_first() else { break };
                        self.open.extend(others.iter().rev().map(|id| Open::State(*id)));
                        self.looked += others.len() as u64;
                        id = *first;
                    }
                    State::BinaryUnion { alt1, alt2 } => {
                        self.open.push(Open::State(*alt2));
                        id = *alt1;
                    }
                    State::Capture { next, slot, .. } => {
                        if let Some(old) = set(slots, slot.as_usize(), at) {
                            self.open.push(Open::Slot(slot.as_usize(), old));
                        }
                        id = *next;
                    }
                    State::Fail => break,
                    _ => {
                        threads.keep(id, slots);
                        self.looked += slots.len() as u64 / STATE_SLOTS;
                        break;
                    }
                }
            }
        }
    }

    fn pay(&mut self) -> Result<(), Error> {
        let steps = self.looked / STEP_STATES;
        self.looked %= STEP_STATES;
        self.budget.walk(steps)
    }
}

fn set(slots: &mut [usize], slot: usize, at: usize) -> Option<usize> {
    slots.get_mut(slot).map(|place| std::mem::replace(place, at))
}

/// The alternatives that are alive at one place, the first one first.
struct Threads {
    /// Those that wait for a byte, or have matched.
    order: Vec<StateID>,
    /// All that were reached, and where each stands among them.
    reached: Vec<StateID>,
    stands: Vec<usize>,
    /// How many places each thread has.
    slots: usize,
    places: Vec<usize>,
}

impl Threads {
    fn new(states: usize, slots: usize) -> Self {
        let (stands, places) = (vec![0; states], vec![NOWHERE; states * slots]);
        Self { order: Vec::new(), reached: Vec::new(), stands, slots, places }
    }

    fn clear(&mut self) {
        self.order.clear();
        self.reached.clear();
    }

    /// Adds a state, unless it is there.
    fn add(&mut self, id: StateID) -> bool {
        let Some(stands) = self.stands.get_mut(id.as_usize()) else { return false };
        if self.reached.get(*stands) == Some(&id) {
            return false;
        }
        *stands = self.reached.len();
        self.reached.push(id);
        true
    }

    fn keep(&mut self, id: StateID, slots: &[usize]) {
        self.order.push(id);
        let at = id.as_usize() * self.slots;
        if let Some(places) = self.places.get_mut(at..at + self.slots) {
            places.copy_from_slice(slots);
        }
    }

    fn of(&self, id: StateID) -> &[usize] {
        let at = id.as_usize() * self.slots;
        self.places.get(at..at + self.slots).unwrap_or_default()
    }
}

/// Says what is wrong with a regular expression, in one line.
///
/// # Errors
/// The sentence.
pub(crate) fn check(text: &str) -> Result<(), String> {
    Pattern::new(text).map(|_| ())
}

/// Tells whether a regular expression matches a text anywhere, within the bounds of one evaluation.
///
/// # Errors
/// A sentence on what is wrong with the expression, or on the bound.
#[cfg_attr(
    not(feature = "engine"),
    expect(dead_code, reason = "checks of results are the engine's")
)]
pub(crate) fn is_match(pattern: &str, text: &str, brief: Option<&Brief>) -> Result<bool, String> {
    if brief.is_some_and(Brief::is_over) {
        return Err("there is no time for it here".to_owned());
    }
    let said = |error: Error| {
        let said = error.detail().unwrap_or_default().to_owned();
        if let Some(brief) = brief.filter(|_| said.starts_with(SPENT)) {
            brief.cut();
        }
        said
    };
    Pattern::new(pattern)?.is_match(text, &mut Budget::new(brief.is_some())).map_err(said)
}

/// Compiles for a template.
pub(super) fn compile(text: &str) -> Result<Pattern, Error> {
    Pattern::new(text).map_err(refused)
}
