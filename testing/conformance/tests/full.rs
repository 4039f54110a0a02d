//! A disk that is really full: a small file system in memory, in a mount namespace of its own.

#![cfg(test)]
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the test itself is no part of the engine")]

use std::path::Path;
use std::process::Command;

use fusion_core::error::Code;
use fusion_core::model::graph::{Node, WaitSpec};
use fusion_core::model::{Graph, RunStatus};
use fusion_core::{Fusion, Run};
use serde_json::{Value, json};

/// Where the small file system is; set for the process in which the test really runs.
const FOLDER: &str = "FUSION_TEST_FULL";

/// On a full disk a run waits and says so, a cancel is still written, and all goes on when there is room.
#[test]
fn a_full_disk_still_takes_a_cancel() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(on_the_small_disk(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=6m none \"$1\" && shift && exec \"$@\"";
    let test = std::env::current_exe().unwrap();
    let ran = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(test)
        .args(["--exact", "a_full_disk_still_takes_a_cancel", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(ran.status.success() && said[0].contains("1 passed"), "{}\n{}", said[0], said[1]);
}

async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

async fn until(run: &Run, holds: impl Fn(&Run) -> bool) {
    for _ in 0..500 {
        if holds(run) {
            return;
        }
        pause().await;
    }
    panic!("it never came: {:?}", run.why().await);
}

async fn on_the_small_disk(folder: &Path) {
    let url = folder.join("fusion.db");
    let fusion = Fusion::open(url.to_str().unwrap()).await.unwrap();
    let big = fusion.step("big", |n: u32| async move { Ok(format!("{n}{}", "b".repeat(200_000))) });
    let signal = |id: &str| Node::wait(id, WaitSpec::Signal { name: id.into(), timeout_ms: None });
    let graph = Graph::new("full")
        .add(signal("go"))
        .node("a", big.with(1).after("go"))
        .add(signal("z").after("a"));
    let first = fusion.start(&graph, json!({})).await.unwrap();
    let second = fusion.start(&graph, json!({})).await.unwrap();
    let ballast = folder.join("ballast");
    fill(&ballast);
    for run in [&first, &second] {
        // The first write that finds the disk full gives the room away.
        run.signal("go", json!(null)).await.unwrap();
    }
    until(&first, |run| run.trouble().is_some()).await;
    let why = first.why().await.unwrap();
    assert!(why[0].sentence.contains("the disk is full"), "{why:?}");
    let refused = fusion.start(&graph, json!({})).await.unwrap_err();
    assert_eq!(refused.code(), Code::StoreFull);
    first.cancel("ada", "the disk is full").await.unwrap();
    let ended = first.result::<Value>().await.unwrap_err();
    assert_eq!(ended.code(), Code::RunCancelled, "{ended}");
    assert!(second.state().await.unwrap().result().is_none());

    std::fs::remove_file(ballast).unwrap();
    until(&second, |run| run.trouble().is_none()).await;
    second.signal("z", json!(null)).await.unwrap();
    second.result::<Value>().await.unwrap();
    assert_eq!(second.state().await.unwrap().status(), RunStatus::Succeeded);
    assert!(folder.join("fusion.db-reserve").exists());
    assert!(fusion.status(true).await.unwrap().problems.is_empty());
    fusion.close().await.unwrap();
}

/// Writes until nothing more goes in.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    let block = [7; 4096];
    while file.write_all(&block).is_ok() {}
}
