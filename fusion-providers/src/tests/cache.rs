//! Caches: exact, durable, and one question at a time.

use std::sync::Arc;

use fusion_core::contract::{Provider, Store, gather};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Request,
};
use fusion_core::record::Memory;
use futures_util::future::join_all;

use super::world::{Opened, begin, question, world};
use crate::Scripted;
use crate::layer::{Cache, ProviderExt, Retry};

fn store() -> Arc<dyn Store> {
    Arc::new(Memory::new())
}

fn yes(text: &str) -> Answer {
    Answer::text_of("m", text)
}

#[test]
fn what_was_answered_is_not_asked_again() {
    let world = world();
    let store = store();
    let script =
        Scripted::new("s").answer(yes("1")).answer(yes("2")).answer(yes("3")).answer(yes("4"));
    let ask = |cache: Cache, request: Request| {
        let provider = script.clone().layer(cache);
        let answer = world.run(provider.complete(&world.call(), &request)).unwrap();
        (answer.text(), answer.cached)
    };
    let cache = || Cache::new(store.clone());
    assert_eq!(ask(cache(), question()), ("1".into(), false));
    assert_eq!(ask(cache(), question()), ("1".into(), true));
    let mut warmer = question();
    warmer.sampling.temperature = Some(0.1);
    assert_eq!(ask(cache(), warmer), ("2".into(), false));
    assert_eq!(ask(cache().version("v2"), question()), ("3".into(), false));
    world.run(world.call().sleep_ms(1_000)).unwrap();
    assert_eq!(ask(cache().ttl_ms(1_000), question()), ("1".into(), true));
    assert_eq!(ask(cache().ttl_ms(999), question()), ("4".into(), false));
    assert_eq!(ask(cache(), question()), ("4".into(), true));
}

#[test]
fn what_one_model_or_place_answered_is_not_kept_for_another() {
    let world = world();
    let store = store();
    let script = Scripted::new("s").answer(yes("1")).answer(yes("2")).answer(yes("3"));
    let request = Request { model: String::new(), ..question() };
    let ask = |model, place| {
        // Through a shared provider and another layer, as programs have them.
        let opened: Arc<dyn Provider> = Arc::new(Opened(script.clone(), model, place));
        let provider = opened.layer(Retry::new()).layer(Cache::new(store.clone()));
        world.run(provider.complete(&world.call(), &request)).unwrap().text()
    };
    assert_eq!(ask("a", "http://one"), "1");
    assert_eq!(ask("b", "http://one"), "2");
    assert_eq!(ask("a", "http://other"), "3");
    assert_eq!([ask("a", "http://one"), ask("b", "http://one")], ["1", "2"]);
}

#[test]
fn equal_questions_at_once_are_one() {
    let world = world();
    let script = Scripted::new("s").after_ms(100).answer(yes("once"));
    let provider = script.clone().layer(Cache::new(store()));
    let (call, request) = (world.call(), question());
    let all = world.run(join_all((0..50).map(|_| provider.complete(&call, &request))));
    assert!(all.iter().all(|answer| answer.as_ref().unwrap().text() == "once"));
    assert_eq!((script.asked().len(), world.now()), (1, 100));
}

#[test]
fn who_asked_first_may_fail_or_leave_and_the_next_one_asks() {
    let world = world();
    let fault = Fault::new(FaultKind::Overloaded, "no");
    let script =
        Scripted::new("s").after_ms(100).fault(fault).answer(yes("second")).answer(yes("third"));
    let provider = script.layer(Cache::new(store()));
    let (call, request) = (world.call(), question());
    let both = world
        .run(join_all([provider.complete(&call, &request), provider.complete(&call, &request)]));
    assert!(both[0].is_err() && both[1].as_ref().unwrap().text() == "second");

    let other = question().user("more");
    let mut left = Box::pin(provider.complete(&call, &other));
    assert!(begin(left.as_mut()));
    drop(left);
    let script = Scripted::new("s").answer(yes("x"));
    let provider = script.layer(provider.as_layer().clone());
    assert_eq!(world.run(provider.complete(&call, &other)).unwrap().text(), "x");
}

#[test]
fn streams_are_kept_when_they_came_to_their_end() {
    let world = world();
    let whole = [Chunk::text("a"), Chunk::text("b"), Chunk::end(Finish::Stop)];
    let cut = Fault::new(FaultKind::Transport, "cut");
    let script =
        Scripted::new("s").broken([Chunk::text("a")], cut).stream(whole.clone()).stream(whole);
    let provider = script.clone().layer(Cache::new(store()));
    let ask =
        || world.run(async { gather(provider.stream(&world.call(), &question()).await?).await });
    assert_eq!(ask().unwrap_err().kind(), FaultKind::Transport);
    drop(world.run(provider.stream(&world.call(), &question())).unwrap());
    assert_eq!((ask().unwrap().text().as_str(), script.asked().len()), ("ab", 3));
    let kept = ask().unwrap();
    assert_eq!((kept.text().as_str(), kept.cached, script.asked().len()), ("ab", true, 3));
}

#[test]
fn refusals_are_not_kept_and_vectors_are() {
    let world = world();
    let refusal = Answer { finish: Finish::Refused, ..yes("no") };
    let vectors = Embeddings { vectors: vec![vec![0.25, -1e-30]], ..Embeddings::default() };
    let script = Scripted::new("s").answer(refusal).answer(yes("well")).embeddings(vectors.clone());
    let provider = script.clone().layer(Cache::new(store()));
    assert_eq!(world.run(provider.complete(&world.call(), &question())).unwrap().text(), "no");
    assert_eq!(world.run(provider.complete(&world.call(), &question())).unwrap().text(), "well");
    for _ in 0..2 {
        let got = world.run(provider.embed(&world.call(), &Embed::new("m", ["x"]))).unwrap();
        assert_eq!(got, vectors);
    }
    assert_eq!(script.asked().len(), 3);
}
