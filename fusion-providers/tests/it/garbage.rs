//! Responses that are no answer at all, for every provider and everything that can be asked of it.

use fusion_core::model::chat::{Embed, FaultKind};

use crate::bed::{all, call, request, streamed};
use crate::server::{Server, response};

const BODIES: [&[u8]; 12] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff\xfe\x00",
    b"<html>busy</html>",
    br#"{"choices":"x","content":7,"candidates":{},"message":[],"data":1,"embeddings":{"a":1}}"#,
    br#"{"choices":[{"message":{"tool_calls":[{"function":3}]}}],"content":[3,{"type":"tool_use"}]}"#,
    b"data: {}\n\n",
    b"data: [1,2\n\ndata: 3\n\n",
    b"data: {\"choices\":[{\"delta\":[]}],\"type\":\"content_block_delta\",\"index\":-1}\n\n",
    b"event: x\nid: y\n\n\n\n",
];

#[tokio::test]
async fn garbage_is_a_fault_or_an_answer_and_never_more() {
    for body in BODIES {
        for kind in ["application/json", "text/event-stream"] {
            let headers = format!("content-type: {kind}\r\n");
            let server = Server::always(response(200, &headers, body)).await;
            for provider in all(&server.url) {
                let shown = format!("{}: {}", provider.name(), String::from_utf8_lossy(body));
                let whole = provider.complete(&call(), &request()).await;
                if let Err(fault) = &whole {
                    assert_eq!(fault.kind(), FaultKind::Malformed, "{shown}: {fault}");
                }
                let (chunks, fault) = streamed(provider.as_ref(), &call()).await;
                assert!(fault.is_some() || !chunks.is_empty(), "{shown}");
                let vectors = provider.embed(&call(), &Embed::new("m", ["a"])).await;
                assert!(vectors.is_err(), "{shown}: {vectors:?}");
                let _models = provider.models(&call()).await;
                let _quota = provider.quota(&call()).await;
            }
            let asked = server.requests().len();
            assert!(asked <= 5 * 5, "{asked}");
        }
    }
}
