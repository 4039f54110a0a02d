//! What there is to be named: tasks, phases, stories.

use std::collections::HashMap;

use super::line::lettered;
use super::read::Reading;

/// What there is to be named.
pub(crate) struct World<'r> {
    pub(crate) reading: &'r Reading,
    ids: HashMap<String, usize>,
    keys: HashMap<&'r str, usize>,
    stories: HashMap<&'r str, Vec<usize>>,
    /// The letters that ids begin with.
    prefixes: Vec<String>,
    /// The first word of each phase's title.
    heads: Vec<String>,
    pub(crate) members: Vec<Vec<usize>>,
}

fn prefix(id: &str) -> &str {
    id.trim_end_matches(|sign: char| !sign.is_ascii_uppercase() && sign != '-')
}

impl<'r> World<'r> {
    pub(crate) fn new(reading: &'r Reading) -> Self {
        let ids: HashMap<String, usize> = reading
            .tasks
            .iter()
            .enumerate()
            .map(|(at, task)| (task.id.to_uppercase(), at))
            .collect();
        let mut prefixes: Vec<String> =
            reading.tasks.iter().map(|task| prefix(&task.id).to_owned()).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes.retain(|prefix| !prefix.is_empty());
        let (mut keys, mut stories) = (HashMap::new(), HashMap::new());
        for (at, phase) in reading.phases.iter().enumerate() {
            if let Some(key) = &phase.key {
                keys.entry(key.as_str()).or_insert(at);
            }
            for story in &phase.stories {
                stories.entry(story.as_str()).or_insert_with(Vec::new).push(at);
            }
        }
        let heads = reading.phases.iter().map(|phase| head(&phase.name)).collect();
        let mut members = vec![Vec::new(); reading.phases.len()];
        for (at, task) in reading.tasks.iter().enumerate() {
            if let Some(list) = members.get_mut(task.part) {
                list.push(at);
            }
        }
        Self { reading, ids, keys, stories, prefixes, heads, members }
    }

    pub(crate) fn key(&self, key: &str) -> Option<usize> {
        self.keys.get(key).copied()
    }

    /// The phases that are of stories.
    pub(crate) fn story_phases(&self) -> Vec<usize> {
        let all = self.reading.phases.iter().enumerate();
        all.filter(|(_, phase)| !phase.stories.is_empty()).map(|(at, _)| at).collect()
    }

    /// The phase whose title begins with a word.
    pub(crate) fn phase_named(&self, word: &str) -> Option<usize> {
        let start: String = word.chars().take(6).collect();
        (word.len() >= 4)
            .then(|| {
                self.heads.iter().position(|head| {
                    head.starts_with(&start)
                        && (head.starts_with(word) || word.starts_with(head.as_str()))
                })
            })
            .flatten()
    }

    pub(crate) fn task(&self, word: &str) -> Option<usize> {
        self.ids.get(&word.to_uppercase()).copied()
    }

    pub(crate) fn story(&self, number: &str) -> Vec<usize> {
        let number = number.trim_start_matches('0');
        self.stories.get(format!("US{number}").as_str()).cloned().unwrap_or_default()
    }

    pub(crate) fn is_missing(&self, word: &str) -> bool {
        lettered(word).is_some_and(|(id, rest)| {
            rest.is_empty() && self.prefixes.iter().any(|one| one == prefix(&id))
        })
    }
}

/// The first word of a title, without `Phase 2:` and stories.
fn head(title: &str) -> String {
    let title = title
        .split_once(':')
        .filter(|(before, _)| before.len() <= 12)
        .map_or(title, |(_, rest)| rest);
    let word = title.split(|sign: char| !sign.is_alphanumeric()).find(|word| !word.is_empty());
    let word = word.unwrap_or_default().to_lowercase();
    if word == "user" || word == "phase" { String::new() } else { word }
}
