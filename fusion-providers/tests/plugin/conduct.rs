//! Plugins that misbehave in calls: the host survives and says what was wrong, wherever the plugin runs.

use std::time::Duration;

use fusion_core::contract::Timeouts;
use fusion_core::model::chat::{Chunk, FaultKind, Finish, Request};
use fusion_providers::{Keys, Plugin};
use futures_util::StreamExt;
use serde_json::json;

use super::bed::{
    Way, apart, ask, both_ways, call, drop_soon, naughty, naughty_and_quick, open, open_as,
};

both_ways!(
    what_is_wrong_is_said_and_the_next_call_works,
    odd_but_harmless_conduct_is_borne,
    a_call_that_never_ends_ends_with_its_time,
    a_plugin_that_says_it_is_quick_has_to_show_it,
    a_plugin_that_blocks_for_ever_fills_only_its_own_places,
    who_drops_a_call_is_not_bothered_by_it,
    a_plugin_that_cannot_be_opened_says_why,
    secrets_are_those_of_the_manifest,
    many_calls_from_many_tasks_keep_apart,
);

async fn what_is_wrong_is_said_and_the_next_call_works(way: Way) {
    let built = naughty_and_quick();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    for (text, kind, message) in [
        ("bad utf8", FaultKind::Malformed, "a text that is no UTF-8"),
        ("null bytes", FaultKind::Malformed, "a piece of no bytes, or of too many"),
        ("absurd length", FaultKind::Malformed, "a piece of no bytes, or of too many"),
        ("bad chunk", FaultKind::Malformed, "a chunk that is none"),
        ("bad result", FaultKind::Malformed, "a result that cannot be understood"),
        ("null result", FaultKind::Malformed, "a result of no bytes, or of too many"),
        ("absurd result", FaultKind::Malformed, "a result of no bytes, or of too many"),
        ("bad status", FaultKind::Malformed, "gave the status -77, which means nothing"),
        ("bad fault", FaultKind::Malformed, "a fault that is none"),
        ("fault", FaultKind::RateLimit, "slowly"),
        ("refuse", FaultKind::RateLimit, "said `rate_limit` and nothing else"),
        ("odd status", FaultKind::Malformed, "gave the status 77, which means nothing"),
        ("flood", FaultKind::Malformed, "bytes that nobody had read yet"),
        ("tell", FaultKind::Auth, "the key *** is wrong"),
    ] {
        let fault = ask(&*provider, text).await.unwrap_err();
        assert_eq!(fault.kind(), kind, "{text}: {fault}");
        assert!(fault.message().contains(message), "{text}: {fault}");
        assert_eq!(fault.provider_name(), Some("naughty"), "{text}");
        assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello", "after {text}");
    }
}

async fn odd_but_harmless_conduct_is_borne(way: Way) {
    let built = naughty_and_quick();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    for (text, said) in [
        ("twice", "twice"),
        ("thread", "too late"),
        ("forge", ""),
        ("unknown kind", ""),
        ("refuse after all", ""),
        ("alarm", "rang"),
        ("secrets", "sesame 100 0 0"),
        ("clock", "1 1 1"),
    ] {
        assert_eq!(ask(&*provider, text).await.unwrap().text(), said, "{text}");
    }
}

async fn a_call_that_never_ends_ends_with_its_time(way: Way) {
    let built = naughty();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    for text in ["never", "block"] {
        let request = Request::new("").user(text);
        let fault = provider.complete(&call().within_ms(100), &request).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Timeout, "{text}: {fault}");
        let limits = Timeouts { idle_ms: 100, ..Timeouts::default() };
        let fault = provider.complete(&call().timeouts(limits), &request).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Timeout, "{text}: {fault}");
    }
    // Somebody who always has something to say is never waited for.
    let request = Request::new("").user("endless");
    let mut chunks = provider.stream(&call().within_ms(200), &request).await.unwrap();
    let fault = loop {
        match chunks.next().await {
            Some(Ok(_)) => {}
            Some(Err(fault)) => break fault,
            None => panic!("it ended"),
        }
    };
    assert_eq!(fault.kind(), FaultKind::Timeout, "{fault}");
}

async fn a_plugin_that_says_it_is_quick_has_to_show_it(way: Way) {
    let built = naughty_and_quick();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    let request = Request::new("").user("block");
    let fault = provider.complete(&call().within_ms(50), &request).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Timeout, "{fault}");
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
}

