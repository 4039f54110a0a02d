//! Budgets: nothing is spent that was not allowed, whoever asks at once and whoever dies.

use std::sync::Arc;

use fusion_core::contract::{Call, Labels, Provider, Store};
use fusion_core::model::Failure;
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Price, Request, Usage, Usd,
};
use fusion_core::record::Memory;
use futures_util::StreamExt;
use futures_util::future::join_all;

use super::world::{Opened, Shared, begin, question, world};
use crate::Scripted;
use crate::layer::budget::Scope;
use crate::layer::{Budget, ProviderExt, Retry};

/// A billionth of a dollar for each token.
pub(super) fn penny() -> Price {
    Price::new(Usd::from_nano(1_000_000), Usd::from_nano(1_000_000))
}

pub(super) fn labelled(call: &Call, run: &str, agent: &str) -> Call {
    let labels = Labels {
        run: Some(run.into()),
        agent: Some(agent.into()),
        project: Some("p".into()),
        ..Labels::default()
    };
    call.clone().labels(labels)
}

/// Takes 19 tokens to read and at most 100 to write: 119 are held for it.
pub(super) fn asked() -> Request {
    let mut request = question();
    request.sampling.max_output_tokens = Some(100);
    request
}

const HELD: u64 = 119;

pub(super) fn took(tokens: u64) -> Answer {
    Answer { usage: Usage::new(tokens, 0), ..Answer::text_of("m", "x") }
}

fn store() -> Arc<dyn Store> {
    Arc::new(Memory::new())
}

fn nano(amount: u64) -> Usd {
    Usd::from_nano(amount)
}

fn day(world: &Shared) -> Scope {
    Scope::day_of(world.call().env().now_ms())
}

#[test]
fn a_call_that_may_be_too_dear_is_refused_before_anything_is_spent() {
    let world = world();
    let script = Scripted::new("s").answer(took(50)).answer(took(50));
    let budget = Budget::new(store()).price("m", penny()).per_run(nano(HELD + 49));
    let provider = script.clone().layer(budget.clone());
    let call = labelled(&world.call(), "r", "a");
    world.run(provider.complete(&call, &asked())).unwrap();
    let account = world.run(budget.account(&Scope::Run("r".into()))).unwrap();
    assert_eq!((account.spent, account.held(), account.calls), (nano(50), nano(0), 1));
    let fault = world.run(provider.complete(&call, &asked())).unwrap_err();
    assert_eq!((fault.kind(), script.asked().len()), (FaultKind::Budget, 1));
    for word in ["run `r`", "$0.000000168", "$0.00000005 is spent", "$0.000000119"] {
        assert!(fault.message().contains(word), "{fault}");
    }
    // A limit is a class of its own, which is never tried again.
    let failure = Failure::from(fault);
    assert_eq!((&*failure.class.0, failure.retryable), ("budget", Some(false)));
    world.run(provider.complete(&labelled(&call, "other", "a"), &asked())).unwrap();
}

/// Thread 32: a loop made thousands of calls before anyone saw.
#[test]
fn a_loop_ends_at_its_budget() {
    let world = world();
    let script = (0..5_000).fold(Scripted::new("s"), |s, _| s.answer(took(HELD)));
    let budget = Budget::new(store()).price("m", penny()).per_run(nano(HELD * 10));
    let provider = script.clone().layer(budget).layer(Retry::new());
    let call = labelled(&world.call(), "r", "a");
    let done =
        (0..5_000).take_while(|_| world.run(provider.complete(&call, &asked())).is_ok()).count();
    assert_eq!((done, script.asked().len()), (10, 10));
}

#[test]
fn each_scope_has_its_limit_and_the_narrowest_is_named() {
    let limited = |which: usize| {
        let budget = Budget::new(store()).price("m", penny());
        match which {
            0 => budget.per_run(nano(1)).per_day(nano(1)),
            1 => budget.per_agent(nano(1)).per_day(nano(1)),
            2 => budget.per_project(nano(1)).per_day(nano(1)),
            _ => budget.per_day(nano(1)),
        }
    };
    for (which, name) in
        ["run `r`", "agent `a`", "project `p`", "day 2023-11-14"].into_iter().enumerate()
    {
        let world = world();
        let budget = limited(which);
        let provider = Scripted::new("s").layer(budget.clone());
        let fault =
            world.run(provider.complete(&labelled(&world.call(), "r", "a"), &asked())).unwrap_err();
        assert!(fault.message().contains(name), "{fault}");
        assert_eq!(world.run(budget.account(&day(&world))).unwrap().held(), Usd::ZERO);
    }
}

#[test]
fn what_a_failed_call_counts_for_is_by_rule() {
    for kind in FaultKind::ALL {
        let world = world();
        let budget = Budget::new(store()).price("m", penny());
        let provider = Scripted::new("s").fault(Fault::new(kind, "no")).layer(budget.clone());
        world.run(provider.complete(&world.call(), &asked())).unwrap_err();
        let account = world.run(budget.account(&day(&world))).unwrap();
        let unknown =
            [FaultKind::Timeout, FaultKind::Transport, FaultKind::Malformed, FaultKind::Cancelled];
        let may_be_paid = unknown.contains(&kind);
        assert_eq!(account.spent, nano(if may_be_paid { HELD } else { 0 }), "{kind}");
        assert_eq!(account.held(), Usd::ZERO);
    }
}

