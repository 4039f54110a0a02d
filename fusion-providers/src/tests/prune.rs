//! What layers keep is forgotten when it is old, and nothing that counts still.

use std::sync::Arc;

use fusion_core::contract::{Call, Env, Provider, Store};
use fusion_core::model::chat::{Answer, Usage, Usd};
use fusion_core::model::{Append, Batch, Op, Payload, Record};
use fusion_core::record::Memory;
use fusion_core::run::Os;

use super::budget::{asked, labelled, penny, took};
use super::world::question;
use crate::Scripted;
use crate::layer::budget::Scope;
use crate::layer::{Budget, Cache, Gate, ProviderExt, prune};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_forgotten_and_what_counts_stays() {
    let (os, store) = (Os::new().unwrap(), Arc::new(Memory::new()));
    let store: Arc<dyn Store> = store;
    let there = Append {
        stream: "run/here".into(),
        expect: 0,
        epoch: 0,
        records: vec![Record::Event("e".into(), Payload::NULL)],
    };
    let now = os.now_ms();
    store.commit(Batch { now, ops: vec![Op::Append(there)] }).await.unwrap();

    let budget = Budget::new(store.clone()).price("m", penny()).per_run(Usd::from_cents(1));
    let asks = (0..2).fold(Scripted::new("s"), |s, _| s.answer(took(50))).layer(budget.clone());
    for run in ["here", "gone"] {
        asks.complete(&labelled(&Call::new(os.clone()), run, "a"), &asked()).await.unwrap();
    }
    let answer = Answer { usage: Usage::new(1, 1), ..Answer::text_of("m", "x") };
    let gate = Gate::new(store.clone(), "account").requests_per_minute(600);
    let kept = Scripted::new("s").answer(answer).layer(gate).layer(Cache::new(store.clone()));
    kept.complete(&Call::new(os.clone()), &question()).await.unwrap();

    let later = os.now_ms() + 1;
    assert!(prune(store.as_ref(), (now - 1, later), false).await.unwrap().is_empty(), "all is new");
    let listed = prune(store.as_ref(), (later, later), true).await.unwrap();
    let kinds = |all: &[String]| -> Vec<String> {
        all.iter().map(|one| one.split('/').take(2).collect::<Vec<_>>().join("/")).collect()
    };
    let of = |kind: &str| kinds(&listed).iter().filter(|one| one.starts_with(kind)).count();
    assert_eq!((of("answer/"), of("gate/"), of("budget/day"), of("budget/run")), (1, 1, 1, 1));
    assert!(listed.contains(&"budget/run/gone".to_owned()), "{listed:?}");
    assert_eq!(
        listed.len(),
        4,
        "the run that is there, the agent and the project stay: {listed:?}"
    );
    assert_eq!(prune(store.as_ref(), (later, later), false).await.unwrap(), listed);
    assert!(prune(store.as_ref(), (later, later), false).await.unwrap().is_empty());
    let spent = async |scope| budget.account(&scope).await.unwrap().spent;
    assert_eq!(spent(Scope::Run("gone".into())).await, Usd::ZERO);
    for scope in [Scope::Run("here".into()), Scope::Agent("a".into()), Scope::Project("p".into())] {
        assert_ne!(spent(scope.clone()).await, Usd::ZERO, "{scope}");
    }
}
