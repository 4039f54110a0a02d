//! Spans and counts: what is told of a call, and that nothing of what was said is.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fusion_core::contract::Provider;
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Usage, Usd,
};
use futures_util::StreamExt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::budget::labelled;
use super::world::{question, world};
use crate::Scripted;
use crate::layer::{Observe, ProviderExt};

/// Writes down every field of every span.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<String>>, Arc<AtomicU64>);

impl Visit for Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(self.1.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_span_says_who_what_and_how_much_and_nothing_that_was_said() {
    let world = world();
    let usage = Usage { input: 100, output: 20, cached_read: 60, cached_write: 0, reasoning: 7 };
    let answer = Answer {
        id: "r1".into(),
        usage,
        cost: Some(Usd::from_nano(5)),
        ..Answer::text_of("m-2", "whispered")
    };
    let provider = Scripted::new("service").after_ms(30).answer(answer).layer(Observe::new());
    let mut request = question().user("whispered too");
    request.sampling.temperature = Some(0.5);
    let notes = Notes::default();
    let call = labelled(&world.call(), "run-1", "clerk");
    tracing::subscriber::with_default(notes.clone(), || {
        world.run(provider.complete(&call, &request))
    })
    .unwrap();
    let seen = notes.0.lock().unwrap().clone();
    for line in [
        "otel.name=\"chat m\"",
        "otel.kind=\"client\"",
        "gen_ai.operation.name=\"chat\"",
        "gen_ai.provider.name=\"service\"",
        "gen_ai.request.model=\"m\"",
        "gen_ai.request.temperature=0.5",
        "gen_ai.request.stream=false",
        "gen_ai.agent.name=\"clerk\"",
        "fusion.run=\"run-1\"",
        "gen_ai.response.model=\"m-2\"",
        "gen_ai.response.id=\"r1\"",
        "gen_ai.response.finish_reasons=\"stop\"",
        "gen_ai.usage.input_tokens=100",
        "gen_ai.usage.cache_read.input_tokens=60",
        "gen_ai.usage.reasoning.output_tokens=7",
        "fusion.cost_usd=\"0.000000005\"",
    ] {
        assert!(seen.lines().any(|seen| seen == line), "no {line} in\n{seen}");
    }
    assert!(!seen.contains("whispered"), "{seen}");
}

#[test]
fn streams_tell_their_first_chunk_and_faults_their_class() {
    let world = world();
    let script =
        Scripted::new("s").after_ms(250).stream([Chunk::text("a"), Chunk::end(Finish::Stop)]);
    let provider = script.fault(Fault::new(FaultKind::RateLimit, "no")).layer(Observe::new());
    let notes = Notes::default();
    tracing::subscriber::with_default(notes.clone(), || {
        world.run(async {
            provider.stream(&world.call(), &question()).await.unwrap().count().await;
            assert!(provider.stream(&world.call(), &question()).await.is_err());
        });
    });
    let seen = notes.0.lock().unwrap().clone();
    for line in [
        "gen_ai.response.time_to_first_chunk=0.25",
        "error.type=\"rate_limit\"",
        "gen_ai.request.stream=true",
    ] {
        assert!(seen.contains(line), "no {line} in\n{seen}");
    }
}

#[test]
fn calls_are_counted_by_provider_operation_and_model() {
    let world = world();
    let observe = Observe::new();
    let metrics = observe.metrics();
    let priced =
        Answer { usage: Usage::new(10, 5), cost: Some(Usd::from_nano(3)), ..Answer::default() };
    let kept = Answer { cached: true, ..priced.clone() };
    let vectors = Embeddings { usage: Usage::new(4, 0), ..Embeddings::default() };
    let provider = Scripted::new("s")
        .after_ms(15)
        .answer(priced)
        .answer(kept)
        .fault(Fault::new(FaultKind::Timeout, "no"))
        .after_ms(200_000)
        .stream([Chunk::text("a"), Chunk::end(Finish::Stop)])
        .stream([Chunk::text("a"), Chunk::end(Finish::Stop)])
        .embeddings(vectors)
        .layer(observe);
    world.run(async {
        let call = world.call();
        for _ in 0..3 {
            let _ = provider.complete(&call, &question()).await;
        }
        drop(provider.stream(&call, &question()).await.unwrap());
        provider.stream(&call, &question()).await.unwrap().count().await;
        provider.embed(&call, &Embed::new("e", ["x"])).await.unwrap();
    });
    let rows = metrics.rows();
    assert_eq!(rows.len(), 2);
    let chat = &rows[0];
    assert_eq!((chat.operation.as_str(), chat.model.as_str()), ("chat", "m"));
    assert_eq!(
        (chat.calls, chat.cached, chat.usage.total(), chat.cost),
        (4, 1, 15, Usd::from_nano(3))
    );
    assert_eq!(chat.faults.iter().collect::<Vec<_>>(), [(&FaultKind::Timeout, &1)]);
    assert_eq!((chat.durations[1], chat.durations[14], chat.duration_ms), (3, 1, 200_045));
    assert_eq!((rows[1].operation.as_str(), rows[1].usage.input), ("embeddings", 4));
}

#[test]
fn the_number_of_rows_is_bounded() {
    let world = world();
    let observe = Observe::new();
    let metrics = observe.metrics();
    let provider = Scripted::new("s").layer(observe);
    for number in 0..1_100 {
        let _ = world.run(provider.complete(&world.call(), &question().model(number.to_string())));
    }
    let rows = metrics.rows();
    assert_eq!(rows.len(), 1_001);
    assert_eq!(rows.iter().find(|row| row.model == "other").unwrap().calls, 100);
}
