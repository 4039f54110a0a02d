//! The memory store keeps every promise.

#![cfg(test)]

use std::sync::Arc;

use fusion_core::contract::{Journal, Store};
use fusion_core::model::{Append, Batch, Op, Record};
use fusion_core::record::Memory;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_every_promise() {
    fusion_conformance::store::run(&|| Arc::new(Memory::new())).await;
}

#[tokio::test]
async fn a_clone_outlives_the_closed_one() {
    let store = Memory::new();
    let records = vec![Record::RunPaused("me".to_owned())];
    let append = Append { stream: "s".into(), expect: 0, epoch: 0, records };
    store.commit(Batch { now: 1, ops: vec![Op::Append(append)] }).await.unwrap();
    let clone = store.clone();
    store.close().await.unwrap();
    assert!(store.head("s").await.is_err());
    assert_eq!(clone.head("s").await.unwrap().map(|head| head.seq), Some(1));
}
