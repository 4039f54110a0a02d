//! The example in C.

use fusion_core::contract::{Provider, gather};
use fusion_core::model::chat::{Embed, FaultKind, Request};
use futures_util::StreamExt;
use serde_json::json;

use super::bed::{Way, ask, both_ways, build, call, open_as};

both_ways!(the_example_in_c_answers_and_streams, a_stream_that_is_dropped_stops_the_plugin);

async fn the_example_in_c_answers_and_streams(way: Way) {
    let built = build("examples/plugin-c/words.c", &[]);
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    assert_eq!(provider.name(), "words");
    assert_eq!(ask(&*provider, "All the  words.").await.unwrap().text(), "All the  words.");
    let request = Request::new("").user("One by one.");
    let chunks = provider.stream(&call(), &request).await.unwrap();
    assert_eq!(gather(chunks).await.unwrap().text(), "One by one.");
    assert_eq!(ask(&*provider, "").await.unwrap().text(), "");
    let none = provider.stream(&call(), &Request::new("").user("")).await.unwrap();
    assert_eq!(gather(none).await.unwrap().text(), "");
    let pieces: Vec<_> = provider.stream(&call(), &request).await.unwrap().collect().await;
    assert_eq!(pieces.len(), 4);
    let fault = provider.embed(&call(), &Embed::new("", ["x"])).await.unwrap_err();
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Unsupported, "it offers no embeddings")
    );
}

async fn a_stream_that_is_dropped_stops_the_plugin(way: Way) {
    let built = build("examples/plugin-c/words.c", &[]);
    let provider = open_as(way, &built.path(), &json!({})).unwrap();
    let request = Request::new("").user("word ".repeat(200_000));
    for _ in 0..20 {
        let mut chunks = provider.stream(&call(), &request).await.unwrap();
        assert!(chunks.next().await.unwrap().is_ok());
    }
    assert_eq!(ask(&*provider, "still here").await.unwrap().text(), "still here");
}
