//! A step answers as a provider does: in one piece or in chunks, and whatever it does wrong is a fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fusion_core::contract::{BoxFuture, Call, Context, Labels, Output, Provider, Step};
use fusion_core::model::chat::{Chunk, Embed, Fault, FaultKind, Finish, Request};
use fusion_core::model::{Class, Failure, Payload};
use fusion_core::run::Os;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::Foreign;

type Body = dyn Fn(Context, Value) -> BoxFuture<'static, Result<Output, Failure>> + Send + Sync;

struct Code(Box<Body>);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("code")
    }
}

impl Step for Code {
    fn name(&self) -> &'static str {
        "code"
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        (self.0)(ctx, input.decode().unwrap())
    }
}

/// A provider of a function that says chunks and gives a value.
fn foreign<R>(body: impl Fn(Context, Value) -> R + Send + Sync + 'static) -> Foreign
where
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    let run = move |ctx, input| -> BoxFuture<'static, Result<Output, Failure>> {
        let work = body(ctx, input);
        Box::pin(async move { work.await.map(|value| Output::Value(Payload::value(&value))) })
    };
    Foreign::new("mine", Arc::new(Code(Box::new(run))))
}

fn call() -> Call {
    Call::new(Os::current().unwrap())
}

/// What comes of chunks and a value at the end.
async fn said(chunks: Vec<Value>, end: Result<Value, Failure>) -> Result<(String, Finish), Fault> {
    let provider = foreign(move |ctx, _| {
        let (chunks, end) = (chunks.clone(), end.clone());
        async move {
            for chunk in chunks {
                ctx.progress(chunk);
            }
            end
        }
    });
    let answer = provider.complete(&call(), &Request::new("").user("hi")).await?;
    Ok((answer.text(), answer.finish))
}

#[tokio::test]
async fn an_answer_comes_whole_as_text_or_in_chunks() {
    let hi = Ok(("hi".to_owned(), Finish::Stop));
    assert_eq!(said(vec![], Ok(json!("hi"))).await, hi);
    assert_eq!(said(vec![], Ok(json!({"parts": [{"type": "text", "text": "hi"}]}))).await, hi);
    assert_eq!(
        said(vec![json!("h"), json!({"type": "text", "text": "i"})], Ok(Value::Null)).await,
        hi
    );
    let end = json!({"type": "end", "finish": "length"});
    assert_eq!(said(vec![json!("hi"), end], Ok(Value::Null)).await.unwrap().1, Finish::Length);
    let call = json!({"type": "call", "index": 0, "name": "look"});
    assert_eq!(said(vec![call], Ok(Value::Null)).await.unwrap().1, Finish::ToolCalls);
    let whole = json!({"parts": [{"type": "call", "id": "", "name": "look", "arguments": "{}"}]});
    assert_eq!(said(vec![], Ok(whole)).await.unwrap().1, Finish::ToolCalls);
}

#[tokio::test]
async fn what_is_no_answer_is_malformed() {
    for (chunks, end) in [
        (vec![], Value::Null),
        (vec![], json!(3)),
        (vec![], json!({"parts": 3})),
        (vec![], json!({"text": "hi"})),
        (vec![], json!({"$bytes": "aGk="})),
        (vec![json!(3)], Value::Null),
        (vec![json!({"type": "sound"})], json!("hi")),
        (vec![json!("hi")], json!("hi")),
        (vec![json!({"type": "end", "finish": "stop"}), json!("more")], Value::Null),
    ] {
        let fault = said(chunks.clone(), Ok(end.clone())).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Malformed, "{chunks:?} {end:?}");
        assert_eq!(fault.provider_name(), Some("mine"), "{chunks:?} {end:?}");
    }
}

