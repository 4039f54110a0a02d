//! Responses that say what is wrong: their class, the pause that is asked for, and that nothing is asked twice.

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Fault, FaultKind};

use crate::bed::{all, call, openai, request, streamed};
use crate::server::{Server, events, json, response};

async fn fault(server: &Server) -> Fault {
    openai(&server.url).complete(&call(), &request()).await.unwrap_err()
}

#[tokio::test]
async fn a_limit_says_how_long_to_wait_and_what_is_left() {
    let headers =
        "retry-after: 2\r\nx-ratelimit-limit-requests: 10\r\nx-ratelimit-remaining-requests: 0\r\n";
    let server =
        Server::always(response(429, headers, r#"{"error":{"message":"slow down"}}"#)).await;
    let fault = fault(&server).await;
    assert_eq!((fault.kind(), fault.pause_ms()), (FaultKind::RateLimit, Some(2_000)));
    assert_eq!(fault.observed().unwrap().requests.unwrap().remaining, Some(0));
    assert_eq!(fault.to_string(), "openai: rate_limit (429): slow down");
    assert_eq!(server.requests().len(), 1, "trying again is for a layer");
}

#[tokio::test]
async fn a_pause_may_be_a_date() {
    let server =
        Server::always(response(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "")).await;
    let fault = fault(&server).await;
    assert_eq!((fault.kind(), fault.pause_ms()), (FaultKind::Overloaded, Some(0)));
}

#[tokio::test]
async fn every_provider_tells_trouble_of_the_service_once() {
    let server = Server::always(json(500, r#"{"error":{"message":"boom"}}"#)).await;
    for (count, provider) in (1..).zip(all(&server.url)) {
        let fault = provider.complete(&call(), &request()).await.unwrap_err();
        assert_eq!((fault.kind(), fault.message()), (FaultKind::Overloaded, "boom"), "{fault}");
        assert_eq!(fault.provider_name(), Some(provider.name()));
        let (chunks, streamed) = streamed(provider.as_ref(), &call()).await;
        assert_eq!(
            (chunks.len(), streamed.map(|fault| fault.kind())),
            (0, Some(FaultKind::Overloaded))
        );
        assert_eq!(server.requests().len(), 2 * count);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Server::always(json(200, "{}")).await;
    let server =
        Server::always(response(307, &format!("location: {}/v2\r\n", target.url), "")).await;
    let fault = fault(&server).await;
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    assert!(fault.message().contains(&format!("{}/v2", target.url)), "{fault}");
    assert_eq!(target.requests().len(), 0, "nobody else has seen the key");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_ends_it() {
    let text = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
    let error = r#"{"error":{"code":429,"message":"slow down"}}"#;
    let server = Server::always(events(&[text, error, text])).await;
    let (chunks, fault) = streamed(&openai(&server.url), &call()).await;
    assert_eq!(chunks.len(), 2, "{chunks:?}");
    assert_eq!(fault.unwrap().kind(), FaultKind::RateLimit);
}

#[tokio::test]
async fn a_request_that_is_wrong_is_not_sent() {
    let server = Server::always(json(200, "{}")).await;
    for provider in all(&server.url) {
        let fault = provider
            .complete(&call(), &fusion_core::model::chat::Request::new("m"))
            .await
            .unwrap_err();
        assert_eq!(
            (fault.kind(), fault.provider_name()),
            (FaultKind::InvalidRequest, Some(provider.name()))
        );
    }
    assert_eq!(server.requests().len(), 0);
}
