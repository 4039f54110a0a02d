//! Fallback, breaker, rotation, concurrency, batches of vectors, redaction.

use std::sync::Arc;

use fusion_core::contract::Provider;
use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{
    Answer, Embed, Embeddings, Fault, FaultKind, Message, Part, Reasoning, Role, Tool, ToolCall,
    Usage, Usd,
};
use futures_util::future::join_all;

use super::world::{question, world};
use crate::Scripted;
use crate::layer::{Batch, Breaker, Concurrency, Fallback, ProviderExt, Redact, Rotation};
use crate::scripted::Asked;

fn no(kind: FaultKind) -> Fault {
    Fault::new(kind, "no")
}

fn yes(text: &str) -> Answer {
    Answer::text_of("m", text)
}

#[test]
fn the_chain_goes_on_for_what_may_pass_elsewhere() {
    for kind in FaultKind::ALL {
        let world = world();
        let spare = Scripted::new("spare").answer(yes("spare"));
        let first = Scripted::new("first").fault(no(kind));
        let provider = first.layer(Fallback::to(Arc::new(spare.clone())));
        let result = world.run(provider.complete(&world.call(), &question()));
        assert_eq!(result.is_ok(), kind.may_pass_elsewhere(), "{kind}");
        assert_eq!(spare.asked().len(), usize::from(kind.may_pass_elsewhere()));
    }
    let world = world();
    let picky = Fallback::to(Arc::new(Scripted::new("spare"))).on([FaultKind::Auth]);
    let provider = Scripted::new("first").fault(no(FaultKind::Overloaded)).layer(picky);
    let fault = world.run(provider.complete(&world.call(), &question())).unwrap_err();
    assert_eq!(fault.provider_name(), Some("first"));
}

#[test]
fn another_provider_gets_no_signatures_and_another_model_keeps_them() {
    let world = world();
    let call = ToolCall { signature: Some("s".into()), ..ToolCall::new("c", "t", "{}") };
    let thought = Reasoning { signature: Some("s".into()), ..Reasoning::default() };
    let parts = vec![Part::Reasoning(thought), Part::Call(call)];
    let request = question().message(Message::new(Role::Assistant, parts));
    let spare = Scripted::new("spare").answer(yes("spare"));
    let first = Scripted::new("first").fault(no(FaultKind::Overloaded)).fault(no(FaultKind::Auth));
    let chain = Fallback::to_model("small").and_to_both(Arc::new(spare.clone()), "other");
    let provider = first.clone().layer(chain);
    world.run(provider.complete(&world.call(), &request)).unwrap();
    assert_eq!(first.asked()[1], Asked::Chat(Box::new(request.model("small"))));
    let Asked::Chat(other) = spare.asked().remove(0) else { panic!() };
    assert_eq!((other.model.as_str(), other.messages[1].parts.len()), ("other", 1));
    assert_eq!(other.messages[1].calls().next().unwrap().signature, None);
}

#[test]
fn when_all_fail_the_hopeful_fault_is_told_with_the_others() {
    let world = world();
    let spare = Scripted::new("spare").fault(no(FaultKind::RateLimit).retry_after_ms(9));
    let last = Scripted::new("last").fault(no(FaultKind::ContextTooLong));
    let chain = Fallback::to(Arc::new(spare)).and_to(Arc::new(last));
    let provider = Scripted::new("first").fault(no(FaultKind::Auth)).layer(chain);
    let fault = world.run(provider.complete(&world.call(), &question())).unwrap_err();
    assert_eq!((fault.kind(), fault.pause_ms()), (FaultKind::RateLimit, Some(9)));
    let detail = fault.detail_text().unwrap();
    assert!(
        ["first: auth", "spare: rate_limit", "last: context_too_long"]
            .iter()
            .all(|w| detail.contains(w))
    );
}

#[test]
fn a_failing_provider_is_left_alone_and_tried_again() {
    let world = world();
    let busy = || no(FaultKind::Overloaded);
    let script = Scripted::new("s").fault(busy()).fault(busy()).fault(busy()).answer(yes("back"));
    let provider = script.clone().layer(Breaker::new(2, 1_000));
    let ask = || world.run(provider.complete(&world.call(), &question()));
    assert!(ask().is_err() && ask().is_err());
    assert_eq!(script.asked().len(), 2);
    let kept = ask().unwrap_err();
    assert_eq!(
        (kept.kind(), kept.pause_ms(), script.asked().len()),
        (FaultKind::Overloaded, Some(1_000), 2)
    );
    world.run(world.call().sleep_ms(1_000)).unwrap();
    assert!(ask().is_err(), "one call tries, and fails");
    assert_eq!(script.asked().len(), 3);
    world.run(world.call().sleep_ms(1_500)).unwrap();
    assert_eq!(ask().unwrap_err().pause_ms(), Some(500), "the pause doubled");
    world.run(world.call().sleep_ms(500)).unwrap();
    assert_eq!(ask().unwrap().text(), "back");
    assert!(!provider.as_layer().is_open());
}

#[test]
fn faults_of_requests_do_not_open_the_breaker() {
    let world = world();
    let script = (0..5).fold(Scripted::new("s"), |s, _| s.fault(no(FaultKind::InvalidRequest)));
    let provider = script.layer(Breaker::new(1, 1_000));
    for _ in 0..5 {
        assert!(world.run(provider.complete(&world.call(), &question())).is_err());
    }
    assert!(!provider.as_layer().is_open());
}

