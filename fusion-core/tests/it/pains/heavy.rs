//! Templates that take long: they hold up their own run, and no other.

use fusion_core::Fusion;
use fusion_core::model::graph::{Check, Node};
use fusion_core::model::{Class, Graph};
use serde_json::{Value, json};

use super::bed::Count;

crate::on_every_store! {
    a_heavy_template_holds_up_no_other_run,
    a_template_over_a_large_value_is_evaluated_apart,
}

/// It takes some million instructions.
const HEAVY: &str =
    "{% for i in range(1500) %}{% for j in range(800) %}{% endfor %}{% endfor %}done";

/// Makes a graph that evaluates the heavy template in one place.
fn heavy(place: &str) -> Graph {
    let part = "(range(99999) | map('string') | join | length)";
    let long = format!("({}) > 0", [part; 6].join(" + "));
    let node = Node::step("a", "echo").with("x");
    match place {
        "with" => Graph::new("h").add(Node::step("a", "echo").with(HEAVY)),
        "when" => Graph::new("h").add(node.when(&long)),
        "validate" => {
            let mut node = node;
            node.more_mut().validate = vec![Check::That(long)];
            Graph::new("h").add(node)
        }
        "until" => Graph::new("h").add(node.until(&long, 3)),
        "map" => Graph::new("h").add(Node::step("a", "echo").map(format!("{{{{ [{long}] }}}}"))),
        _ => Graph::new("h").add(node).output("text", HEAVY),
    }
}

async fn a_heavy_template_holds_up_no_other_run(fusion: Fusion) {
    let count = Count::default();
    let seen = count.clone();
    let echo = fusion.step("echo", move |value: Value| {
        seen.add();
        async move { Ok(value) }
    });
    let light = Graph::new("light")
        .node("a", echo.with("{{ 1 + 1 }}"))
        .node("b", echo.with("{{ nodes.a + 1 }}"))
        .output("b", "{{ nodes.b }}");
    for place in ["with", "when", "validate", "until", "map", "outputs"] {
        let slow = fusion.start(&heavy(place), json!({})).await.unwrap();
        // Its driver comes to the template.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let mut before = 0;
        while !slow.status().await.unwrap().is_final() {
            let run = fusion.start(&light, json!({})).await.unwrap();
            assert_eq!(run.result::<Value>().await.unwrap(), json!({"b": 3}));
            before += 1;
        }
        assert!(before >= 2, "{place}: {before} runs came before it");
        let ended = slow.result::<Value>().await;
        assert!(ended.is_ok(), "{place}: {ended:?}");
    }
}

async fn a_template_over_a_large_value_is_evaluated_apart(fusion: Fusion) {
    let echo = fusion.step("echo", |value: Value| async move { Ok(value) });
    let graph = Graph::new("large")
        .node("a", echo.with("{{ 'ab' * 1000000 }}"))
        .node("b", echo.with("{{ nodes.a | replace('b', '') | length }}"))
        .node("c", echo.with("{{ nodes.a }}").when("nodes.b > 1"))
        .output("n", "{{ nodes.b + (nodes.c | length) }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 3_000_000}));
    let endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
    let run =
        fusion.start(&Graph::new("e").node("a", echo.with(endless)), json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("steps"), "{error}");
    let failure = run.state().await.unwrap().result().unwrap().2.clone().unwrap();
    assert_eq!(failure.class, Class::LIMIT);
}

#[tokio::test]
async fn the_search_for_secrets_in_a_large_output_holds_up_no_other_run() {
    let fusion = Fusion::builder("memory://")
        .secrets(|_| Some("a token of some length".to_owned()))
        .open()
        .await
        .unwrap();
    let (made, seen) = (Count::default(), Count::default());
    let done = made.clone();
    let large = fusion.step("large", move |token: String| {
        let text = format!("{} {token}", "a line of text: 12 34\n".repeat(500_000));
        done.add();
        async move { Ok(text) }
    });
    let count = seen.clone();
    let echo = fusion.step("echo", move |value: Value| {
        count.add();
        async move { Ok(value) }
    });
    let light = Graph::new("light").node("a", echo.with("{{ 1 + 1 }}"));
    let graph = Graph::new("large")
        .node("a", large.with("{{ secrets.TOKEN }}"))
        .output("end", "{{ nodes.a[-4:] }}");
    let slow = fusion.start(&graph, json!({})).await.unwrap();
    while made.get() == 0 {
        tokio::task::yield_now().await;
    }
    while !slow.status().await.unwrap().is_final() {
        let run = fusion.start(&light, json!({})).await.unwrap();
        run.result::<Value>().await.unwrap();
    }
    assert!(seen.get() >= 5, "{} runs came before it", seen.get());
    assert_eq!(slow.result::<Value>().await.unwrap(), json!({"end": " ***"}));
}
