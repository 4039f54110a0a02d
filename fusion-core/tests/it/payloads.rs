//! Values of every size and depth go through a run whole, or are refused by name.

use fusion_core::Fusion;
use fusion_core::error::Code;
use fusion_core::model::graph::InputType;
use fusion_core::model::{Class, Graph, RunStatus, limits};
use serde_json::{Value, json};

crate::on_every_store! {
    values_around_the_border_of_inline_and_blob_come_back_whole,
    a_value_of_100_mib_goes_through_a_run,
    a_value_beyond_the_limit_fails_its_node_by_name,
    a_value_nested_too_deep_is_refused_before_the_run_begins,
    arguments_by_place_fit_tuples_and_structs,
}

/// Steps that make a text of `n` bytes and measure one; the run gives the text and its length.
fn there_and_back(fusion: &Fusion) -> Graph {
    let make = fusion.step("make", |n: usize| async move { Ok("x".repeat(n)) });
    let len = fusion.step("len", |text: String| async move { Ok(text.len()) });
    Graph::new("sizes")
        .input("n", InputType::Integer)
        .node("a", make.with("{{ inputs.n }}"))
        .node("b", len.after("a"))
        .output("n", "{{ nodes.b }}")
        .output("a", "{{ nodes.a }}")
}

async fn values_around_the_border_of_inline_and_blob_come_back_whole(fusion: Fusion) {
    let graph = there_and_back(&fusion);
    // The quotes of JSON count as well: a text of two bytes less is the largest that is kept inline.
    for n in [0, 1].into_iter().chain(limits::INLINE_BYTES - 3..=limits::INLINE_BYTES + 1) {
        let run = fusion.start(&graph, json!({"n": n})).await.unwrap();
        let out: Value = run.result().await.unwrap();
        assert_eq!(out, json!({"n": n, "a": "x".repeat(n)}));
    }
}

async fn a_value_of_100_mib_goes_through_a_run(fusion: Fusion) {
    let graph = there_and_back(&fusion);
    let n = 100 << 20;
    let run = fusion.start(&graph, json!({"n": n})).await.unwrap();
    let out: Value = run.result().await.unwrap();
    assert_eq!((out["n"].as_u64(), out["a"].as_str().map(str::len)), (Some(n as u64), Some(n)));
}

async fn a_value_beyond_the_limit_fails_its_node_by_name(fusion: Fusion) {
    let graph = there_and_back(&fusion);
    let run = fusion.start(&graph, json!({"n": limits::PAYLOAD_BYTES})).await.unwrap();
    let (status, _, failure) = run.wait().await.unwrap();
    let failure = failure.unwrap();
    assert_eq!((status, &failure.class), (RunStatus::Failed, &Class::LIMIT), "{failure:?}");
    assert!(failure.message.contains("the most is 268435456"), "{failure:?}");
}

async fn a_value_nested_too_deep_is_refused_before_the_run_begins(fusion: Fusion) {
    let graph = there_and_back(&fusion);
    let deep = (0..2_000).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    // `json!` would go down into it, which an unoptimised program has no room for on a thread's stack.
    let input = Value::Object([("n".to_owned(), deep)].into_iter().collect());
    let refused = fusion.start(&graph, input).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidInput, "{refused}");
    assert!(fusion.list(None, None, 1).await.unwrap().items.is_empty(), "nothing was begun");
}

#[derive(serde::Deserialize)]
struct Headline {
    word: String,
    count: u32,
}

/// JavaScript gives several arguments as a list with a mark, and one as it is.
async fn arguments_by_place_fit_tuples_and_structs(fusion: Fusion) {
    let pair = fusion
        .step("pair", |(word, count): (String, u32)| async move { Ok(format!("{word} {count}")) });
    let headline = fusion.step("headline", |given: Headline| async move {
        Ok(format!("{}: {}", given.word, given.count))
    });
    let places = json!({"$args": ["the", 3]});
    let graph = Graph::new("places")
        .node("pair", pair.with(places.clone()))
        .node("place", headline.with(places))
        .node("name", headline.with(json!({"word": "the", "count": 3})))
        .output("said", "{{ [nodes.pair, nodes.place, nodes.name] }}");
    let out: Value = fusion.start(&graph, json!({})).await.unwrap().result().await.unwrap();
    assert_eq!(out["said"], json!(["the 3", "the: 3", "the: 3"]));
    let short = Graph::new("short").node("a", pair.with(json!({"$args": ["the"]})));
    let (status, _, failure) = fusion.start(&short, json!({})).await.unwrap().wait().await.unwrap();
    assert_eq!((status, failure.unwrap().class), (RunStatus::Failed, Class::DECODE));
}