#[tokio::test]
async fn a_failure_is_the_fault_that_its_class_names() {
    let failure = |class: &str| Failure::new(Class::from(class), "it failed");
    let slow = Failure { retry_after_ms: Some(700), ..failure("rate_limit") };
    let fault = said(vec![json!("so far")], Err(slow)).await.unwrap_err();
    assert_eq!((fault.kind(), fault.pause_ms()), (FaultKind::RateLimit, Some(700)));
    assert_eq!(fault.message(), "it failed");
    for kind in FaultKind::ALL {
        let fault = said(vec![], Err(failure(kind.as_str()))).await.unwrap_err();
        assert_eq!(fault.kind(), kind);
    }
    for (failure, kind) in [
        (failure("ValueError"), FaultKind::Overloaded),
        (failure("decode"), FaultKind::Malformed),
        (failure("ConnectionResetError"), FaultKind::Transport),
        (failure("Mine").permanent(), FaultKind::Unsupported),
        (Failure { retry_after_ms: Some(1), ..failure("Mine") }, FaultKind::RateLimit),
    ] {
        let fault = said(vec![], Err(failure)).await.unwrap_err();
        assert_eq!(fault.kind(), kind);
    }
    let fault = said(vec![], Err(failure("ValueError"))).await.unwrap_err();
    assert_eq!(fault.to_string(), "mine: overloaded: ValueError: it failed");
}

#[tokio::test]
async fn the_step_knows_who_asks_and_keeps_nothing() {
    let provider = foreign(|ctx, input| async move {
        assert!(ctx.save("x", Payload::NULL).await.is_err());
        let about = ctx.about();
        Ok(json!(format!(
            "{} {} {} {}",
            about.run, about.node, input["call"]["agent"], input["stream"]
        )))
    });
    let labels = Labels {
        run: Some("r".into()),
        node: Some("n".into()),
        agent: Some("a".into()),
        project: None,
    };
    let asked = call().labels(labels);
    let answer = provider.complete(&asked, &Request::new("").user("hi")).await.unwrap();
    assert_eq!(answer.text(), "r n \"a\" false");
    let fault = provider.complete(&call(), &Request::new("")).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
}

#[tokio::test]
async fn chunks_are_there_before_the_end_and_the_step_hears_that_nobody_listens() {
    let gone = Arc::new(AtomicBool::new(false));
    let seen = gone.clone();
    let provider = foreign(move |ctx, _| {
        let dropped = Dropped(seen.clone());
        async move {
            ctx.progress("first");
            ctx.cancelled().await;
            drop(dropped);
            Ok(Value::Null)
        }
    });
    let mut chunks = provider.stream(&call(), &Request::new("").user("hi")).await.unwrap();
    assert_eq!(chunks.next().await.unwrap().unwrap(), Chunk::text("first"));
    assert!(!gone.load(Ordering::SeqCst));
    drop(chunks);
    assert!(gone.load(Ordering::SeqCst), "the step's future goes with the stream");
    let late = call().within_ms(20);
    let answer = provider.complete(&late, &Request::new("").user("hi")).await.unwrap();
    assert_eq!(answer.text(), "first", "the end of the call's time is the wish to end");
}

#[tokio::test]
async fn a_step_that_ends_because_the_time_is_over_is_late_and_not_cancelled() {
    let provider = foreign(|ctx, _| async move {
        ctx.cancelled().await;
        Err(Failure::new(Class::CANCELLED, "cancelled"))
    });
    let request = Request::new("").user("hi");
    let fault = provider.complete(&call().within_ms(20), &request).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Timeout);
}

struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn vectors_and_models_come_whole() {
    let provider = foreign(|_, input| async move {
        match input["op"].as_str() {
            Some("embed") => Ok(json!({"model": "m", "vectors": [[0.5, 1.0]]})),
            _ => Ok(json!([{"id": "m"}])),
        }
    });
    let got = provider.embed(&call(), &Embed::new("m", ["one"])).await.unwrap();
    assert_eq!(got.vectors, [[0.5, 1.0]]);
    let fault = provider.embed(&call(), &Embed::new("m", ["one", "two"])).await.unwrap_err();
    assert_eq!(fault.message(), "it gave what is not a vector for each text: 1 for 2");
    assert_eq!(provider.models(&call()).await.unwrap()[0].id, "m");
}
