//! Two engines on one SQLite file: budgets and gates hold for both together.

use std::sync::Arc;

use fusion_core::contract::{Call, Env, Provider, Store};
use fusion_core::model::chat::{Answer, Usage, Usd};
use fusion_core::run::Os;
use futures_util::future::join_all;

use super::budget::{asked, labelled, penny, took};
use super::world::question;
use crate::Scripted;
use crate::layer::budget::Scope;
use crate::layer::{Budget, Cache, Gate, ProviderExt};

async fn stores(path: &std::path::Path) -> (Arc<Os>, Vec<Arc<dyn Store>>) {
    let os = Os::new().unwrap();
    let mut stores = Vec::new();
    for _ in 0..2 {
        let env: Arc<dyn Env> = os.clone();
        stores.push(fusion_core::record::open(path.to_str().unwrap(), env).await.unwrap());
    }
    (os, stores)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_never_overspend_together() {
    let folder = tempfile::tempdir().unwrap();
    let (os, stores) = stores(&folder.path().join("f.db")).await;
    // Each call is held with 119 and costs 50: the limit ends both somewhere, and never later.
    let limit = Usd::from_nano(2_000);
    let budgets: Vec<Budget> = stores
        .iter()
        .map(|store| Budget::new(store.clone()).price("m", penny()).per_project(limit))
        .collect();
    let call = labelled(&Call::new(os), "r", "a");
    let providers: Vec<_> = budgets
        .iter()
        .map(|budget| {
            (0..40).fold(Scripted::new("s"), |s, _| s.answer(took(50))).layer(budget.clone())
        })
        .collect();
    let request = asked();
    let all = (0..60).map(|at| providers[at % 2].complete(&call, &request));
    let done = join_all(all).await.iter().filter(|result| result.is_ok()).count();
    let scope = Scope::Project("p".into());
    let account = budgets[0].account(&scope).await.unwrap();
    assert_eq!(account, budgets[1].account(&scope).await.unwrap());
    assert_eq!(account.spent, Usd::from_nano(50 * done as u64));
    assert!(account.spent <= limit && account.held() == Usd::ZERO, "{account:?}");
    assert!(done >= 16, "only {done} calls fitted into the budget");
    for store in stores {
        store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_share_a_gate_and_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let (os, stores) = stores(&folder.path().join("f.db")).await;
    let call = Call::new(os.clone());
    let request = question();
    let answer = || Answer { usage: Usage::new(1, 1), ..Answer::text_of("m", "x") };
    let gated: Vec<_> = stores
        .iter()
        .map(|store| {
            let gate = Gate::new(store.clone(), "a").requests_per_minute(1_200).burst_ms(0);
            (0..10).fold(Scripted::new("s"), |s, _| s.answer(answer())).layer(gate)
        })
        .collect();
    let began = os.monotonic_ns();
    join_all((0..10).map(|at| gated[at % 2].complete(&call, &request)))
        .await
        .into_iter()
        .for_each(|a| drop(a.unwrap()));
    let took_ms = (os.monotonic_ns() - began) / 1_000_000;
    assert!(took_ms >= 440, "ten starts 50 ms apart took {took_ms} ms");

    let first = Scripted::new("s").answer(answer()).layer(Cache::new(stores[0].clone()));
    first.complete(&call, &request).await.unwrap();
    let second = Scripted::new("s").layer(Cache::new(stores[1].clone()));
    assert!(second.complete(&call, &request).await.unwrap().cached);
    for store in stores {
        store.close().await.unwrap();
    }
}
