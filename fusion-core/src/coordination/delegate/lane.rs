//! In which order the tasks of an agent are begun: pure. Start-time fair queueing (Goyal, Vin and Cheng, 1996).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a task costs in the order.
const STEP: i64 = 1_000;
/// What a level of priority is worth: so many tasks are passed.
const LEVEL: i64 = 1_000 * STEP;
/// Where the order begins. Ranks are due times long ago, so that tasks may always be begun.
const ORIGIN: i64 = 100_000_000_000;

/// What an entry that waits for an agent says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waits {
    /// The project.
    #[serde(rename = "p")]
    pub project: String,
    /// The rank without its priority.
    #[serde(rename = "r")]
    pub rank: i64,
}

/// The order of one agent's tasks. Each project's tasks come one after the other; projects take turns, however many tasks one
/// of them has; a priority moves a task forward by so many that nobody starves.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane {
    /// The rank of the task that was begun last.
    now: i64,
    last: BTreeMap<String, i64>,
}

impl Lane {
    /// Finds the order again from what waits, in the order in which it waits.
    pub(super) fn found(waiting: impl IntoIterator<Item = Waits>) -> Self {
        let mut lane = Self { now: i64::MAX, last: BTreeMap::new() };
        for waits in waiting {
            lane.now = lane.now.min(waits.rank.saturating_sub(STEP));
            let last = lane.last.entry(waits.project).or_insert(waits.rank);
            *last = waits.rank.max(*last);
        }
        if lane.now == i64::MAX {
            lane.now = 0;
        }
        lane
    }

    /// Gives the next task of a project its place: what its entry says, and when it is due.
    pub(super) fn place(&mut self, project: &str, priority: i32) -> (Waits, i64) {
        let last = self.last.get(project).copied().unwrap_or(0);
        let rank = last.max(self.now).saturating_add(STEP);
        self.last.insert(project.to_owned(), rank);
        let due = ORIGIN + rank - i64::from(priority) * LEVEL;
        (Waits { project: project.to_owned(), rank }, due.max(1))
    }

    /// Notes that a task was begun.
    pub(super) fn begun(&mut self, waits: &Waits) {
        self.now = self.now.max(waits.rank);
        self.last.retain(|_, last| *last > waits.rank);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(lane: &mut Lane, tasks: &[(&str, i32)]) -> Vec<usize> {
        let mut all: Vec<(i64, usize)> = tasks
            .iter()
            .enumerate()
            .map(|(n, (project, priority))| (lane.place(project, *priority).1, n))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(_, n)| n).collect()
    }

    #[test]
    fn higher_comes_first_and_equals_in_their_order() {
        let tasks = [("a", 0), ("a", 0), ("a", 5), ("a", -1), ("a", 5)];
        assert_eq!(order(&mut Lane::default(), &tasks), [2, 4, 0, 1, 3]);
    }

    #[test]
    fn projects_take_turns() {
        let tasks = [("a", 0), ("a", 0), ("a", 0), ("b", 0), ("b", 0), ("c", 0)];
        assert_eq!(order(&mut Lane::default(), &tasks), [0, 3, 5, 1, 4, 2]);
    }

    #[test]
    fn one_that_waits_is_passed_by_so_many_of_higher_priority_and_no_more() {
        let mut lane = Lane::default();
        let (_, low) = lane.place("a", 0);
        let mut passed = 0;
        for _ in 0..5_000 {
            let (waits, high) = lane.place("b", 1);
            lane.begun(&waits);
            passed += usize::from(high < low);
        }
        assert!((990..=1_010).contains(&passed), "{passed}");
    }

    proptest! {
        #[test]
        fn no_project_gets_more_than_one_turn_more_than_another(
            counts in prop::collection::vec(1usize..40, 2..5),
        ) {
            let mut lane = Lane::default();
            let mut all = Vec::new();
            for (project, count) in counts.iter().enumerate() {
                for _ in 0..*count {
                    all.push((lane.place(&project.to_string(), 0).1, project));
                }
            }
            all.sort_unstable();
            let least = counts.iter().copied().min().unwrap_or(0);
            for end in 1..=least * counts.len() {
                let served = |project| all.iter().take(end).filter(|one| one.1 == project).count();
                let served: Vec<usize> = (0..counts.len()).map(served).collect();
                let (most, fewest) = (served.iter().max().unwrap(), served.iter().min().unwrap());
                prop_assert!(most - fewest <= 1, "{served:?}");
            }
        }

        #[test]
        fn found_again_it_places_no_task_before_its_project(
            tasks in prop::collection::vec(("[ab]", -3i32..3), 1..40), begun in 0usize..40,
        ) {
            let mut lane = Lane::default();
            let mut waiting: Vec<(i64, Waits)> = tasks
                .iter()
                .map(|(project, priority)| { let (waits, due) = lane.place(project, *priority); (due, waits) })
                .collect();
            waiting.sort_by_key(|(due, _)| *due);
            let rest: Vec<Waits> = waiting.into_iter().skip(begun).map(|(_, waits)| waits).collect();
            let mut again = Lane::found(rest.clone());
            let (next, _) = again.place("a", 0);
            prop_assert!(rest.iter().filter(|waits| waits.project == "a").all(|waits| waits.rank < next.rank));
        }
    }
}