#[test]
fn a_key_that_fails_rests_and_the_others_go_on() {
    let world = world();
    let limited =
        Scripted::new("s").fault(no(FaultKind::RateLimit).retry_after_ms(5_000)).answer(yes("1"));
    let refused = Scripted::new("s").fault(no(FaultKind::Auth));
    let fine = Scripted::new("s").answer(yes("3")).answer(yes("3 again"));
    let rotation = Rotation::new([limited, refused, fine]);
    let ask = || world.run(rotation.complete(&world.call(), &question()));
    assert_eq!(ask().unwrap().text(), "3");
    assert_eq!(rotation.resting(&world.call()), [1, 2]);
    assert_eq!(ask().unwrap().text(), "3 again");
    // The last key has nothing more to say, which is no fault of a key.
    assert_eq!(ask().unwrap_err().kind(), FaultKind::InvalidRequest);
    world.run(world.call().sleep_ms(5_000)).unwrap();
    assert_eq!(ask().unwrap().text(), "1");
}

#[test]
fn when_all_keys_rest_the_fault_says_until_when() {
    let world = world();
    let limited = |ms| Scripted::new("s").fault(no(FaultKind::RateLimit).retry_after_ms(ms));
    let rotation = Rotation::new([limited(9_000), limited(4_000)]);
    let ask = || world.run(rotation.complete(&world.call(), &question())).unwrap_err();
    let fault = ask();
    assert_eq!((fault.kind(), fault.pause_ms()), (FaultKind::RateLimit, Some(4_000)));
    assert_eq!(ask().pause_ms(), Some(4_000), "nobody was asked");
    let none = Rotation::new(Vec::<Scripted>::new());
    let fault = world.run(none.complete(&world.call(), &question())).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Auth);
}

#[test]
fn a_key_rests_an_hour_at_most_whatever_the_service_says() {
    let world = world();
    let limit = no(FaultKind::RateLimit).retry_after_ms(u64::MAX);
    let rotation = Rotation::new([Scripted::new("s").fault(limit).answer(yes("back"))]);
    let ask = || world.run(rotation.complete(&world.call(), &question()));
    assert_eq!(ask().unwrap_err().pause_ms(), Some(3_600_000));
    world.run(world.call().sleep_ms(3_600_000)).unwrap();
    assert_eq!(ask().unwrap().text(), "back");
}

#[test]
fn so_many_calls_are_under_way_and_no_more() {
    let world = world();
    let script = (0..6).fold(Scripted::new("s").after_ms(1_000), |s, _| s.answer(yes("x")));
    let provider = script.layer(Concurrency::new(2));
    let call = world.call();
    let request = question();
    let all = (0..6).map(|_| provider.complete(&call, &request));
    assert!(world.run(join_all(all)).iter().all(Result::is_ok));
    assert_eq!(world.now(), 3_000);
}

#[test]
fn vectors_come_in_the_order_of_the_texts() {
    let world = world();
    let given = |numbers: &[f32]| Embeddings {
        vectors: numbers.iter().map(|number| vec![*number]).collect(),
        usage: Usage::new(5, 0),
        cost: Some(Usd::from_nano(7)),
        ..Embeddings::default()
    };
    let script = Scripted::new("s").embeddings(given(&[1.0, 2.0])).embeddings(given(&[3.0]));
    let provider = script.clone().layer(Batch::new(2));
    let embed = Embed::new("m", ["a", "b", "a", "c"]);
    let got = world.run(provider.embed(&world.call(), &embed)).unwrap();
    assert_eq!(got.vectors, [[1.0], [2.0], [1.0], [3.0]]);
    assert_eq!((got.usage.input, got.cost), (10, Some(Usd::from_nano(14))));
    assert_eq!(
        script.asked(),
        [Asked::Embed(Embed::new("m", ["a", "b"])), Asked::Embed(Embed::new("m", ["c"]))]
    );
    let short = Scripted::new("s").embeddings(given(&[1.0])).layer(Batch::new(9));
    let fault = world.run(short.embed(&world.call(), &embed)).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Malformed);
}

#[test]
fn secrets_reach_neither_provider_nor_faults() {
    let world = world();
    let secrets = Secrets::new(|_| Some("hunter2-hunter2".into()));
    secrets.get("KEY").unwrap();
    let script = Scripted::new("s")
        .fault(Fault::new(FaultKind::Auth, "hunter2-hunter2 is wrong").detail("hunter2-hunter2"));
    let provider = script.clone().layer(Redact::new(secrets));
    let mut request = question().user("my key is hunter2-hunter2");
    request
        .extra
        .insert("x".into(), serde_json::json!(["hunter2-hunter2", { "y": "hunter2-hunter2" }]));
    request.messages[1].parts.push(Part::image_url("https://x/?key=hunter2-hunter2"));
    let request = request
        .tool(Tool::new("t", "d").schema(serde_json::json!({ "default": "hunter2-hunter2" })));
    let fault = world.run(provider.complete(&world.call(), &request)).unwrap_err();
    let seen = format!("{fault:?} {:?}", script.asked());
    assert!(!seen.contains("hunter2") && seen.contains("my key is ***"), "{seen}");
}
