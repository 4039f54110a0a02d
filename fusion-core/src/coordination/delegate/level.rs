//! How many tasks move from whom to whom, so that equal agents have equally much to do: pure.

use std::collections::BTreeMap;

use super::choose::Candidate;
use crate::coordination::Instance;

/// A move of tasks: from whom, to whom, how many.
pub(super) type Move = (String, String, usize);

/// An agent while tasks are moved on paper: its id, what is open, how much of that waits, its slots.
type Seat<'a> = (&'a str, usize, usize, usize);

/// Names the group of agents that can do the same: same card, same project.
fn group(agent: &Instance) -> (&str, &str) {
    (&agent.card.name, &agent.spec.project)
}

/// Levels what waits: within a group, open tasks differ by at most one per slot afterwards, as far as what waits allows. With
/// `idle_only` nobody gets tasks but those who could begin them now.
pub(super) fn level(
    agents: &BTreeMap<String, Candidate>,
    waiting: &BTreeMap<String, usize>,
    idle_only: bool,
) -> Vec<Move> {
    let mut groups: BTreeMap<(&str, &str), Vec<Seat<'_>>> = BTreeMap::new();
    for (id, one) in agents {
        if one.instance.state.takes_tasks() {
            let waits = waiting.get(id).copied().unwrap_or(0).min(one.open);
            let slots = one.instance.spec.slots.max(1) as usize;
            groups.entry(group(&one.instance)).or_default().push((id, one.open, waits, slots));
        }
    }
    let mut moves: BTreeMap<(String, String), usize> = BTreeMap::new();
    for members in groups.values_mut() {
        // Compares loads without fractions: open / slots.
        let heavier = |a: &Seat<'_>, b: &Seat<'_>| (a.1 * b.3).cmp(&(b.1 * a.3));
        loop {
            let from = members.iter().enumerate().filter(|(_, one)| one.2 > 0);
            let Some((from, giver)) = from.max_by(|a, b| heavier(a.1, b.1)) else { break };
            let free = |one: &Seat<'_>| !idle_only || one.1 < one.3;
            let to = members.iter().enumerate().filter(|(n, one)| *n != from && free(one));
            let Some((to, taker)) = to.min_by(|a, b| heavier(a.1, b.1)) else { break };
            // A move must leave the taker with no more than the giver has then.
            if (taker.1 + 1) * giver.3 > (giver.1 - 1) * taker.3 {
                break;
            }
            *moves.entry((giver.0.to_owned(), taker.0.to_owned())).or_default() += 1;
            if let Some(giver) = members.get_mut(from) {
                (giver.1, giver.2) = (giver.1 - 1, giver.2 - 1);
            }
            if let Some(taker) = members.get_mut(to) {
                (taker.1, taker.2) = (taker.1 + 1, taker.2 + 1);
            }
        }
    }
    moves.into_iter().map(|((from, to), count)| (from, to, count)).collect()
}
