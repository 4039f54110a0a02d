//! Who is chosen, and how what waits is levelled.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::chance::{Dice, draw};
use super::choose::{Candidate, Choice, Roster, load};
use super::level::level;
use crate::coordination::{Aim, Instance, Tally, TaskRow};

fn agent(id: &str, card: &str, capabilities: &[&str]) -> Instance {
    let capabilities: BTreeMap<&str, f64> = capabilities.iter().map(|name| (*name, 1.0)).collect();
    let card = json!({"card": 1, "name": card, "capabilities": capabilities});
    let spec = json!({"name": id});
    let instance =
        json!({"id": id, "spec": spec, "card": card, "state": "idle", "since": 0, "seq": 0});
    serde_json::from_value(instance).unwrap()
}

fn task(title: &str) -> TaskRow {
    let row = json!({
        "id": "t", "spec": {"title": title, "kind": "k"}, "state": "queued", "submitted": 0, "since": 0, "seq": 0
    });
    serde_json::from_value(row).unwrap()
}

fn roster(agents: Vec<(Instance, usize)>) -> Roster {
    Roster::new(agents.into_iter().map(|(instance, open)| Candidate { instance, open }).collect())
}

fn chosen(roster: &Roster, row: &TaskRow, seed: u64) -> String {
    match roster.choose(row, Aim::Fit, &mut Dice::new(seed)) {
        Choice::Agent(agent, ..) => agent,
        Choice::Nobody(why) => panic!("{why}"),
    }
}

#[test]
fn of_equals_the_one_with_least_to_do_is_chosen_and_then_the_first() {
    let equal = |id: &str| agent(id, "same", &["testing"]);
    let roster = roster(vec![(equal("a"), 2), (equal("b"), 1), (equal("c"), 1)]);
    assert_eq!(chosen(&roster, &task("write a test"), 1), "b");
}

#[test]
fn who_suits_better_is_chosen_until_it_has_much_more_to_do() {
    let with = |open| {
        roster(vec![
            (agent("writer", "writer", &["documentation"]), open),
            (agent("tester", "tester", &["testing"]), 0),
        ])
    };
    assert_eq!(chosen(&with(0), &task("write the guide"), 1), "writer");
    assert_eq!(chosen(&with(5), &task("write the guide"), 1), "writer");
    let Choice::Agent(_, reason, data) =
        with(5).choose(&task("write the guide"), Aim::Fit, &mut Dice::new(1))
    else {
        panic!("nobody");
    };
    assert_eq!(reason, "writer: documentation (guide); 5 open");
    assert_eq!(data["ranking"][0]["agent"], "writer");
}

/// On thirty outcomes, one agent good and one bad, the good one is chosen more than nine times of ten.
#[test]
fn the_agent_that_did_better_is_chosen() {
    let mut roster = roster(vec![
        (agent("good", "good", &["testing"]), 0),
        (agent("bad", "bad", &["testing"]), 0),
    ]);
    let row = task("write a test");
    for n in 0..30 {
        let who = if n % 2 == 0 { "good" } else { "bad" };
        roster.learn(who, "k", if who == "good" { n % 10 != 0 } else { n % 5 == 0 });
    }
    let good = (0..1_000).filter(|seed| chosen(&roster, &row, *seed) == "good").count();
    assert!(good > 900, "{good} of 1000");
    // Of another kind of task nothing is known.
    let other: TaskRow = serde_json::from_value(json!({
        "id": "t", "spec": {"title": "write a test", "kind": "other"}, "state": "queued", "submitted": 0, "since": 0, "seq": 0
    })).unwrap();
    assert_eq!(chosen(&roster, &other, 1), "bad", "the first by name");
}

#[test]
fn draws_have_the_mean_of_what_is_known() {
    for (done, failed) in [(0, 0), (9, 1), (1, 9), (50, 50)] {
        let mut dice = Dice::new(7);
        let known = Tally { done, failed };
        let mean = (0..20_000).map(|_| draw(known, &mut dice)).sum::<f64>() / 20_000.0;
        let expected = super::chance::mean(known);
        assert!((mean - expected).abs() < 0.01, "{mean} is not {expected}");
    }
}

proptest! {
    #[test]
    fn levelled_agents_differ_by_one_task_at_the_most(open in prop::collection::vec(0usize..60, 2..7)) {
        let agents: BTreeMap<String, Candidate> = open
            .iter()
            .enumerate()
            .map(|(n, open)| (n.to_string(), Candidate { instance: agent(&n.to_string(), "same", &[]), open: *open }))
            .collect();
        let waiting: BTreeMap<String, usize> =
            agents.iter().map(|(id, one)| (id.clone(), one.open)).collect();
        let mut after = waiting.clone();
        for (from, to, count) in level(&agents, &waiting, false) {
            prop_assert!(after[&from] >= count);
            *after.get_mut(&from).unwrap() -= count;
            *after.get_mut(&to).unwrap() += count;
        }
        let (most, least) = (after.values().max().unwrap(), after.values().min().unwrap());
        prop_assert!(most - least <= 1, "{after:?}");
        prop_assert_eq!(after.values().sum::<usize>(), open.iter().sum::<usize>());
    }

    #[test]
    fn a_choice_never_panics_and_is_the_same_for_the_same_dice(
        title in "\\PC{0,60}", seed in any::<u64>(), open in prop::collection::vec(0usize..9, 1..5),
    ) {
        let agents = open.iter().enumerate()
            .map(|(n, open)| (agent(&n.to_string(), &format!("c{}", n % 2), &["testing"]), *open))
            .collect();
        let roster = roster(agents);
        prop_assert_eq!(chosen(&roster, &task(&title), seed), chosen(&roster, &task(&title), seed));
        prop_assert!(roster.all.values().all(|one| load(one) >= 0.0));
    }
}
