//! Coming back: folding a journal of a million records, and ten thousand runs that a dead process left.
#![expect(clippy::disallowed_methods, reason = "the process that dies is one of ours")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fusion_benches::figure::Figure;
use fusion_benches::graphs::{Layers, chain};
use fusion_benches::meter::{self, Pair};
use fusion_benches::setup::{Outcome, folder, on_file, runtime};
use fusion_core::Fusion;
use fusion_core::contract::Workflow;
use fusion_core::model::{
    Append, Batch, Digest, Key, NodeIx, Op, Payload, Record, RunId, Start, limits,
};
use fusion_core::run::Os;
use rusqlite::Connection;
use serde_json::Value;
use tokio::runtime::Runtime;

const RECORDS: usize = 1_000_000;
const LEFT: usize = 10_000;

fn main() -> Outcome {
    let runtime = runtime()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, path] = args.as_slice()
        && word == "leave"
    {
        return runtime.block_on(leave(Path::new(path)));
    }
    let folder = folder()?;
    let wanted = |name: &str| args.first().is_none_or(|one| one == name);
    if wanted("fold") {
        fold(&runtime, &folder.path().join("rows.db"), 1)?;
        fold(&runtime, &folder.path().join("wide.db"), limits::APPEND_RECORDS)?;
    }
    if wanted("left") {
        left_behind(&runtime, &folder.path().join("left.db"))?;
    }
    Ok(())
}

/// Writes a run of a million nodes that has nearly ended, so many records in a row of the journal.
async fn write(path: &Path, together: usize) -> Outcome<RunId> {
    let url = format!("sqlite://{}?durability=relaxed", path.display());
    let store = fusion_core::record::open(&url, Os::new()?).await?;
    let graph = Layers { nodes: RECORDS, step: "noop" }.graph(&Value::Null)?;
    let bytes: bytes::Bytes = serde_json::to_vec(&graph)?.into();
    let digest = Digest::of(&bytes);
    let definition =
        Payload::Blob(fusion_core::model::PayloadKind::Json, digest, bytes.len() as u64);
    let id = RunId::new("million")?;
    let stream: Arc<str> = id.stream().into();
    let input = Payload::value(&serde_json::json!({}));
    let start =
        Start { workflow: "layers".to_owned(), version: 1, definition, input, origin: None };
    let now = 1_700_000_000_000;
    let append = |expect: usize, records| {
        let append = Append { stream: stream.clone(), expect: expect as u64, epoch: 0, records };
        Op::Append(append)
    };
    let first = vec![Op::Blob(digest, bytes), append(0, vec![Record::RunStarted(Box::new(start))])];
    store.commit(Batch { now, ops: first }).await?;
    let nodes: Vec<u32> = (0..u32::try_from(RECORDS)? - 1).collect();
    let mut written = 1;
    for rows in nodes.chunks(together * (4096 / together).max(1)) {
        let mut ops = Vec::new();
        for row in rows.chunks(together) {
            ops.push(append(written, row.iter().map(|node| ended(*node)).collect()));
            written += row.len();
        }
        store.commit(Batch { now, ops }).await?;
    }
    store.close().await?;
    Ok(id)
}

fn ended(node: u32) -> Record {
    Record::NodeSucceeded(Key::node(NodeIx(node)), 1, 0, Payload::NULL, false)
}

fn fold(runtime: &Runtime, path: &Path, together: usize) -> Outcome {
    let id = runtime.block_on(write(path, together))?;
    let fusion = runtime.block_on(on_file(path))?;
    let run = runtime.block_on(fusion.find(&id))?;
    // The first look compiles the definition; that is measured where runs start.
    runtime.block_on(run.state())?;
    let (mut pairs, mut decoded) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let cost = meter::start();
        let state = runtime.block_on(run.state())?;
        if state.left() != 1 {
            return Err(format!("{} nodes are left, not 1", state.left()).into());
        }
        let ours = RECORDS as f64 / cost().seconds;
        let cost = meter::start();
        walk(path)?;
        pairs.push((ours, RECORDS as f64 / cost().seconds));
        let cost = meter::start();
        runtime.block_on(read(&fusion, &id))?;
        decoded.push((ours, RECORDS as f64 / cost().seconds));
    }
    runtime.block_on(fusion.close())?;
    let name = format!("folding 1,000,000 records, {together} a row");
    let figure = |what: &str, all| {
        Figure::beside(format!("{name}, beside {what}"), Pair::of(all), "records/s")
    };
    // Rows of a thousand records are so few that walking over them says nothing.
    if together == 1 {
        figure("a raw walk", &pairs).target(">= 0.60").say();
    }
    figure("reading alone", &decoded).target(">= 0.60; 1 M in <= 2 s").say();
    Ok(())
}

/// Walks back along the rows of the stream, looking at every byte: the least that SQLite asks for a stream among others.
fn walk(path: &Path) -> Outcome<u64> {
    let connection = Connection::open(path)?;
    let mut all = connection.prepare(
        "WITH RECURSIVE back(prev, body) AS (
           SELECT prev, body FROM journal WHERE id = (SELECT max(last) FROM streams)
           UNION ALL SELECT j.prev, j.body FROM back b JOIN journal j ON j.id = b.prev)
         SELECT prev, body FROM back",
    )?;
    let mut rows = all.query([])?;
    let mut sum = 0;
    while let Some(row) = rows.next()? {
        sum += row.get::<_, i64>(0)?.unsigned_abs();
        sum += row.get_ref(1)?.as_blob()?.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
    Ok(sum)
}

async fn read(fusion: &Fusion, id: &RunId) -> Outcome {
    let run = fusion.find(id).await?;
    let mut after = 0;
    loop {
        let page = run.journal(after, 10_000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
    }
}

/// The process that dies: it starts runs whose bodies never end, and ends without a word.
async fn leave(path: &Path) -> Outcome {
    let fusion = on_file(path).await?;
    let running = count(&fusion);
    let graph = chain("endless", 1);
    for _ in 0..LEFT {
        fusion.start(&graph, Value::Null).await?;
    }
    until(&running, LEFT).await?;
    std::process::abort();
}

fn count(fusion: &Fusion) -> Arc<AtomicUsize> {
    let running = Arc::new(AtomicUsize::new(0));
    let seen = running.clone();
    fusion.step("endless", move |(): ()| {
        seen.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<std::result::Result<(), fusion_core::model::Failure>>()
    });
    running
}

async fn until(running: &AtomicUsize, count: usize) -> Outcome {
    for _ in 0..60_000 {
        if running.load(Ordering::SeqCst) >= count {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Err(format!("only {} of {count} runs were driven", running.load(Ordering::SeqCst)).into())
}

fn left_behind(runtime: &Runtime, path: &Path) -> Outcome {
    let mut leaving = Command::new(std::env::current_exe()?);
    leaving.arg("leave").arg(path).stderr(Stdio::null());
    if leaving.status()?.success() {
        return Err("the process that should die ended well".into());
    }
    let cost = meter::start();
    let (opened, driven) = runtime.block_on(async {
        let fusion = on_file(path).await?;
        let running = count(&fusion);
        let opened = cost().seconds;
        fusion.recover().await?;
        until(&running, LEFT).await?;
        Outcome::Ok((opened, cost().seconds))
    })?;
    let name = "10,000 runs of a dead process, until the last is driven again";
    Figure::new(name, driven, "s").target("< 5").say();
    Figure::new("  of that, opening the file", opened, "s").say();
    // The bodies never end: the process has to.
    Ok(())
}
