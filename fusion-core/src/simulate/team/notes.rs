//! What was seen of the team from outside the disk, and what must never be.

use std::collections::{BTreeMap, BTreeSet};

use super::super::process::Ground;
use super::super::verify::now;
use super::super::witness::Notes;
use super::count::{ADDED, TICK, tick_of};
use super::plan::{KIND, READER, Team};
use crate::contract::Store;
use crate::error::Result;
use crate::model::Record;

/// What was seen of the team.
#[derive(Default)]
pub(in crate::simulate) struct Seen {
    /// How far each writer and caller is.
    next: BTreeMap<String, u32>,
    /// Messages whose sending was acknowledged.
    sent: BTreeSet<String>,
    /// Messages that somebody received.
    entered: BTreeSet<String>,
    /// Messages whose end was acknowledged.
    done: BTreeSet<String>,
    /// Messages of which nobody knows whether they are done: the store failed under it, or the process died.
    perhaps: BTreeSet<String>,
    /// What was asked of objects and whether anybody knows the answer.
    asked: BTreeSet<String>,
    /// What objects were said to have: the object, and the place that was answered.
    had: BTreeMap<String, (String, Option<u64>)>,
    refused: BTreeSet<String>,
    submitted: BTreeSet<String>,
    /// How often agents began a task, by its prompt.
    tried: BTreeMap<String, u32>,
    ended: BTreeSet<String>,
}

impl Seen {
    /// Tells which number is next.
    pub(super) fn next(&self, name: &str) -> u32 {
        self.next.get(name).copied().unwrap_or(0)
    }

    pub(super) fn sent(&mut self, writer: &str, number: u32) {
        self.next.insert(writer.to_owned(), number + 1);
        self.sent.insert(super::plan::token(writer, number));
    }

    /// Notes that a message was received; gives what is wrong with that.
    pub(super) fn entered(&mut self, id: &str, in_order: bool, is_ghost: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        // A process that lost its session may hold what another one has done since.
        if self.done.contains(id) && !is_ghost {
            wrong.push(format!("messages: {id} was done, and came again"));
        }
        let is_first = self.entered.insert(id.to_owned());
        if let (true, true, Some((writer, number))) = (is_first, in_order, split(id)) {
            let later = self.entered.iter().filter_map(|other| split(other));
            let overtaken = later.filter(|(who, of)| *who == writer && *of > number).min();
            if let Some((_, of)) = overtaken {
                wrong.push(format!("messages: {id} came after {writer}.{of}"));
            }
        }
        wrong
    }

    /// Notes whether a message is done, now that somebody knows it.
    pub(super) fn settled(&mut self, id: &str, is_done: bool) {
        self.perhaps.remove(id);
        if is_done {
            self.done.insert(id.to_owned());
        }
    }

    pub(super) fn perhaps_done(&mut self, id: &str) {
        self.perhaps.insert(id.to_owned());
    }

    /// Notes that something is asked of an object now.
    pub(super) fn asks(&mut self, caller: &str, token: &str) {
        *self.next.entry(caller.to_owned()).or_default() += 1;
        self.asked.insert(token.to_owned());
    }

    /// Notes what an object answered, or that it took what it was told; gives what is wrong with that.
    pub(super) fn answered(
        &mut self,
        object: &str,
        token: &str,
        place: Option<u64>,
    ) -> Vec<String> {
        let same =
            |(of, at): &&(String, Option<u64>)| of == object && place.is_some() && *at == place;
        let wrong =
            self.had.values().find(same).map(|_| {
                format!("objects: {object} gave the place {place:?} twice, now for {token}")
            });
        self.had.insert(token.to_owned(), (object.to_owned(), place));
        wrong.into_iter().collect()
    }

    pub(super) fn refused(&mut self, token: &str) {
        self.refused.insert(token.to_owned());
    }

    pub(super) fn submitted(&mut self, task: &str) {
        self.submitted.insert(task.to_owned());
    }

    pub(super) fn is_submitted(&self, task: &str) -> bool {
        self.submitted.contains(task)
    }

    /// Notes that an agent begins a task; gives how often that was, and what is wrong with it.
    pub(super) fn worked(&mut self, prompt: &str, is_ghost: bool) -> (u32, Vec<String>) {
        let times = self.tried.entry(prompt.to_owned()).or_default();
        *times += 1;
        let task = prompt.replace("task number ", "task-");
        let again = self.ended.contains(&task) && !is_ghost;
        let wrong = again.then(|| format!("tasks: {task} had ended, and is done again"));
        (*times, wrong.into_iter().collect())
    }

