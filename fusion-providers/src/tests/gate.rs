//! Rate gates: how fast calls start, what is learned, and that nobody waits for ever.

use std::sync::Arc;

use fusion_core::contract::{Provider, Store};
use fusion_core::model::chat::{Allowance, Answer, Fault, FaultKind, Quota, Request, Usage};
use fusion_core::record::Memory;
use futures_util::future::join_all;

use super::world::{Shared, question, world};
use crate::Scripted;
use crate::layer::{Gate, ProviderExt, Retry};

fn store() -> Arc<dyn Store> {
    Arc::new(Memory::new())
}

fn talkative(answers: usize) -> Scripted {
    (0..answers).fold(Scripted::new("s"), |s, _| s.answer(Answer::text_of("m", "x")))
}

/// Lets so many calls begin at once, and gives the moments at which they ended, in order.
fn moments(world: &Shared, provider: &impl Provider, calls: usize) -> Vec<u64> {
    let (call, request) = (world.call(), question());
    let one = || async {
        provider.complete(&call, &request).await.unwrap();
        world.now()
    };
    let mut all = world.run(join_all((0..calls).map(|_| one())));
    all.sort_unstable();
    all
}

#[test]
fn requests_start_no_faster_than_they_may() {
    let world = world();
    let gate = Gate::new(store(), "a").requests_per_minute(60).burst_ms(2_000);
    let provider = talkative(6).layer(gate);
    assert_eq!(moments(&world, &provider, 6), [0, 0, 0, 1_000, 2_000, 3_000]);
}

#[test]
fn one_gate_is_shared_by_all_who_use_the_store() {
    let world = world();
    let store = store();
    let one = talkative(2).layer(Gate::new(store.clone(), "a").requests_per_minute(60).burst_ms(0));
    let other =
        talkative(2).layer(Gate::new(store.clone(), "a").requests_per_minute(60).burst_ms(0));
    let apart = talkative(1).layer(Gate::new(store, "b").requests_per_minute(60).burst_ms(0));
    let (call, request) = (world.call(), question());
    world.run(async {
        let both = [one.complete(&call, &request), other.complete(&call, &request)];
        join_all(both).await.into_iter().for_each(|answer| drop(answer.unwrap()));
    });
    assert_eq!(world.now(), 1_000);
    world.run(apart.complete(&call, &request)).unwrap();
    assert_eq!(world.now(), 1_000);
}

#[test]
fn tokens_count_as_they_were_and_not_as_they_were_guessed() {
    let world = world();
    let dear = Answer { usage: Usage::new(500, 500), ..Answer::text_of("m", "x") };
    let script = Scripted::new("s").answer(dear.clone()).answer(dear);
    let provider = script.layer(Gate::new(store(), "a").tokens_per_minute(60_000).burst_ms(0));
    world.run(provider.complete(&world.call(), &question())).unwrap();
    world.run(provider.complete(&world.call(), &question())).unwrap();
    assert_eq!(world.now(), 1_000, "the first took a second's worth of tokens");
}

/// Thread 33: parallel agents meet one 429 together; all die, all work is lost.
#[test]
fn a_refusal_of_one_is_waited_for_by_all() {
    let world = world();
    let store = store();
    let gate = || Gate::new(store.clone(), "a");
    let refused = Scripted::new("s")
        .fault(Fault::new(FaultKind::RateLimit, "slow down").retry_after_ms(20_000))
        .answer(Answer::default());
    let first = refused.layer(gate()).layer(Retry::new());
    let others = talkative(10).layer(gate());
    let (call, request) = (world.call(), question());
    let (answer, moments) = world.run(async {
        let later = async {
            call.sleep_ms(10).await.unwrap();
            let one = || async {
                others.complete(&call, &request).await.unwrap();
                world.now()
            };
            join_all((0..10).map(|_| one())).await
        };
        tokio::join!(first.complete(&call, &request), later)
    });
    answer.unwrap();
    assert!(moments.iter().all(|at| (20_000..21_000).contains(at)), "{moments:?}");
    let different: std::collections::BTreeSet<_> = moments.iter().collect();
    assert!(different.len() > 5, "they start spread out: {moments:?}");
}

#[test]
fn a_long_wait_is_left_to_the_node() {
    let world = world();
    let store = store();
    let gate = Gate::new(store.clone(), "a").requests_per_minute(1).burst_ms(0).patience_ms(30_000);
    let script = talkative(3);
    let provider = script.clone().layer(gate);
    world.run(provider.complete(&world.call(), &question())).unwrap();
    // Each is told a moment of its own: they do not all come back for the same one.
    for pause in [60_000, 120_000, 180_000] {
        let fault = world.run(provider.complete(&world.call(), &question())).unwrap_err();
        assert_eq!(
            (fault.kind(), fault.pause_ms(), world.now()),
            (FaultKind::RateLimit, Some(pause), 0)
        );
    }
    let hurried = world.call().within_ms(1_000);
    let patient = script.clone().layer(Gate::new(store, "a").requests_per_minute(1).burst_ms(0));
    assert!(world.run(patient.complete(&hurried, &question())).is_err());
    assert_eq!(script.asked().len(), 1);
    // Who was turned away took nobody's place.
    world.run(patient.complete(&world.call(), &question())).unwrap();
    assert_eq!(world.now(), 60_000);
}

#[test]
fn limits_are_learned_from_responses_and_from_faults() {
    let world = world();
    let said = |limit, remaining, reset_ms| Quota {
        requests: Some(Allowance {
            limit: Some(limit),
            remaining: Some(remaining),
            reset_ms: Some(reset_ms),
        }),
        ..Quota::default()
    };
    let told = Answer { quota: Some(said(60, 59, 1_000)), ..Answer::default() };
    let script = Scripted::new("s").answer(told.clone()).answer(told.clone()).answer(told);
    let provider = script.layer(Gate::new(store(), "a").burst_ms(0));
    assert_eq!(moments(&world, &provider, 1), [0]);
    // From here on there is a rate, and this one is the first that it counts.
    assert_eq!(moments(&world, &provider, 2), [0, 1_000]);

    let began = world.now();
    let store = store();
    let empty = Fault::new(FaultKind::Overloaded, "no").quota(said(60, 0, 5_000));
    let provider =
        Scripted::new("s").fault(empty).answer(Answer::default()).layer(Gate::new(store, "a"));
    world.run(provider.complete(&world.call(), &question())).unwrap_err();
    world.run(provider.complete(&world.call(), &question())).unwrap();
    assert!((5_000..6_000).contains(&(world.now() - began)), "{}", world.now() - began);
}

#[test]
fn hostile_words_of_a_service_do_not_close_the_gate_for_ever() {
    let world = world();
    let huge = Allowance { limit: Some(u64::MAX), remaining: Some(0), reset_ms: Some(u64::MAX) };
    let none = Allowance { limit: Some(0), ..Allowance::default() };
    for allowance in [huge, none] {
        let quota = Quota { requests: Some(allowance), tokens: Some(allowance), credit: None };
        let usage = Usage::new(u64::MAX, u64::MAX);
        let answer = Answer { quota: Some(quota), usage, ..Answer::default() };
        let gate = Gate::new(store(), "a").patience_ms(48 * 3_600_000);
        let provider = Scripted::new("s").answer(answer).answer(Answer::default()).layer(gate);
        world.run(provider.complete(&world.call(), &Request::new("ö/ä").user("x"))).unwrap();
        world.run(provider.complete(&world.call(), &Request::new("ö/ä").user("x"))).unwrap();
    }
}