async fn a_plugin_that_blocks_for_ever_fills_only_its_own_places(way: Way) {
    let built = naughty();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    let request = Request::new("").user("block");
    // One that is given up before its thread is there blocks none, so it takes a few more than there are places.
    let mut last = provider.complete(&call().within_ms(5), &request).await.unwrap_err();
    for _ in 0..2_000 {
        if last.kind() == FaultKind::Overloaded {
            break;
        }
        last = provider.complete(&call().within_ms(5), &request).await.unwrap_err();
    }
    assert_eq!(last.kind(), FaultKind::Overloaded, "{last}");
    assert!(last.message().contains("256 calls of the plugin block"), "{last}");
    let other = open_as(way, &built.path(), &json!({})).unwrap();
    assert_eq!(ask(&*other, "hello").await.unwrap().text(), "hello");
}

async fn who_drops_a_call_is_not_bothered_by_it(way: Way) {
    let built = naughty();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    drop_soon(&*provider, "after cancel").await;
    // The plugin looks for itself that it is refused, and aborts if it is not.
    #[expect(clippy::disallowed_methods, reason = "the plugin has a thread of its own")]
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_closed_once_after_its_last_call() {
    let built = naughty_and_quick();
    let watcher = open(&built.path()).unwrap();
    let provider = open(&built.path()).unwrap();
    ask(&*provider, "thread").await.unwrap();
    drop_soon(&*provider, "after cancel").await;
    drop(provider);
    let mut count = String::new();
    for _ in 0..200 {
        count = ask(&*watcher, "destroyed").await.unwrap().text();
        if count != "0" {
            break;
        }
        #[expect(clippy::disallowed_methods, reason = "the plugin has a thread of its own")]
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(count, "1");
    let lost = open(&built.path()).unwrap();
    let fault = lost.complete(&call().within_ms(50), &Request::new("").user("never")).await;
    assert_eq!(fault.unwrap_err().kind(), FaultKind::Timeout);
    drop(lost);
    assert_eq!(ask(&*watcher, "destroyed").await.unwrap().text(), "1", "a call of it is open");
}

async fn a_plugin_that_cannot_be_opened_says_why(way: Way) {
    let built = naughty();
    let fault = open_as(way, &built.path(), &json!({"refuse": true})).unwrap_err();
    assert_eq!((fault.kind(), fault.message().len()), (FaultKind::Auth, 256));
}

async fn secrets_are_those_of_the_manifest(way: Way) {
    let built = naughty();
    let keys = Keys::new(|_| Some("a".repeat(50)));
    let provider = match way {
        Way::Here => Plugin::load(&built.path()).unwrap().secrets(["LONG"]).open(&json!({}), &keys),
        Way::Apart => apart(&built.path()).secrets(["LONG"]).open(&json!({}), &keys),
    };
    let provider = provider.unwrap();
    assert_eq!(ask(&*provider, "secrets").await.unwrap().text(), " 50 0 0");
}

async fn many_calls_from_many_tasks_keep_apart(way: Way) {
    let built = naughty_and_quick();
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    let tasks = (0..32).map(|task| {
        let provider = provider.clone();
        async move {
            for turn in 0..100 {
                let text = format!("{task} {turn}");
                let mut said =
                    provider.stream(&call(), &Request::new("").user(&*text)).await.unwrap();
                if turn % 3 == 0 {
                    drop(said);
                    continue;
                }
                assert_eq!(said.next().await, Some(Ok(Chunk::text(text))));
                assert_eq!(said.next().await, Some(Ok(Chunk::end(Finish::Stop))));
                assert_eq!(said.next().await, None);
            }
        }
    });
    let tasks: Vec<_> = tasks.map(|task| tokio::task::JoinSet::from_iter([task])).collect();
    for mut task in tasks {
        task.join_next().await.unwrap().unwrap();
    }
}

#[test]
fn a_call_without_a_future_to_come_back_to_is_no_harm() {
    let built = naughty();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let provider = runtime.block_on(async { open(&built.path()) }).unwrap();
    runtime.block_on(drop_soon(&*provider, "after cancel"));
    // The runtime ends while the plugin has a call open; the plugin completes it afterwards.
    drop(provider);
    drop(runtime);
    #[expect(clippy::disallowed_methods, reason = "the plugin has a thread of its own")]
    std::thread::sleep(Duration::from_millis(100));
}
