//! Two people at once: of two different answers one is taken, and whoever gave the other one is told.

use std::sync::Arc;

use fusion_core::contract::Store;
use fusion_core::error::{Code, Result};
use fusion_core::model::graph::Node;
use fusion_core::model::{
    Answer, Graph, OnUnknown, Payload, Policy, Record, RunId, RunStatus, Verdict,
};
use fusion_core::run::Options;
use fusion_core::{Fusion, Run, Starting};
use serde_json::{Value, json};

use super::bed::{Disk, approval, env, until};

/// A store as two processes see it: the same memory, or a connection for each to one file.
struct Pair {
    stores: [Arc<dyn Store>; 2],
    _disk: Option<Disk>,
}

impl Pair {
    async fn memory() -> Self {
        let store = fusion_core::record::open("memory://", env()).await.unwrap();
        Self { stores: [store.clone(), store], _disk: None }
    }

    async fn sqlite() -> Self {
        let disk = Disk::new();
        let stores = [disk.store().await, disk.store().await];
        Self { stores, _disk: Some(disk) }
    }

    /// Opens an engine that drives runs, and one that only speaks to them.
    async fn engines(&self) -> [Fusion; 2] {
        let speaks = Options { work: false, hibernate: false, ..Options::default() };
        let open = |store: &Arc<dyn Store>, options| {
            Fusion::builder("memory://").store(store.clone()).options(options).open()
        };
        let [first, second] = &self.stores;
        let engines = [open(first, Options::default()).await, open(second, speaks).await];
        engines.map(Result::unwrap)
    }
}

mod memory {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_verdicts_one_is_taken() {
        super::of_two_verdicts_one_is_taken(super::Pair::memory().await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_yes_and_no_one_is_taken() {
        super::of_yes_and_no_one_is_taken(super::Pair::memory().await).await;
    }
}

mod sqlite {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_verdicts_one_is_taken() {
        super::of_two_verdicts_one_is_taken(super::Pair::sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_yes_and_no_one_is_taken() {
        super::of_yes_and_no_one_is_taken(super::Pair::sqlite().await).await;
    }
}

/// Finds a run as the second process sees it.
async fn seen(engines: &[Fusion; 2], id: &RunId) -> (Run, Run) {
    (engines[0].find(id).await.unwrap(), engines[1].find(id).await.unwrap())
}

/// Says which of two was heard; the other one was told so, and by whom.
fn heard(what: &str, first: Result<()>, second: Result<()>) -> usize {
    let (at, refused) = match (first, second) {
        (Ok(()), Err(error)) => (0, error),
        (Err(error), Ok(())) => (1, error),
        both => panic!("{what}: exactly one is taken, not {both:?}"),
    };
    assert_eq!(refused.code(), Code::NotApplicable, "{what}: {refused}");
    let by = ["already, by ada", "already, by bob"][at];
    assert!(refused.message().ends_with(by), "{what}: {refused}");
    at
}

async fn of_two_verdicts_one_is_taken(pair: Pair) {
    let once = |fusion: &Fusion| {
        fusion.step("once", |_: Value| async move {
            std::future::pending::<()>().await;
            Ok(())
        })
    };
    let on_unknown = OnUnknown::WaitHuman;
    let policy = Policy { at_most_once: true, on_unknown, ..Policy::default() };
    let graph = Graph::new("doubt").add(Node::step("a", "once").policy(policy));
    let graph = graph.output("a", "{{ nodes.a }}");
    for round in 0..10 {
        let id = RunId::new(&format!("r{round}")).unwrap();
        // The first owner goes while the body runs: nobody knows whether it was done.
        let owner = pair.engines().await;
        once(&owner[0]);
        let starting = Starting { id: Some(id.clone()), input: json!({}), ..Starting::default() };
        let run = owner[0].start_with(&graph, starting).await.unwrap();
        while run.records().await.unwrap().len() < 2 {
            crate::pause(5).await;
        }
        drop((run, owner));
        let engines = pair.engines().await;
        once(&engines[0]);
        engines[0].recover().await.unwrap();
        let (ada, bob) = seen(&engines, &id).await;
        let is_in_doubt = |record: &Record| matches!(record, Record::InDoubt(_));
        while !ada.records().await.unwrap().iter().any(|it| is_in_doubt(&it.record)) {
            crate::pause(5).await;
        }
        let done = Verdict::Done(Payload::value(&json!("done")));
        let verdicts = [done, Verdict::Failed("it was not".to_owned())];
        let [yes, no] = verdicts.clone();
        let (a, b) = tokio::join!(ada.resolve("a", yes, "ada"), bob.resolve("a", no, "bob"));
        let taken = heard(&format!("round {round}"), a, b);
        let _ended = ada.result::<Value>().await;
        let records = ada.records().await.unwrap();
        let resolved = records.iter().filter_map(|it| match &it.record {
            Record::Resolved(_, verdict, by) => Some((verdict.clone(), by.clone())),
            _ => None,
        });
        let by = ["ada", "bob"][taken].to_owned();
        assert_eq!(resolved.collect::<Vec<_>>(), [(verdicts[taken].clone(), by)]);
        let status = [RunStatus::Succeeded, RunStatus::Failed][taken];
        assert_eq!(ada.status().await.unwrap(), status);
        // Who comes later is told, too.
        let late = bob.resolve("a", Verdict::NotDone, "eve").await.unwrap_err();
        assert_eq!(late.code(), Code::NotApplicable, "{late}");
    }
}

async fn of_yes_and_no_one_is_taken(pair: Pair) {
    let engines = pair.engines().await;
    let graph = Graph::new("ask").add(approval("ok", "Go?"));
    let graph = graph.output("ok", json!(["{{ nodes.ok.by }}", "{{ nodes.ok.approved }}"]));
    for round in 0..20 {
        let run = engines[0].start(&graph, json!({})).await.unwrap();
        until(&run, RunStatus::Waiting).await;
        let (ada, bob) = seen(&engines, run.id()).await;
        let answer = |by: &str, approved| Answer { approved, by: by.into(), comment: by.repeat(2) };
        let (a, b) = tokio::join!(
            ada.answer(Some("ok"), answer("ada", true)),
            bob.answer(Some("ok"), answer("bob", false))
        );
        let taken = heard(&format!("round {round}"), a, b);
        let ended = run.result::<Value>().await;
        let records = run.records().await.unwrap();
        let said = records.iter().filter_map(|it| match &it.record {
            Record::Answered(_, answer) => Some(answer.clone()),
            _ => None,
        });
        let expected = [answer("ada", true), answer("bob", false)][taken].clone();
        assert_eq!(said.collect::<Vec<_>>(), [expected]);
        let by = ["ada", "bob"][taken];
        assert_eq!(ended.unwrap(), json!({"ok": [by, taken == 0]}));
        let late = bob.answer(None, answer("eve", true)).await.unwrap_err();
        assert_eq!(late.code(), Code::NotApplicable, "{late}");
    }
}
