//! What only whole processes show: their memory, their idle CPU, and what becomes of their runs when they are killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use fusion_core::Fusion;
use fusion_core::model::Graph;
use fusion_core::run::Options;
use serde_json::{Value, json};

use super::bed::{Count, Disk, clock_ms};

/// Names the store for a child of this test; absent in the test itself.
const STORE: &str = "FUSION_TEST_STORE";
/// What a child does.
const ROLE: &str = "FUSION_TEST_ROLE";

/// Starts this test program again, as a child that only runs [`child`].
#[expect(clippy::disallowed_methods, reason = "only another process can show what processes do")]
fn start(path: &Path, role: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["pains::process::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Reads lines until one begins with the word; gives the rest of it.
fn said(output: &mut BufReader<ChildStdout>, word: &str) -> String {
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        if let Some(rest) = line.strip_prefix(word) {
            return rest.trim().to_owned();
        }
        line.clear();
    }
    panic!("the child never said `{word}`");
}

/// The body of the children; does nothing in the test's own process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a child is told what to do by its environment")]
async fn child() {
    let (Ok(path), Ok(role)) = (std::env::var(STORE), std::env::var(ROLE)) else { return };
    let fusion = Fusion::open(&path).await.unwrap();
    match role.as_str() {
        "hold" => hold(&fusion).await,
        "idle" => idle(&fusion).await,
        items => map(&fusion, items.parse().unwrap()).await,
    }
}

async fn hold(fusion: &Fusion) {
    fusion.step("long", |_: Value| {
        std::future::pending::<Result<u32, fusion_core::model::Failure>>()
    });
    let run = fusion.start(&Graph::new("held").step("a", "long"), json!({})).await.unwrap();
    crate::pause(100).await;
    println!("\nholds {}", run.id());
    run.result::<Value>().await.unwrap();
}

/// Reads a number of kibibytes from what the kernel tells of this process.
fn kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Reads how much CPU this process has used, in ticks of 10 ms.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

async fn idle(fusion: &Fusion) {
    let graph = Graph::new("wait").add(super::bed::signal("go", "go"));
    for _ in 0..50 {
        fusion.start(&graph, json!({})).await.unwrap();
    }
    fusion.settled().await;
    crate::pause(500).await;
    let before = ticks();
    crate::pause(4_000).await;
    println!("\nused {}", ticks() - before);
    fusion.close().await.unwrap();
}

async fn map(fusion: &Fusion, items: u32) {
    let text = fusion.step("text", |n: u32| async move { Ok(format!("item {n}")) });
    let graph = Graph::new("many")
        .node("all", text.map(format!("{{{{ range({items}) | list }}}}")))
        .output("n", "{{ nodes.all | length }}");
    let before = kib("VmRSS");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({ "n": items }));
    println!("\ngrown {}", kib("VmHWM").saturating_sub(before));
    fusion.close().await.unwrap();
}

fn grown(url: &str, items: u32) -> u64 {
    let (mut child, mut output) = start(Path::new(url), &items.to_string());
    let grown = said(&mut output, "grown ").parse().unwrap();
    assert!(child.wait().unwrap().success());
    grown
}

/// A map over a hundred thousand items needs some hundred bytes for each, journal in memory included.
#[test]
fn a_map_of_a_hundred_thousand_is_bounded_in_memory() {
    let kib = grown("memory://", 100_000);
    assert!(kib < 150 * 1024, "{kib} KiB for 100,000 items");
}

/// On disk the history costs no memory: what is left are the outputs that a template may ask for.
#[test]
fn a_map_on_disk_is_bounded_in_memory() {
    let disk = Disk::new();
    let kib = grown(disk.path().to_str().unwrap(), 20_000);
    assert!(kib < 40 * 1024, "{kib} KiB for 20,000 items");
}

/// A process with nothing to do uses no CPU worth the name, with runs that wait in its store.
#[test]
fn an_idle_engine_is_quiet() {
    let disk = Disk::new();
    let (mut child, mut output) = start(&disk.path(), "idle");
    let ticks: u64 = said(&mut output, "used ").parse().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(ticks <= 8, "{} ms of CPU in four idle seconds", ticks * 10);
}

/// A run whose process was killed is taken over soon, without anybody calling for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_is_noticed() {
    let disk = Disk::new();
    let fusion = disk.open().await;
    let count = Count::default();
    let seen = count.clone();
    fusion.step("long", move |_: Value| {
        let n = seen.add();
        async move { Ok(n) }
    });
    fusion.recover().await.unwrap();
    let (mut child, mut output) = start(&disk.path(), "hold");
    let id = fusion_core::model::RunId::new(&said(&mut output, "holds ")).unwrap();
    let run = fusion.find(&id).await.unwrap();
    assert_eq!(count.get(), 0);
    let from = clock_ms();
    child.kill().unwrap();
    child.wait().unwrap();
    run.result::<Value>().await.unwrap();
    let took = clock_ms() - from;
    assert!(took < 6_000, "{took} ms until somebody noticed");
    assert_eq!(count.get(), 1);
    fusion.close().await.unwrap();
}

/// The same run is cancelled, and not run again, by a process that finds it dead and was told so first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_killed_process_can_be_cancelled() {
    let disk = Disk::new();
    let (mut child, mut output) = start(&disk.path(), "hold");
    let id = fusion_core::model::RunId::new(&said(&mut output, "holds ")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let teller = disk.open_with(Options { work: false, ..Options::default() }).await;
    teller.find(&id).await.unwrap().cancel("ada", "its process is dead").await.unwrap();
    let worker = disk.open().await;
    worker.step("long", |_: Value| async move { Ok(1) });
    worker.recover().await.unwrap();
    let error = teller.find(&id).await.unwrap().result::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("cancelled by ada: its process is dead"), "{error}");
    worker.close().await.unwrap();
    teller.close().await.unwrap();
}

/// A run that waits leaves memory when that is asked for, and comes back by a signal or by its timer.
#[tokio::test]
async fn a_waiting_run_leaves_memory_and_comes_back() {
    let disk = Disk::new();
    let fusion = disk.open_with(Options { hibernate: true, ..Options::default() }).await;
    let wait = |id: &str, length: &str| {
        fusion_core::model::graph::Node::wait(
            id,
            fusion_core::model::graph::WaitSpec::Duration(length.into()),
        )
    };
    let by_signal =
        Graph::new("signal").add(super::bed::signal("go", "go")).output("go", "{{ nodes.go }}");
    let by_timer = Graph::new("timer").add(wait("w", "6s"));
    let first = fusion.start(&by_signal, json!({})).await.unwrap();
    let second = fusion.start(&by_timer, json!({})).await.unwrap();
    let from = clock_ms();
    while fusion.driven() > 0 {
        assert!(clock_ms() - from < 5_000, "waiting runs are still in memory");
        crate::pause(20).await;
    }
    let signalled = clock_ms();
    first.signal("go", 7).await.unwrap();
    assert_eq!(first.result::<Value>().await.unwrap(), json!({"go": 7}));
    assert!(clock_ms() - signalled < 1_000);
    second.result::<Value>().await.unwrap();
    let took = clock_ms() - from;
    assert!((5_900..8_000).contains(&took), "{took} ms");
    fusion.close().await.unwrap();
}