    pub(super) fn ended(&mut self, task: &str) {
        self.ended.insert(task.to_owned());
    }

    pub(super) fn has_ended(&self, task: &str) -> bool {
        self.ended.contains(task)
    }
}

/// Takes a token apart.
fn split(token: &str) -> Option<(&str, u32)> {
    let (name, number) = token.rsplit_once('.')?;
    Some((name, number.parse().ok()?))
}

/// Tells whether the team has nothing left to do.
pub(in crate::simulate) fn is_done(team: &Team, notes: &Notes) -> bool {
    still(team, notes).is_empty()
}

/// Says what the team has left to do.
pub(in crate::simulate) fn still(team: &Team, notes: &Notes) -> Vec<String> {
    let seen = &notes.seen;
    let mut left = Vec::new();
    let writers = team.writers.iter().map(|one| (&one.name, one.messages));
    let callers = team.callers.iter().map(|one| (&one.name, one.times));
    for (name, times) in writers.chain(callers) {
        let next = seen.next(name);
        if next < times {
            left.push(format!("{name} has done {next} of {times}"));
        }
    }
    let came = |id: &&String| !seen.done.contains(*id) && !seen.perhaps.contains(*id);
    left.extend(seen.sent.iter().filter(came).map(|id| format!("{id} was sent and is not done")));
    let ids = team.tasks.iter().filter_map(|task| task.id.as_ref());
    left.extend(ids.filter(|id| !seen.ended.contains(*id)).map(|id| format!("{id} has not ended")));
    if left.is_empty() {
        left.extend(due(notes));
    }
    left
}

/// What an object was told, or a timer of its owes, and is not there.
fn due(notes: &Notes) -> Vec<String> {
    let lists = lists(notes);
    let there: BTreeSet<&String> = lists.values().flatten().collect();
    let told = notes
        .seen
        .had
        .iter()
        .filter(|(token, (_, place))| place.is_none() && !super::count::is_refused(token));
    let told = told.map(|(token, _)| token.clone());
    let ticks = there.iter().filter_map(|token| tick_of(token)).collect::<Vec<_>>();
    told.chain(ticks).filter(|token| !there.contains(token)).collect()
}

/// What the objects have, by their names: as it was acknowledged.
fn lists(notes: &Notes) -> BTreeMap<String, Vec<String>> {
    let start = format!("object/{KIND}/");
    let mut lists = BTreeMap::new();
    for (name, stream) in &notes.mirror.streams {
        let Some(object) = name.strip_prefix(&start) else { continue };
        let tokens = stream.records.iter().filter_map(|record| match record {
            Record::Event(name, data) if name == ADDED => data.decode::<String>().ok(),
            _ => None,
        });
        lists.insert(object.to_owned(), tokens.collect());
    }
    lists
}

/// Says what is wrong when all has ended.
pub(in crate::simulate) fn check(store: &dyn Store, ground: &Ground) -> Result<Vec<String>> {
    let notes = ground.witness.notes();
    let seen = &notes.seen;
    let mut wrong = Vec::new();
    if seen.perhaps.is_empty() {
        let left = now(store.entries(&format!("mailbox/{READER}"), 0, 1_000))?;
        wrong.extend(left.iter().map(|entry| format!("messages: {} is left", entry.id)));
    }
    let lists = lists(&notes);
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for token in lists.values().flatten() {
        *times.entry(token).or_default() += 1;
        let known = token.strip_prefix(TICK).unwrap_or(token);
        if !seen.asked.contains(known) {
            wrong.push(format!("objects: nobody asked for {token}"));
        }
        if seen.refused.contains(token) {
            wrong.push(format!("objects: {token} was refused, and is there"));
        }
    }
    let twice = times.iter().filter(|(_, times)| **times > 1);
    wrong.extend(twice.map(|(token, times)| format!("objects: {token} is there {times} times")));
    for (token, (object, place)) in &seen.had {
        let Some(place) = place else { continue };
        let at = usize::try_from(place.saturating_sub(1)).unwrap_or(usize::MAX);
        if lists.get(object).and_then(|list| list.get(at)) != Some(token) {
            wrong.push(format!(
                "objects: {token} was said to be at {place} of {object}, and is not"
            ));
        }
    }
    Ok(wrong)
}
