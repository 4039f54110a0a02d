//! The SQLite store keeps every promise, in every form.

#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusion_core::contract::{Durability, Env, Store};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;
use fusion_crashfs::Disk;

fn env() -> Arc<dyn Env> {
    Os::new().unwrap()
}

/// Gives a new path in a folder at each call.
fn paths(folder: &tempfile::TempDir) -> impl Fn() -> PathBuf + Sync {
    let folder = folder.path().to_owned();
    let count = AtomicUsize::new(0);
    move || folder.join(format!("{}.db", count.fetch_add(1, Ordering::Relaxed)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_every_promise() {
    let (folder, env) = (tempfile::tempdir().unwrap(), env());
    let path = paths(&folder);
    fusion_conformance::store::run(&|| {
        Arc::new(Sqlite::open(Options::new(path()), env.clone()).unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_every_promise_when_relaxed() {
    let (folder, env) = (tempfile::tempdir().unwrap(), env());
    let path = paths(&folder);
    fusion_conformance::store::run(&|| {
        let options = Options::new(path()).durability(Durability::Relaxed);
        Arc::new(Sqlite::open(options, env.clone()).unwrap())
    })
    .await;
}

#[tokio::test]
async fn it_keeps_every_promise_inline() {
    let (folder, env) = (tempfile::tempdir().unwrap(), env());
    let path = paths(&folder);
    fusion_conformance::store::run(&|| {
        Arc::new(Sqlite::inline(Options::new(path()), &env).unwrap())
    })
    .await;
}

#[tokio::test]
async fn it_keeps_every_promise_on_the_crash_disk() {
    let (disk, env) = (Disk::new(1), env());
    let count = AtomicUsize::new(0);
    fusion_conformance::store::run(&|| {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        Arc::new(Sqlite::inline(Options::new(name).vfs(disk.vfs()), &env).unwrap())
    })
    .await;
}
