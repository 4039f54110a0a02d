//! What the server is asked, by both protocols that it speaks.

use fusion_core::contract::{Provider, gather};
use fusion_core::model::chat::{Chunk, Embed, FaultKind, Finish, Message, Request, Schema};
use fusion_providers::{Anthropic, Settings};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::server::{Server, call};

/// A question with a short answer, the same each time.
fn question() -> Request {
    let mut request =
        Request::new("").message(Message::system("You are helpful.")).user("Name a colour.");
    request.sampling.temperature = Some(0.0);
    request.sampling.max_output_tokens = Some(24);
    request
}

/// Streams an answer: it comes in pieces that make the same as one that comes whole.
async fn answers(provider: &dyn Provider) {
    let whole = provider.complete(&call(), &question()).await.unwrap();
    assert!(!whole.text().trim().is_empty() && whole.usage.input > 5, "{whole:?}");
    assert!(whole.usage.output > 0 && whole.usage.output <= 24, "{whole:?}");
    let mut chunks = provider.stream(&call(), &question()).await.unwrap();
    let (mut texts, mut all) = (0, Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.unwrap();
        texts += u32::from(matches!(chunk, Chunk::Text { .. }));
        all.push(chunk);
    }
    assert!(texts > 1, "{all:?}");
    let again: fusion_core::contract::Chunks =
        Box::pin(futures_util::stream::iter(all.into_iter().map(Ok)));
    let streamed = gather(again).await.unwrap();
    assert_eq!((streamed.text(), &streamed.finish), (whole.text(), &whole.finish));
    assert_eq!(streamed.usage.output, whole.usage.output);
}

#[tokio::test]
async fn it_chats_by_both_protocols_and_keeps_to_a_schema() {
    let Some(server) = Server::start(&[]).await else { return };
    let openai = server.openai();
    answers(&openai).await;
    let anthropic =
        Anthropic::new(Settings::default().base_url(&server.url).model("smollm2")).unwrap();
    answers(&anthropic).await;
    assert!(!openai.models(&call()).await.unwrap().is_empty());

    let mut request = question();
    let schema = json!({"type": "object", "properties": {"colour": {"type": "string", "maxLength": 12}}, "required": ["colour"], "additionalProperties": false});
    request.schema = Some(Schema { name: "answer".to_owned(), schema, strict: true });
    request.sampling.max_output_tokens = Some(64);
    let answer = openai.complete(&call(), &request).await.unwrap();
    let value: Value = serde_json::from_str(&answer.text()).unwrap();
    assert!(value["colour"].is_string(), "{value}");

    let mut short = question();
    short.sampling.max_output_tokens = Some(2);
    assert_eq!(openai.complete(&call(), &short).await.unwrap().finish, Finish::Length);
    let long = Request::new("").user("word ".repeat(6_000));
    let fault = openai.complete(&call(), &long).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::ContextTooLong, "{fault:?}");
    let fault = openai.embed(&call(), &Embed::new("", ["a"])).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unsupported, "{fault:?}");
}

#[tokio::test]
async fn it_makes_vectors() {
    let Some(server) = Server::start(&["embed"]).await else { return };
    let texts = ["a red flower", "a scarlet blossom", "the tax office is closed"];
    let made = server.openai().embed(&call(), &Embed::new("", texts)).await.unwrap();
    assert_eq!((made.vectors.len(), made.vectors[0].len()), (3, 576));
}
