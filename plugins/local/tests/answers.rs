//! A real model answers: the file that `FUSION_LOCAL_MODEL` names. `cargo xtask local` gets one and runs this.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::contract::{Call, Provider};
use fusion_core::model::chat::{Choice, Chunk, Embed, FaultKind, Finish, Request, Schema, Tool};
use fusion_core::run::Os;
use fusion_provider_local::Local;
use futures_util::StreamExt;
use serde_json::json;

fn model() -> String {
    let set = std::env::var_os("FUSION_LOCAL_MODEL").unwrap();
    set.into_string().unwrap()
}

fn asked(text: &str) -> Request {
    let mut request = Request::new(model()).user(text);
    request.sampling.temperature = Some(0.0);
    request.sampling.max_output_tokens = Some(40);
    request
}

/// Does something with one model, on the runtime that calls have.
fn with<T>(work: impl AsyncFnOnce(Arc<Local>, Call) -> T) -> T {
    let os = Os::new().unwrap();
    let file = PathBuf::from(model());
    let folder = file.parent().unwrap();
    let local = Arc::new(Local::with(json!({"models": folder, "context": 512})).unwrap());
    let call = Call::new(os.clone());
    os.handle().block_on(work(local, call))
}

#[test]
fn it_answers_and_reads_the_same_beginning_once() {
    with(async |local, call| {
        let first = local.complete(&call, &asked("What is 2+2?")).await.unwrap();
        assert!(first.text().contains('4'), "{}", first.text());
        assert!(first.usage.input > 5 && first.usage.output > 1, "{:?}", first.usage);
        assert_eq!(first.usage.cached_read, 0);
        let more = asked("What is 2+2?").message(first.message()).user("And 3+3?");
        let second = local.complete(&call, &more).await.unwrap();
        assert!(second.usage.cached_read >= first.usage.input, "{:?}", second.usage);
        let again = local.complete(&call, &asked("What is 2+2?")).await.unwrap();
        assert_eq!(again.text(), first.text());
    });
}

#[test]
fn an_answer_is_held_to_a_schema() {
    with(async |local, call| {
        let mut request = asked("Tell me about Paris.");
        let properties =
            json!({"city": {"type": "string", "maxLength": 20}, "people": {"type": "integer"}});
        let schema =
            json!({"type": "object", "properties": properties, "required": ["city", "people"]});
        request.schema = Some(Schema { name: "city".to_owned(), schema, strict: true });
        request.sampling.max_output_tokens = Some(120);
        let answer = local.complete(&call, &request).await.unwrap();
        let value: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
        assert!(value["city"].is_string() && value["people"].is_i64(), "{value}");
    });
}

#[test]
fn a_forced_call_has_the_arguments_of_the_tool() {
    with(async |local, call| {
        let properties = json!({"city": {"type": "string", "maxLength": 20}});
        let schema = json!({"type": "object", "properties": properties, "required": ["city"], "additionalProperties": false});
        let mut request = asked("How is the weather in Rome?")
            .tool(Tool::new("weather", "Tells the weather").schema(schema));
        request.choice = Choice::Required;
        request.sampling.max_output_tokens = Some(120);
        let answer = local.complete(&call, &request).await.unwrap();
        assert_eq!(answer.finish, Finish::ToolCalls);
        let said = answer.calls().next().unwrap();
        assert_eq!(said.name, "weather");
        assert!(said.arguments().unwrap()["city"].is_string(), "{said:?}");
    });
}

#[test]
fn pieces_come_one_by_one_and_a_dropped_stream_ends_the_work() {
    with(async |local, call| {
        let mut request = asked("Count from one to one hundred.");
        request.sampling.max_output_tokens = Some(400);
        let mut stream = local.stream(&call, &request).await.unwrap();
        let mut texts = 0;
        while let Some(chunk) = stream.next().await {
            texts += u32::from(matches!(chunk.unwrap(), Chunk::Text { .. }));
            if texts == 5 {
                break;
            }
        }
        drop(stream);
        // The next answer would come after those 400 tokens.
        let mut short = asked("Say yes.");
        short.sampling.max_output_tokens = Some(1);
        let from = call.env().monotonic_ns();
        local.complete(&call, &short).await.unwrap();
        assert!(call.env().monotonic_ns() - from < 5_000_000_000);
    });
}

#[test]
fn what_does_not_fit_and_what_is_not_there_is_said() {
    with(async |local, call| {
        let long = local.complete(&call, &asked(&"word ".repeat(2_000))).await.unwrap_err();
        assert_eq!(long.kind(), FaultKind::ContextTooLong, "{long:?}");
        let none = local.complete(&call, &Request::new("no-such").user("x")).await.unwrap_err();
        assert!(none.message().contains("no model `no-such`"), "{none:?}");
        let broken = tempfile::Builder::new().suffix(".gguf").tempfile().unwrap();
        std::fs::write(broken.path(), b"GGUF and no more").unwrap();
        let request = Request::new(broken.path().to_str().unwrap()).user("x");
        let broken = local.complete(&call, &request).await.unwrap_err();
        assert!(broken.message().contains("cannot load"), "{broken:?}");
        assert!(local.complete(&call, &asked("Say yes.")).await.is_ok());
    });
}

#[test]
fn texts_alike_have_vectors_alike() {
    with(async |local, call| {
        let texts = [
            "a cat sleeps on the sofa",
            "a kitten naps on the couch",
            "the stock market fell sharply",
        ];
        let said = local.embed(&call, &Embed::new(model(), texts)).await.unwrap();
        let near = |a: usize, b: usize| {
            said.vectors[a].iter().zip(&said.vectors[b]).map(|(x, y)| x * y).sum::<f32>()
        };
        assert!(near(0, 1) > near(0, 2), "{} {}", near(0, 1), near(0, 2));
        assert!((near(0, 0) - 1.0).abs() < 1e-3);
    });
}
