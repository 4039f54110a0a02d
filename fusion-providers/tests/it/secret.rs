//! Keys: they are sent, and nobody sees them again.

use fusion_core::contract::Provider;

use crate::bed::{KEY, all, call, request, settings};
use crate::server::{Server, json, response};

#[tokio::test]
async fn a_key_that_is_echoed_is_in_no_fault() {
    let echo =
        format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}","param":"{KEY}"}}}}"#);
    for (status, body) in [
        (401, echo.clone()),
        (500, echo.clone()),
        (200, echo),
        (400, format!("<p>{KEY}</p>")),
        (200, format!("{{{KEY}")),
    ] {
        let server = Server::always(json(status, &body)).await;
        for provider in all(&server.url) {
            let faults = [
                provider.complete(&call(), &request()).await.err(),
                provider.stream(&call(), &request()).await.err(),
                provider.models(&call()).await.err(),
            ];
            assert!(faults[0].is_some(), "{status} {body}");
            for fault in faults.into_iter().flatten() {
                let told = format!("{fault} {fault:?} {}", serde_json::to_string(&fault).unwrap());
                assert!(!told.contains(KEY), "{told}");
            }
            assert!(!format!("{provider:?}").contains(KEY), "{provider:?}");
        }
        let sent = server.requests();
        assert!(sent.iter().all(|request| request.matches(KEY).count() == 1), "{sent:?}");
        assert!(
            sent.iter().all(|request| !request.lines().next().unwrap().contains(KEY)),
            "{sent:?}"
        );
    }
    assert!(!format!("{:?}", settings("http://x")).contains(KEY));
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_key_into_a_fault() {
    let server =
        Server::always(response(302, &format!("location: http://elsewhere/?key={KEY}\r\n"), ""))
            .await;
    for provider in all(&server.url) {
        let fault = provider.complete(&call(), &request()).await.unwrap_err();
        assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
    }
}
