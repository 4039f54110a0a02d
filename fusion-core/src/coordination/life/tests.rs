//! The moves of a life.

use proptest::prelude::*;

use super::*;
use crate::coordination::Card;
use crate::error::Code;

fn agent() -> Instance {
    Instance::new("a".to_owned(), AgentSpec::new("a"), Card::new("a"), 0)
}

#[test]
fn a_life_begins_once_and_ends_once() {
    for state in AgentState::ALL {
        assert!(!state.may_become(AgentState::Spawning), "nobody is born twice");
        assert!(!AgentState::Terminated.may_become(state));
        assert_eq!(state.may_become(AgentState::Terminated), state != AgentState::Terminated);
        assert!(!state.may_become(state), "staying is no move");
    }
}

#[test]
fn several_instances_have_a_number_each() {
    let spec = AgentSpec { instances: 3, ..AgentSpec::new("@claude") };
    assert_eq!(spec.ids(), ["@claude-1", "@claude-2", "@claude-3"]);
    assert_eq!(spec.worker(), "claude");
}

#[test]
fn faults_that_are_long_ago_are_forgotten() {
    let mut one = agent();
    one.become_(AgentState::Idle, 0).unwrap();
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..4 {
        one.fault("gone", now).unwrap();
        pauses.push(one.restart_at.unwrap() - now);
        one.become_(AgentState::Idle, now).unwrap();
    }
    assert_eq!(pauses, [1_000, 3_000, 9_000, 27_000]);
    one.fault("gone", now).unwrap();
    assert_eq!(one.restart_at, None, "five times in a row is enough");
    one.become_(AgentState::Idle, now).unwrap();
    now = 60_000 * 5 + 1;
    one.fault("gone", now).unwrap();
    assert_eq!(one.restart_at, Some(now + 1_000));
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Move(usize),
    Begin(u8),
    Leave(u8),
    Fault,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0usize..6).prop_map(Act::Move),
        (0u8..3).prop_map(Act::Begin),
        (0u8..3).prop_map(Act::Leave),
        Just(Act::Fault),
    ]
}

proptest! {
    /// Whatever is tried: only moves of the table happen, each with its event, and what is refused changes nothing.
    #[test]
    fn only_moves_of_the_table_happen(acts in prop::collection::vec(act(), 1..60)) {
        let mut one = agent();
        for (now, act) in acts.into_iter().enumerate() {
            let (before, now) = (one.clone(), i64::try_from(now).unwrap());
            let happened = match act {
                Act::Move(n) => one.become_(AgentState::ALL[n], now),
                Act::Begin(task) => one.begin(&task.to_string(), now),
                Act::Leave(task) => one.leave(&task.to_string(), now),
                Act::Fault => one.fault("why", now),
            };
            match happened {
                Ok(happened) => {
                    let moved = before.state != one.state;
                    prop_assert_eq!(happened.len(), usize::from(moved));
                    prop_assert!(!moved || before.state.may_become(one.state));
                }
                Err(error) => {
                    prop_assert_eq!(error.code(), Code::NotApplicable);
                    prop_assert_eq!(&before, &one);
                }
            }
            prop_assert_eq!(one.error.is_some(), one.state == AgentState::Error && one.error.is_some());
        }
    }
}