#[test]
fn a_process_that_dies_between_the_two_leaves_what_it_held_and_that_counts_later() {
    let world = world();
    let store = store();
    let budget = Budget::new(store.clone()).price("m", penny()).per_day(nano(2 * HELD));
    let hangs = Scripted::new("s").after_ms(3_600_000).answer(took(1));
    let dead = hangs.layer(budget.clone());
    // The future is forgotten, not dropped, as a process that dies forgets it.
    let call = world.call().within_ms(10_000);
    let request = asked();
    let mut begun = Box::pin(dead.complete(&call, &request));
    assert!(begin(begun.as_mut()));
    std::mem::forget(begun);
    let look = || world.run(budget.account(&day(&world))).unwrap();
    assert_eq!(look().held(), nano(HELD));
    let other = Scripted::new("s").answer(took(1)).answer(took(1)).layer(budget.clone());
    world.run(other.complete(&world.call(), &asked())).unwrap();
    world.run(world.call().sleep_ms(75_000)).unwrap();
    world.run(other.complete(&world.call(), &asked())).unwrap_err();
    assert_eq!((look().spent, look().held()), (nano(1), nano(HELD)), "a refusal writes nothing");
    let small = asked().model("small");
    let free = Scripted::new("s")
        .answer(Answer::default())
        .layer(budget.clone().price("small", Price::FREE));
    world.run(free.complete(&world.call(), &small)).unwrap();
    assert_eq!((look().spent, look().lost), (nano(HELD + 1), 1));
}

#[test]
fn streams_are_settled_by_their_usage_and_dropped_ones_by_what_was_held() {
    let world = world();
    let budget = Budget::new(store()).price("m", penny());
    let usage = Chunk::Usage { usage: Usage::new(20, 10), cost: None };
    let whole = [Chunk::text("a"), Chunk::end(Finish::Stop), usage];
    let provider = Scripted::new("s")
        .stream(whole.clone())
        .stream(whole)
        .broken([], Fault::new(FaultKind::Overloaded, "no"))
        .layer(budget.clone());
    let spent = || world.run(budget.account(&day(&world))).unwrap().spent;
    let open = || world.run(provider.stream(&world.call(), &asked())).unwrap();
    assert_eq!(world.run(open().count()), 3);
    assert_eq!(spent(), nano(30));
    drop(open());
    assert_eq!(spent(), nano(30 + HELD));
    assert_eq!(world.run(open().count()), 1);
    assert_eq!(spent(), nano(30 + HELD));
}

#[test]
fn the_providers_word_counts_and_what_is_kept_costs_nothing() {
    let world = world();
    let budget = Budget::new(store()).other_models(penny());
    let priced = Answer { cost: Some(nano(3)), ..took(50) };
    let kept = Answer { cached: true, ..took(50) };
    let silent = Answer::text_of("m", "x");
    let vectors =
        Embeddings { vectors: vec![vec![1.0]], usage: Usage::new(4, 0), ..Embeddings::default() };
    let script = Scripted::new("s").answer(priced).answer(kept).answer(silent).embeddings(vectors);
    let provider = script.layer(budget.clone());
    for expected in [3, 3, 3 + HELD] {
        world.run(provider.complete(&world.call(), &asked())).unwrap();
        assert_eq!(world.run(budget.account(&day(&world))).unwrap().spent, nano(expected));
    }
    world.run(provider.embed(&world.call(), &Embed::new("e", ["abc"]))).unwrap();
    assert_eq!(world.run(budget.account(&day(&world))).unwrap().spent, nano(3 + HELD + 4));
    let unpriced = Scripted::new("s").layer(Budget::new(store()));
    let fault = world.run(unpriced.complete(&world.call(), &asked())).unwrap_err();
    assert!(fault.message().contains("nobody knows what the model `m` costs"), "{fault}");
}

#[test]
fn many_at_once_never_overspend() {
    let world = world();
    let script = (0..40).fold(Scripted::new("s").after_ms(5), |s, _| s.answer(took(HELD)));
    let budget = Budget::new(store()).price("m", penny()).per_day(nano(HELD * 7 + 5));
    let provider = script.layer(budget.clone());
    let (call, request) = (world.call(), asked());
    let all = world.run(join_all((0..40).map(|_| provider.complete(&call, &request))));
    assert_eq!(all.iter().filter(|result| result.is_ok()).count(), 7);
    assert_eq!(world.run(budget.account(&day(&world))).unwrap().spent, nano(HELD * 7));
}

#[test]
fn a_request_that_names_no_model_costs_what_that_of_the_provider_does() {
    let world = world();
    let request = Request { model: String::new(), ..asked() };
    let ask = |model| {
        let opened = Opened(Scripted::new("s").answer(took(1)), model, "");
        let budget = Budget::new(store()).per_day(nano(u64::MAX)).price("m", penny());
        world.run(opened.layer(budget).complete(&world.call(), &request))
    };
    assert!(ask("m").is_ok());
    assert_eq!(ask("").unwrap_err().kind(), FaultKind::InvalidRequest);
}
