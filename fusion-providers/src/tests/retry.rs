//! Retry: which faults, how long the pauses, and when it is given up.

use std::sync::{Arc, Mutex};

use fusion_core::contract::Provider;
use fusion_core::model::Backoff;
use fusion_core::model::chat::{Answer, Chunk, Fault, FaultKind, Finish};
use futures_util::StreamExt;
use proptest::prelude::*;

use super::world::{StopAt, question, world};
use crate::Scripted;
use crate::layer::{ProviderExt, Retry};

fn fault(kind: FaultKind) -> Fault {
    Fault::new(kind, "no")
}

fn yes() -> Answer {
    Answer::text_of("m", "yes")
}

#[test]
fn only_what_may_go_away_is_tried_again() {
    for kind in FaultKind::ALL {
        let world = world();
        let script = Scripted::new("s").fault(fault(kind)).answer(yes());
        let retried =
            world.run(script.clone().layer(Retry::new()).complete(&world.call(), &question()));
        assert_eq!(retried.is_ok(), kind.may_pass(), "{kind}");
        assert_eq!(script.asked().len(), if kind.may_pass() { 2 } else { 1 }, "{kind}");
    }
}

#[test]
fn who_listens_hears_what_is_waited_for() {
    let world = world();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let said = heard.clone();
    let call = world.call().heard_by(move |what| said.lock().unwrap().push(what.to_owned()));
    let limited = fault(FaultKind::RateLimit).retry_after_ms(2_000);
    let provider = Scripted::new("s").fault(limited).answer(yes()).layer(Retry::new());
    world.run(provider.complete(&call, &question())).unwrap();
    let heard = heard.lock().unwrap();
    let [told] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(told.contains("rate_limit: no; attempt 2 of 4 in 2."), "{told}");
}

#[test]
fn the_pause_that_was_asked_for_is_kept_and_a_long_one_is_left_to_the_node() {
    let world = world();
    let limited = |ms| fault(FaultKind::RateLimit).retry_after_ms(ms);
    let provider = Scripted::new("s").fault(limited(7_000)).answer(yes()).layer(Retry::new());
    world.run(provider.complete(&world.call(), &question())).unwrap();
    assert!((7_000..8_000).contains(&world.now()), "{}", world.now());

    let began = world.now();
    let provider = Scripted::new("s").fault(limited(3_600_000)).answer(yes()).layer(Retry::new());
    let fault = world.run(provider.complete(&world.call(), &question())).unwrap_err();
    assert_eq!((fault.pause_ms(), world.now()), (Some(3_600_000), began));
}

#[test]
fn attempts_time_and_wishes_end_it() {
    let world = world();
    let busy = || (0..100).fold(Scripted::new("s"), |s, _| s.fault(fault(FaultKind::Overloaded)));
    let script = busy();
    let provider = script.clone().layer(Retry::new().attempts(3));
    let told = world.run(provider.complete(&world.call(), &question())).unwrap_err();
    assert_eq!((told.kind(), script.asked().len()), (FaultKind::Overloaded, 3));

    // The next attempt would come too late: the fault itself is told, at once.
    let began = world.now();
    let provider = busy().layer(Retry::new().attempts(50));
    let call = world.call().within_ms(5_000);
    assert_eq!(
        world.run(provider.complete(&call, &question())).unwrap_err().kind(),
        FaultKind::Overloaded
    );
    assert!(world.now() - began < 5_000);

    let call = world.call().stop(Arc::new(StopAt(world.clone(), world.now() + 700)));
    let provider = busy().layer(Retry::new().attempts(50));
    assert_eq!(
        world.run(provider.complete(&call, &question())).unwrap_err().kind(),
        FaultKind::Cancelled
    );
}

#[test]
fn a_stream_is_tried_again_until_its_first_content_only() {
    let world = world();
    let begun = || Chunk::Begun { id: "r".into(), model: "m".into() };
    let script = Scripted::new("s")
        .broken([begun()], fault(FaultKind::Transport))
        .broken([begun(), Chunk::text("ye")], fault(FaultKind::Transport))
        .stream([Chunk::text("never"), Chunk::end(Finish::Stop)]);
    let provider = script.clone().layer(Retry::new());
    let chunks = world.run(async {
        provider.stream(&world.call(), &question()).await.unwrap().collect::<Vec<_>>().await
    });
    assert_eq!(script.asked().len(), 2);
    assert_eq!(chunks.len(), 3);
    assert_eq!(chunks[1], Ok(Chunk::text("ye")));
    assert_eq!(chunks[2].as_ref().unwrap_err().kind(), FaultKind::Transport);
}

proptest! {
    #[test]
    fn any_schedule_ends_in_time(attempts in 0..20_u32, initial_ms in 0..5_000_u64, factor in 0.0..10.0, jitter in 0.0..1.0, asked in prop::option::of(0..100_000_u64)) {
        let world = world();
        let no = asked.map_or_else(|| fault(FaultKind::Overloaded), |ms| fault(FaultKind::RateLimit).retry_after_ms(ms));
        let script = (0..30).fold(Scripted::new("s"), |s, _| s.fault(no.clone()));
        let backoff = Backoff { attempts, initial_ms, factor, max_ms: 10_000, jitter, ..Backoff::ONCE };
        let provider = script.clone().layer(Retry::with(backoff));
        let call = world.call().within_ms(60_000);
        prop_assert_eq!(world.run(provider.complete(&call, &question())).unwrap_err().kind(), no.kind());
        let made = u64::try_from(script.asked().len()).unwrap();
        prop_assert!(made <= u64::from(attempts.max(1)));
        prop_assert!(world.now() < 60_000);
        prop_assert!(world.now() >= (made - 1) * asked.unwrap_or(0));
    }
}
