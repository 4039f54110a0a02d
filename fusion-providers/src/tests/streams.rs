//! Streams under layers: limits between chunks, places, what is dropped.

use std::sync::Arc;

use fusion_core::contract::{Provider, Timeouts};
use fusion_core::model::chat::{Answer, Chunk, FaultKind, Finish};
use futures_util::StreamExt;

use super::world::{Shared, StopAt, question, world};
use crate::Scripted;
use crate::layer::{Breaker, Concurrency, ProviderExt, Timeout};
use crate::scripted::{Asked, Exchange, Said, Timed};

/// A provider whose chunks come so many milliseconds after one another.
fn slow(pauses: &[u64]) -> Scripted {
    let chunk = |after_ms: &u64| Timed { after_ms: *after_ms, chunk: Chunk::text("x") };
    let mut chunks: Vec<Timed> = pauses.iter().map(chunk).collect();
    chunks.push(Timed { after_ms: 0, chunk: Chunk::end(Finish::Stop) });
    let said = Said::Stream(chunks, None);
    Scripted::new("slow").exchanges([Exchange { asked: Asked::Any, said, after_ms: 0 }])
}

fn heard(
    world: &Shared,
    provider: &impl Provider,
    call: &fusion_core::contract::Call,
) -> (usize, Option<FaultKind>) {
    world.run(async {
        let mut chunks = match provider.stream(call, &question()).await {
            Ok(chunks) => chunks,
            Err(fault) => return (0, Some(fault.kind())),
        };
        let mut count = 0;
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(_) => count += 1,
                Err(fault) => {
                    assert!(chunks.next().await.is_none(), "a fault is the last word");
                    return (count, Some(fault.kind()));
                }
            }
        }
        (count, None)
    })
}

#[test]
fn a_silent_stream_and_an_endless_one_are_ended() {
    let world = world();
    let limits = Timeouts { idle_ms: 1_000, total_ms: 5_100, ..Timeouts::default() };
    let timeout = Timeout::of(limits);
    assert_eq!(heard(&world, &slow(&[900, 900, 900]).layer(timeout), &world.call()), (4, None));
    let began = world.now();
    let silent = slow(&[100, 2_000]).layer(timeout);
    assert_eq!(heard(&world, &silent, &world.call()), (1, Some(FaultKind::Timeout)));
    assert_eq!(world.now() - began, 1_100);
    let began = world.now();
    let endless = slow(&[500; 50]).layer(timeout);
    assert_eq!(heard(&world, &endless, &world.call()), (10, Some(FaultKind::Timeout)));
    assert_eq!(world.now() - began, 5_100);
}

/// Thread 35: provider calls without a time limit hang a run for a day.
#[test]
fn every_call_has_limits_without_asking() {
    let world = world();
    let day = 24 * 3_600_000;
    let provider =
        Scripted::new("s").after_ms(day).answer(Answer::default()).layer(Timeout::usual());
    let fault = world.run(provider.complete(&world.call(), &question())).unwrap_err();
    assert_eq!((fault.kind(), world.now()), (FaultKind::Timeout, 600_000));
    let began = world.now();
    let silent = slow(&[100, day]).layer(Timeout::usual());
    assert_eq!(heard(&world, &silent, &world.call()), (1, Some(FaultKind::Timeout)));
    assert_eq!(world.now() - began, 120_100);
}

#[test]
fn a_wish_to_end_ends_a_stream() {
    let world = world();
    let call = world.call().stop(Arc::new(StopAt(world.clone(), 1_250)));
    let provider = slow(&[500; 50]).layer(Timeout::usual());
    assert_eq!(heard(&world, &provider, &call), (2, Some(FaultKind::Cancelled)));
    assert_eq!(world.now(), 1_250);
}

#[test]
fn a_stream_holds_its_place_until_its_end_or_until_it_is_dropped() {
    let world = world();
    let places = Concurrency::new(1);
    let call = world.call().within_ms(1_000);
    let open = world.run(slow(&[]).layer(places.clone()).stream(&call, &question())).unwrap();
    let other = slow(&[]).layer(places);
    assert_eq!(heard(&world, &other, &call), (0, Some(FaultKind::Timeout)));
    drop(open);
    assert_eq!(heard(&world, &other, &world.call()), (1, None));
}

#[test]
fn a_stream_that_breaks_counts_for_the_breaker_and_one_that_is_dropped_does_not() {
    let world = world();
    let breaker = Breaker::new(1, 1_000);
    let cut = Scripted::new("s").stream([Chunk::text("half")]).layer(breaker.clone());
    let dropped = slow(&[1]).layer(breaker.clone());
    drop(world.run(dropped.stream(&world.call(), &question())).unwrap());
    assert!(!breaker.is_open());
    assert_eq!(heard(&world, &cut, &world.call()), (1, Some(FaultKind::Malformed)));
    assert!(breaker.is_open());
}
