//! Several engines on one SQLite file: who drives, who hears what, how soon.

use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::error::Code;
use fusion_core::model::graph::InputType;
use fusion_core::model::{Cache, Failure, Graph, Payload, Policy, RunId, RunStatus};
use fusion_core::run::Options;
use fusion_core::{Fusion, Starting};
use serde_json::{Value, json};

use super::bed::{Count, Disk, clock_ms, outcomes, signal, until};

crate::on_every_store! {
    the_same_id_at_once_is_one_run,
    an_outcome_is_reused_by_other_runs,
    a_graph_that_code_gives_is_reused_by_other_runs,
}

fn slow(fusion: &Fusion, count: &Count) {
    let count = count.clone();
    fusion.step("slow", move |n: u32| {
        let count = count.clone();
        async move {
            count.add();
            crate::pause(5).await;
            Ok(n)
        }
    });
}

fn chain(name: &str) -> Graph {
    let node = |n: u32| fusion_core::model::graph::Node::step(&format!("n{n}"), "slow").with(n);
    let mut graph = Graph::new(name).add(node(0));
    for n in 1..5 {
        graph = graph.add(node(n).after([format!("n{}", n - 1)]));
    }
    graph
}

async fn once(fusion: Fusion) -> Value {
    let id = Some(RunId::new("once").unwrap());
    let starting = Starting { id, input: json!({}), ..Starting::default() };
    fusion.start_with(&chain("once"), starting).await.unwrap().result().await.unwrap()
}

/// Starting the same id from many tasks at once is one run, and all of them get its result.
async fn the_same_id_at_once_is_one_run(fusion: Fusion) {
    let count = Count::default();
    slow(&fusion, &count);
    let starts = (0..32).map(|_| once(fusion.clone()));
    futures_util::future::join_all(starts).await;
    assert_eq!(count.get(), 5);
}

/// The same from two engines on one file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_id_from_two_engines_is_one_run() {
    let disk = Disk::new();
    let count = Count::default();
    let engines = [disk.open().await, disk.open().await];
    for fusion in &engines {
        slow(fusion, &count);
    }
    let starts = (0..16).map(|n| once(engines[n % 2].clone()));
    futures_util::future::join_all(starts).await;
    assert_eq!(count.get(), 5);
    let id = Some(RunId::new("once").unwrap());
    let other = Starting { id, input: json!({"n": 1}), ..Starting::default() };
    let error = engines[1].start_with(&chain("once"), other).await.unwrap_err();
    assert_eq!(error.code(), Code::IdConflict);
    for fusion in engines {
        fusion.close().await.unwrap();
    }
}

/// Two engines work off what a third one left: every run is driven by one of them only, and both take part.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_driven_by_one_engine_only() {
    let disk = Disk::new();
    let starter = disk.open().await;
    let mut runs = Vec::new();
    for n in 0..40 {
        let graph = Graph::new("shared").add(signal("go", "go"));
        let mut graph = graph.step("a", &format!("missing{n}"));
        graph.nodes.pop();
        let run = starter.start(&graph.step("b", "slow"), json!({})).await.unwrap();
        runs.push(run.id().clone());
    }
    starter.settled().await;
    starter.close().await.unwrap();
    let counts = [Count::default(), Count::default()];
    let limited = Options { concurrency: 4, hibernate: true, ..Options::default() };
    let mut engines = Vec::new();
    for count in &counts {
        let fusion = disk.open_with(limited.clone()).await;
        let count = count.clone();
        fusion.step("slow", move |_: Value| {
            let count = count.clone();
            async move {
                count.add();
                crate::pause(20).await;
                Ok(1)
            }
        });
        engines.push(fusion);
    }
    for id in &runs {
        engines[0].find(id).await.unwrap().signal("go", json!(null)).await.unwrap();
    }
    let (a, b) = tokio::join!(engines[0].recover(), engines[1].recover());
    assert!(a.unwrap() + b.unwrap() > 0);
    for id in &runs {
        let run = engines[0].find(id).await.unwrap();
        run.result::<Value>().await.unwrap();
        assert_eq!(outcomes(&run).await, 2);
    }
    assert_eq!(counts[0].get() + counts[1].get(), 40, "no body ran twice");
    assert!(
        counts.iter().all(|count| count.get() >= 4),
        "{counts:?}",
        counts = counts.each_ref().map(Count::get)
    );
    for fusion in engines {
        fusion.close().await.unwrap();
    }
}

/// An engine that is closed gives its runs back, and another one goes on with them at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_engine_is_followed_at_once() {
    let disk = Disk::new();
    let (first, second) = (disk.open().await, disk.open().await);
    let count = Count::default();
    for fusion in [&first, &second] {
        let count = count.clone();
        fusion.step("long", move |_: Value| {
            let n = count.add();
            async move {
                if n == 0 {
                    std::future::pending::<()>().await;
                }
                Ok(n)
            }
        });
    }
    second.recover().await.unwrap();
    let graph = Graph::new("follow").step("a", "long").output("n", "{{ nodes.a }}");
    let run = first.start(&graph, json!({})).await.unwrap();
    count.reaches(1).await;
    let from = clock_ms();
    first.close().await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap_err().code(), Code::Closed);
    let run = second.find(run.id()).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 1}));
    let took = clock_ms() - from;
    assert!(took < 1_000, "{took} ms");
    second.close().await.unwrap();
}

