//! Large, long, odd values: they keep their value, or there is an error that says what is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fusion_core::Fusion;
use fusion_core::error::Code;
use fusion_core::model::Class;
use fusion_core::model::graph::{Kind, Node};
use fusion_core::model::{Failure, Graph, RunId};
use serde_json::{Value, json};

use super::bed::{Count, Disk, signal};

crate::on_every_store! {
    numbers_keep_their_value,
    large_payloads_travel_whole,
    a_very_long_error_is_kept_and_told,
    names_may_be_in_any_language,
    odd_texts_are_data,
}

/// Numbers beyond the 53 bits of a double keep their value through inputs, templates, records, commands and signals.
async fn numbers_keep_their_value(fusion: Fusion) {
    let numbers = json!([
        9_007_199_254_740_993_i64,
        -9_007_199_254_740_993_i64,
        i64::MAX,
        i64::MIN,
        u64::MAX,
        0.1,
        1e300,
        -0.0,
        123_456_789_012_345_680_i64
    ]);
    let same = fusion.step("same", |value: Value| async move { Ok(value) });
    let graph = Graph::new("numbers")
        .node("a", same.with("{{ inputs.list }}"))
        .node("b", same.with(json!({"list": "{{ nodes.a }}", "first": "{{ nodes.a[0] }}", "text": "{{ nodes.a[4] }}!"})))
        .node("all", same.map("{{ nodes.b.list }}"))
        .add(signal("go", "go").after("all"))
        .node("more", same.with("{{ nodes.a[0] + 2 }}"))
        .output("all", "{{ nodes.all }}")
        .output("b", "{{ nodes.b }}")
        .output("go", "{{ nodes.go }}")
        .output("more", "{{ nodes.more }}");
    let run = fusion.start(&graph, json!({ "list": numbers })).await.unwrap();
    run.signal("go", u64::MAX - 1).await.unwrap();
    let out = run.result::<Value>().await.unwrap();
    assert_eq!(out["all"], numbers);
    assert_eq!(out["b"]["list"], numbers);
    assert_eq!(out["b"]["first"].as_i64(), Some(9_007_199_254_740_993));
    assert_eq!(out["b"]["text"], "18446744073709551615!");
    assert_eq!(out["go"].as_u64(), Some(u64::MAX - 1));
    assert_eq!(out["more"].as_i64(), Some(9_007_199_254_740_995));
    assert_eq!(
        out["all"].to_string(),
        numbers.to_string(),
        "integers stay integers, floats floats"
    );
}

/// Values of many megabytes travel through steps, maps, signals and outputs without a change.
async fn large_payloads_travel_whole(fusion: Fusion) {
    let grow = fusion.step("grow", |n: usize| async move { Ok("é\"\n\u{0}".repeat(n)) });
    let len = fusion.step("len", |text: String| async move { Ok(text.chars().count()) });
    let graph = Graph::new("large")
        .node("a", grow.with(2_000_000))
        .node("b", len.after("a"))
        .node("all", grow.map(json!([100, 100_000, 200_000])))
        .node("lens", len.map("{{ nodes.all }}"))
        .add(signal("go", "go"))
        .node("c", len.with("{{ nodes.go }}{{ nodes.a }}"))
        .output("n", json!(["{{ nodes.b }}", "{{ nodes.c }}", "{{ nodes.lens }}"]));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.signal("go", "g".repeat(3_000_000)).await.unwrap();
    let out = run.result::<Value>().await.unwrap();
    assert_eq!(out["n"], json!([8_000_000, 11_000_000, [400, 400_000, 800_000]]));
}

/// A failure that says megabytes is recorded and told; nothing else breaks under it.
async fn a_very_long_error_is_kept_and_told(fusion: Fusion) {
    let bad = fusion.step("bad", |_: Value| async move {
        Err::<Value, _>(Failure::error("e".repeat(3_000_000)).detail("d\n".repeat(3_000_000)))
    });
    let run = fusion.start(&Graph::new("long").node("a", bad), json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.code(), Code::RunFailed);
    assert!(
        error.to_string().contains(&format!("run `{}` failed: node `a` failed: eee", run.id()))
    );
    let list = fusion.list(None, None, 10).await.unwrap();
    assert!(
        list.items[0].1.error.as_ref().unwrap().len() < 10_000,
        "a list shows a line, not megabytes"
    );
    assert!(run.why().await.unwrap()[0].sentence.len() < 10_000);
}

