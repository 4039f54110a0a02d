//! People, signals, cancelling, followers: every answer lands where it was asked for.

use fusion_core::error::Code;
use fusion_core::model::graph::Node;
use fusion_core::model::{Answer, Graph, NodeStatus, Record, RunStatus};
use fusion_core::run::Options;
use fusion_core::{Fusion, Run};
use serde_json::{Value, json};

use super::bed::{Count, Disk, approval, signal, until};

crate::on_every_store! {
    parallel_approvals_have_names_of_their_own,
    answers_in_any_order_leave_the_others_waiting,
    a_cancel_reaches_bodies_and_children_and_is_recorded,
    a_late_follower_sees_the_same_events,
}

fn answer(by: &str, approved: bool) -> Answer {
    Answer { approved, by: by.into(), comment: String::new() }
}

/// Thread 27: approvals that wait beside each other are answered by name; a second answer to the same one is refused.
async fn parallel_approvals_have_names_of_their_own(fusion: Fusion) {
    let graph = Graph::new("ask")
        .add(approval("build", "Build?"))
        .add(approval("ship", "Ship?"))
        .output("by", json!(["{{ nodes.build.by }}", "{{ nodes.ship.by }}"]));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    let error = run.answer(None, answer("eve", true)).await.unwrap_err();
    assert_eq!(error.code(), Code::UnknownReference);
    assert!(error.to_string().contains("`build`, `ship`"), "{error}");
    run.answer(Some("ship"), answer("bob", true)).await.unwrap();
    let ship = run.state().await.unwrap().program().find_key("ship").unwrap();
    while run.state().await.unwrap().node_status(ship) == NodeStatus::Waiting {
        crate::pause(5).await;
    }
    let error = run.answer(Some("ship"), answer("eve", false)).await.unwrap_err();
    assert_eq!(error.code(), Code::NotApplicable, "{error}");
    assert!(error.message().ends_with("answered already, by bob"), "{error}");
    run.answer(Some("build"), answer("ada", true)).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"by": ["ada", "bob"]}));
}

/// Two answers at the same moment: one counts, the run says which, and whoever gave the other one is told.
#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    let fusion = Fusion::open("memory://").await.unwrap();
    for _ in 0..20 {
        let graph = Graph::new("ask").add(approval("ok", "Go?")).output("by", "{{ nodes.ok.by }}");
        let run = fusion.start(&graph, json!({})).await.unwrap();
        until(&run, RunStatus::Waiting).await;
        let (a, b) = tokio::join!(
            run.answer(Some("ok"), answer("ada", true)),
            run.answer(Some("ok"), answer("bob", true))
        );
        let by = run.result::<Value>().await.unwrap()["by"].clone();
        assert!(by == "ada" || by == "bob", "{by}");
        let (heard, other) = if by == "ada" { (a, b) } else { (b, a) };
        heard.unwrap();
        let code = other.unwrap_err().code();
        assert!(matches!(code, Code::NotApplicable | Code::UnknownReference), "{code:?}");
    }
}

/// Thread 28: whatever the order of the answers, each resumes its own branch and no other, and none runs twice.
async fn answers_in_any_order_leave_the_others_waiting(fusion: Fusion) {
    let count = Count::default();
    let seen = count.clone();
    let step = fusion.step("behind", move |n: u32| {
        seen.add();
        async move { Ok(n) }
    });
    let mut graph = Graph::new("orders");
    for n in 0..3 {
        graph = graph
            .add(signal(&format!("w{n}"), &format!("s{n}")))
            .node(&format!("n{n}"), step.with(format!("{{{{ nodes.w{n} }}}}")));
    }
    let graph = graph.output("all", json!(["{{ nodes.n0 }}", "{{ nodes.n1 }}", "{{ nodes.n2 }}"]));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let before = count.get();
        let run = fusion.start(&graph, json!({})).await.unwrap();
        for (done, n) in (1_u32..).zip(order) {
            run.signal(&format!("s{n}"), n * 10).await.unwrap();
            count.reaches(before + done).await;
            if done < 3 {
                let state = run.state().await.unwrap();
                assert_eq!(state.waits().count(), 3 - done as usize, "{order:?}");
            }
        }
        assert_eq!(run.result::<Value>().await.unwrap(), json!({"all": [0, 10, 20]}));
        assert_eq!(count.get(), before + 3);
    }
}

fn nested(fusion: &Fusion, count: &Count) -> Graph {
    let count = count.clone();
    let step = fusion.step("first", move |_: Value| {
        let n = count.add();
        async move { Ok(n) }
    });
    let inner = Graph::new("inner")
        .node("a", step.node())
        .add(signal("go", "go").after("a"))
        .node("b", step.after("go"))
        .output("all", json!(["{{ nodes.a }}", "{{ nodes.b }}"]));
    fusion.workflow(inner);
    Graph::new("outer").add(Node::workflow("child", "inner")).output("all", "{{ nodes.child.all }}")
}

