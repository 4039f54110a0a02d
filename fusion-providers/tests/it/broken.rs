//! Streams that are cut, split, doubled or huge.

use fusion_core::model::chat::{Chunk, FaultKind, Finish};

use crate::bed::{call, openai, streamed, whole};
use crate::server::{Act, Server, events, json, stream};

const END: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;

fn text(text: &str) -> String {
    format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#)
}

fn kind(fault: Option<fusion_core::model::chat::Fault>) -> Option<FaultKind> {
    fault.map(|fault| fault.kind())
}

#[tokio::test]
async fn half_a_stream_is_no_answer() {
    for tail in ["", "data: {\"choices\":[{\"del"] {
        let mut acts = events(&[&text("Hel"), &text("lo")]);
        acts.push(Act::Write(tail.as_bytes().to_vec()));
        let server = Server::always(acts).await;
        let (chunks, fault) = streamed(&openai(&server.url), &call()).await;
        assert_eq!(chunks[1..], [Chunk::text("Hel"), Chunk::text("lo")]);
        assert_eq!(kind(fault), Some(FaultKind::Malformed));
    }
    // A length was promised, and is not kept.
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9000\r\n\r\ndata: {}\n\n";
    let server = Server::always(vec![Act::Write(cut.to_vec())]).await;
    let (_, fault) = streamed(&openai(&server.url), &call()).await;
    assert_eq!(kind(fault), Some(FaultKind::Transport));
}

#[tokio::test]
async fn characters_and_lines_may_be_cut_anywhere() {
    let body = format!(
        "\u{feff}: hello\r\n\r\ndata: {}\r\n\r\ndata: {END}\r\rdata: [DONE]\n\n",
        text("größer 💥")
    );
    let mut acts = vec![stream("text/event-stream; charset=utf-8")];
    for byte in body.bytes() {
        acts.push(Act::Write(vec![byte]));
        acts.extend((byte >= 0x80).then_some(Act::Pause(2)));
    }
    let server = Server::always(acts).await;
    let answer = whole(&openai(&server.url), &call()).await.unwrap();
    assert_eq!((answer.text().as_str(), answer.finish), ("größer 💥", Finish::Stop));
}

#[tokio::test]
async fn calls_of_the_same_id_are_told_apart() {
    let one = |index: u32, id: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":{index},"id":"{id}","function":{{"name":"t","arguments":"{{}}"}}}}]}}}}]}}"#
        )
    };
    let server =
        Server::always(events(&[&one(0, "a"), &one(1, "a"), &one(2, ""), END, "[DONE]"])).await;
    let answer = whole(&openai(&server.url), &call()).await.unwrap();
    let ids: Vec<&str> = answer.calls().map(|call| call.id.as_str()).collect();
    assert_eq!((ids, &answer.finish), (vec!["a", "a-2", "call-1"], &Finish::ToolCalls));
}

#[tokio::test]
async fn huge_pieces_have_an_end() {
    let mut acts = vec![stream("text/event-stream"), Act::Write(b"data: ".to_vec())];
    acts.extend(std::iter::repeat_n(Act::Write(vec![b'x'; 1 << 20]), 20));
    acts.push(Act::Hang);
    let server = Server::always(acts).await;
    let (_, fault) = streamed(&openai(&server.url), &call()).await;
    let fault = fault.unwrap();
    assert_eq!(fault.kind(), FaultKind::Malformed);
    assert!(fault.message().contains("longer than 16777216 bytes"), "{fault}");
    // Large ones that are allowed come whole.
    let large = "y".repeat(3 << 20);
    let server = Server::always(events(&[&text(&large), END, "[DONE]"])).await;
    assert_eq!(whole(&openai(&server.url), &call()).await.unwrap().text(), large);
}

#[tokio::test]
async fn a_whole_answer_stands_for_a_stream() {
    let body = r#"{"id":"c","model":"m","choices":[{"message":{"content":"Hi"},"finish_reason":"length"}]}"#;
    let server = Server::always(json(200, body)).await;
    let answer = whole(&openai(&server.url), &call()).await.unwrap();
    assert_eq!(
        (answer.text().as_str(), answer.finish, answer.id.as_str()),
        ("Hi", Finish::Length, "c")
    );
    assert!(server.requests()[0].contains(r#""stream":true"#));
}

#[tokio::test]
async fn what_comes_after_the_end_is_not_waited_for() {
    let mut acts = events(&[&text("a"), END, "[DONE]"]);
    acts.push(Act::Hang);
    let server = Server::always(acts).await;
    assert_eq!(whole(&openai(&server.url), &call()).await.unwrap().text(), "a");
    server.is_left(1).await;
}