/// Names of inputs, outputs and signals may be in any language; those of runs and nodes may not, and the error says so.
async fn names_may_be_in_any_language(fusion: Fusion) {
    let error = RunId::new("läufe/日本").unwrap_err();
    assert_eq!(error.code(), Code::InvalidId);
    let step = fusion.step("count", |text: String| async move { Ok(text.chars().count()) });
    let graph = Graph::new("größe").node("wörter", step.with("x"));
    let error = fusion.start(&graph, json!({})).await.unwrap_err();
    assert!(error.to_string().contains("has the sign 'ö'"), "{error}");
    let graph = Graph::new("languages")
        .add(signal("wait", "信号"))
        .node("count", step.with("{{ inputs[\"ключ\"] }}{{ nodes.wait }}"))
        .output("длина", "{{ nodes.count }}");
    let run = fusion.start(&graph, json!({"ключ": "🦀é"})).await.unwrap();
    run.signal("信号", "👩‍👩‍👧").await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"длина": 7}));
}

/// Texts that look like templates, like SQL or like markup are data once they are values.
async fn odd_texts_are_data(fusion: Fusion) {
    let odd = [
        "{{ inputs.x }}",
        "{% raw %}",
        "'; DROP TABLE journal; --",
        "\u{202e}abc",
        "a\u{0}b",
        "\u{feff}",
        "",
        " ",
    ];
    let same = fusion.step("same", |text: String| async move { Ok(text) });
    let graph = Graph::new("odd")
        .node("all", same.map("{{ inputs.list }}"))
        .node("first", same.with("{{ nodes.all[0] }}"))
        .output("all", "{{ nodes.all }}")
        .output("first", "{{ nodes.first }}");
    let run = fusion.start(&graph, json!({"list": odd})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"all": odd, "first": odd[0]}));
}

/// A command's huge output is an error that says so, never a value that was cut; huge complaints are cut at the front.
#[tokio::test]
async fn a_command_that_floods_fails_and_says_why() {
    let disk = Disk::new();
    let url = disk.path().display().to_string();
    let path = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    let fusion = Fusion::builder(&url).command_env(path.into()).open().await.unwrap();
    let script = "yes error | head -c 5000000 >&2; yes 0123456789 | head -c 20000000";
    let graph = Graph::new("flood")
        .add(Node::command("a", ["sh", "-c", script]))
        .add(Node::command("b", ["sh", "-c", &format!("{script}; exit 7")]))
        .finish_branches();
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.result::<Value>().await.unwrap_err();
    let state = run.state().await.unwrap();
    let failure =
        |name: &str| state.failure(state.program().find_key(name).unwrap()).unwrap().clone();
    assert_eq!(failure("a").class, Class::LIMIT);
    assert!(failure("a").message.contains("wrote 20000000 bytes"), "{}", failure("a").message);
    assert!(failure("b").message.len() < 500 && failure("b").detail.unwrap().len() <= 4_000);
}

/// A map never has more bodies in flight than it was allowed, however long its list is.
#[tokio::test]
async fn a_map_of_a_hundred_thousand_has_few_bodies_at_once() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let (now, most) = (Count::default(), Arc::new(AtomicU32::new(0)));
    let (inside, seen) = (now.clone(), most.clone());
    let step = fusion.step("one", move |n: u32| {
        let (now, most) = (inside.clone(), seen.clone());
        async move {
            most.fetch_max(now.add() + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.sub();
            Ok(n)
        }
    });
    let mut node = step.map("{{ range(100000) | list }}");
    if let Kind::Map(map) = &mut node.kind {
        map.max_parallel = 32;
    }
    let graph = Graph::new("many").node("all", node).output("n", "{{ nodes.all | length }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 100_000}));
    assert!(most.load(Ordering::SeqCst) <= 32);
}