async fn child_of(run: &Run, fusion: &Fusion) -> Run {
    loop {
        let state = run.state().await.unwrap();
        if let Some((_, child)) = state.children().next() {
            return fusion.find(child).await.unwrap();
        }
        crate::pause(5).await;
    }
}

/// Thread 29: a sub-workflow that waited goes on where it was after a restart; its first node does not run again.
#[tokio::test]
async fn a_sub_workflow_resumes_where_it_was() {
    let disk = Disk::new();
    let count = Count::default();
    let first = disk.open().await;
    let run = first.start(&nested(&first, &count), json!({})).await.unwrap();
    let child = child_of(&run, &first).await;
    until(&child, RunStatus::Waiting).await;
    first.close().await.unwrap();
    let second = disk.open().await;
    nested(&second, &count);
    second.recover().await.unwrap();
    let run = second.find(run.id()).await.unwrap();
    child_of(&run, &second).await.signal("go", json!(null)).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"all": [0, 1]}));
    second.close().await.unwrap();
}

/// Thread 30: cancelling reaches running bodies and children of children; who asked for it is in their journals.
async fn a_cancel_reaches_bodies_and_children_and_is_recorded(fusion: Fusion) {
    let (started, told) = (Count::default(), Count::default());
    let (on_start, on_end) = (started.clone(), told.clone());
    fusion.step_with("body", move |ctx, _: Value| {
        on_start.add();
        let told = on_end.clone();
        async move {
            ctx.cancelled().await;
            told.add();
            Ok(())
        }
    });
    fusion.workflow(Graph::new("leaf").step("a", "body"));
    fusion.workflow(Graph::new("middle").add(Node::workflow("leaf", "leaf")));
    let graph = Graph::new("top").add(Node::workflow("middle", "middle")).step("b", "body");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    started.reaches(2).await;
    let middle = child_of(&run, &fusion).await;
    let leaf = child_of(&middle, &fusion).await;
    run.cancel("ada", "enough").await.unwrap();
    told.reaches(2).await;
    for run in [&run, &middle, &leaf] {
        assert_eq!(run.result::<Value>().await.unwrap_err().code(), Code::RunCancelled);
        let records = run.records().await.unwrap();
        let asked = records.iter().find(|it| matches!(&it.record, Record::CancelRequested(..)));
        assert!(asked.is_some(), "{}", run.id());
    }
}

/// A run whose process is gone is cancelled by the one who takes it over, and nothing of it runs again.
#[tokio::test]
async fn a_run_without_a_process_can_be_cancelled() {
    let disk = Disk::new();
    let first = disk.open().await;
    let count = Count::default();
    let seen = count.clone();
    let forever = move |_: Value| {
        seen.add();
        std::future::pending::<Result<(), fusion_core::model::Failure>>()
    };
    first.step("forever", forever.clone());
    let graph = Graph::new("gone").step("a", "forever");
    let run = first.start(&graph, json!({})).await.unwrap();
    count.reaches(1).await;
    first.close().await.unwrap();
    let teller = disk.open_with(Options { work: false, ..Options::default() }).await;
    teller.find(run.id()).await.unwrap().cancel("ada", "gone").await.unwrap();
    teller.close().await.unwrap();
    let second = disk.open().await;
    second.step("forever", forever);
    second.recover().await.unwrap();
    let error = second.find(run.id()).await.unwrap().result::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("cancelled by ada: gone"), "{error}");
    assert_eq!(count.get(), 1, "the body does not start again to be cancelled");
    second.close().await.unwrap();
}

/// Thread 31: who begins to follow late, or joins again, sees the same events as who was there from the start; children
/// have streams of their own.
async fn a_late_follower_sees_the_same_events(fusion: Fusion) {
    let count = Count::default();
    let run = fusion.start(&nested(&fusion, &count), json!({})).await.unwrap();
    let child = child_of(&run, &fusion).await;
    let mut early = child.events(0);
    until(&child, RunStatus::Waiting).await;
    child.signal("go", json!(null)).await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = early.next().await.unwrap() {
        seen.push(event);
    }
    run.result::<Value>().await.unwrap();
    let mut late = child.events(0);
    for event in &seen {
        assert_eq!(late.next().await.unwrap().as_ref(), Some(event));
    }
    assert_eq!(late.next().await.unwrap(), None);
    let mut joined = child.events(seen[2].seq);
    assert_eq!(joined.next().await.unwrap().unwrap().seq, seen[2].seq + 1);
    assert_eq!(seen.last().unwrap().name, "run.succeeded");
}
