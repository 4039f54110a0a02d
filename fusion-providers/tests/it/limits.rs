//! Servers that are late: no call waits longer than it may, and none leaves a connection behind.

use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::model::chat::FaultKind;
use fusion_core::run::Wish;
use futures_util::StreamExt;

use crate::bed::{all, call, limited, openai, request, streamed};
use crate::server::{Act, Server, events, pause, stream};

const TEXT: &str = r#"{"choices":[{"delta":{"content":"a"}}]}"#;

#[tokio::test]
async fn a_server_that_never_answers_is_left() {
    let server = Server::always(vec![Act::Hang]).await;
    for (count, provider) in (1..).zip(all(&server.url)) {
        let fault = provider.complete(&limited(100, 5_000), &request()).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Timeout, "{fault}");
        assert!(fault.message().contains("100 ms"), "{fault}");
        server.is_left(count).await;
    }
}

#[tokio::test]
async fn a_stream_that_stops_in_the_middle_is_left() {
    let mut acts = events(&[TEXT]);
    acts.push(Act::Hang);
    let server = Server::always(acts).await;
    let (chunks, fault) = streamed(&openai(&server.url), &limited(150, 5_000)).await;
    assert_eq!((chunks.len(), fault.unwrap().kind()), (2, FaultKind::Timeout));
    server.is_left(1).await;
}

#[tokio::test]
async fn a_stream_that_drips_ends_with_the_time_of_the_call() {
    let mut acts = vec![stream("text/event-stream")];
    for _ in 0..200 {
        acts.extend([Act::Write(format!("data: {TEXT}\n\n").into_bytes()), Act::Pause(50)]);
    }
    let server = Server::always(acts).await;
    let (chunks, fault) = streamed(&openai(&server.url), &limited(1_000, 400)).await;
    assert!((3..=12).contains(&chunks.len()), "{}", chunks.len());
    let fault = fault.unwrap();
    assert_eq!(fault.to_string(), "openai: timeout: the answer was not whole within 400 ms");
    let fault = openai(&server.url).complete(&limited(1_000, 400), &request()).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Timeout);
}

#[tokio::test]
async fn a_wish_to_end_ends_it_at_once() {
    let server = Server::always(vec![Act::Hang]).await;
    let wish = Wish::default();
    let (provider, stoppable) = (openai(&server.url), call().stop(Arc::new(wish.clone())));
    let question = request();
    let asked = provider.complete(&stoppable, &question);
    let wished = async {
        pause(50).await;
        wish.give();
    };
    let (answer, ()) = tokio::join!(asked, wished);
    assert_eq!(answer.unwrap_err().kind(), FaultKind::Cancelled);
    server.is_left(1).await;
    assert_eq!(
        openai(&server.url).complete(&stoppable, &request()).await.unwrap_err().kind(),
        FaultKind::Cancelled
    );
    assert_eq!(server.requests().len(), 1, "what nobody wants is not asked");
}

#[tokio::test]
async fn a_stream_that_is_dropped_closes_its_connection() {
    let mut acts = events(&[TEXT]);
    acts.push(Act::Hang);
    let server = Server::always(acts).await;
    let mut chunks = openai(&server.url).stream(&call(), &request()).await.unwrap();
    assert!(chunks.next().await.unwrap().is_ok());
    drop(chunks);
    server.is_left(1).await;
}

#[tokio::test]
async fn nobody_listens() {
    // A port that was just given back.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for provider in all(&url) {
        let fault = provider.complete(&call(), &request()).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Transport, "{fault}");
        assert!(fault.message().starts_with("no connection could be made"), "{fault}");
    }
}