/// What one engine writes is heard by another on the same file in some milliseconds: signals and ends of runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_on_one_file_hear_each_other_at_once() {
    let disk = Disk::new();
    let (first, second) =
        (disk.open().await, disk.open_with(Options { work: false, ..Options::default() }).await);
    let mut took = Vec::new();
    for _ in 0..15 {
        let graph = Graph::new("ring").add(signal("go", "go"));
        let run = first.start(&graph, json!({})).await.unwrap();
        let there = second.find(run.id()).await.unwrap();
        let mut events = there.events(0);
        assert_eq!(events.next().await.unwrap().unwrap().name, "run.started");
        until(&run, RunStatus::Waiting).await;
        crate::pause(30).await;
        let from = clock_ms();
        there.signal("go", json!(null)).await.unwrap();
        there.result::<Value>().await.unwrap();
        took.push(clock_ms() - from);
    }
    took.sort_unstable();
    assert!(took[7] < 250, "there and back, sorted, in ms: {took:?}");
    first.close().await.unwrap();
    second.close().await.unwrap();
}

/// Thread 18: names, not random ids, are identity: an engine finds the runs of another by the names that were given.
#[tokio::test]
async fn names_are_identity_over_processes() {
    let disk = Disk::new();
    let first = disk.open().await;
    let count = Count::default();
    slow(&first, &count);
    let id = RunId::new("nightly:2026-11-21").unwrap();
    let start = || Starting { id: Some(id.clone()), input: json!({}), ..Starting::default() };
    let run = first.start_with(&chain("nightly"), start()).await.unwrap();
    run.result::<Value>().await.unwrap();
    first.close().await.unwrap();
    let second = disk.open().await;
    let again = second.start_with(&chain("nightly"), start()).await.unwrap();
    again.result::<Value>().await.unwrap();
    assert_eq!(count.get(), 5);
    assert_eq!(again.status().await.unwrap(), RunStatus::Succeeded);
    second.close().await.unwrap();
}

/// An outcome that may be reused is: by another run, for the same step and input only, until its author changes the
/// version.
async fn an_outcome_is_reused_by_other_runs(fusion: Fusion) {
    let count = Count::default();
    let seen = count.clone();
    let step = fusion.step("dear", move |text: String| {
        seen.add();
        async move { Ok(text.repeat(40_000)) }
    });
    let graph = |version: &str| {
        let cache = Some(Cache { version: version.to_owned(), ttl_ms: None });
        Graph::new("cache")
            .input("text", InputType::String)
            .node("a", step.with("{{ inputs.text }}").policy(Policy { cache, ..Policy::default() }))
            .output("n", "{{ nodes.a | length }}")
    };
    for (version, text, calls) in
        [("1", "ab", 1), ("1", "ab", 1), ("1", "cd", 2), ("2", "ab", 3), ("1", "ab", 3)]
    {
        let run = fusion.start(&graph(version), json!({"text": text})).await.unwrap();
        assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 80_000}));
        assert_eq!(count.get(), calls, "{version} {text}");
    }
}

/// Code that gives a graph.
#[derive(Debug)]
struct Planner(Count);

impl Step for Planner {
    fn name(&self) -> &'static str {
        "planner"
    }

    fn run(&self, _ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        self.0.add();
        let graph = Graph::new("plan").step("n", "twice").output("n", "{{ nodes.n }}");
        let word: String = input.decode().unwrap();
        let graph = graph.output("word", word);
        Box::pin(async move { Ok(Output::Graph(Box::new(graph))) })
    }
}

/// A graph that code gives is reused as any other outcome: it runs anew in each run, and is made once for one input.
async fn a_graph_that_code_gives_is_reused_by_other_runs(fusion: Fusion) {
    let (plans, work) = (Count::default(), Count::default());
    let planner = fusion.register(Planner(plans.clone()));
    let worked = work.clone();
    fusion.step("twice", move |_: Value| {
        let n = worked.add();
        async move { Ok(n) }
    });
    let policy = Policy { cache: Some(Cache::default()), ..Policy::default() };
    let graph = Graph::new("planned")
        .input("word", InputType::String)
        .node("a", planner.with("{{ inputs.word }}").policy(policy))
        .output("a", "{{ nodes.a }}");
    for (at, (word, made)) in [("x", 1), ("x", 1), ("y", 2), ("x", 2)].into_iter().enumerate() {
        let run = fusion.start(&graph, json!({"word": word})).await.unwrap();
        let said = run.result::<Value>().await.unwrap();
        assert_eq!(said, json!({"a": {"n": at, "word": word}}), "the graph itself runs each time");
        assert_eq!(plans.get(), made, "{word}");
    }
    assert_eq!(work.get(), 4);
}
